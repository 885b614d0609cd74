"""The recorder: it never holds anybody up, and says so when it cannot write."""

import threading
import time

from support.recordings import Tally, make_writer
from voxpool.recording.items import Second
from voxpool.recording.reader import Recording
from voxpool.recording.recorder import Recorder


def test_what_is_handed_over_is_written_in_order(tmp_path):
    recorder = Recorder(make_writer(tmp_path), clock=lambda: 0.0)
    recorder.start()
    for number in range(50):
        recorder.put([Second(at=float(number)), Second(at=number + 0.5)])
    assert recorder.flush()
    with Recording(recorder.files) as recording:
        assert [item.at for item in recording.items()] == [number / 2 for number in range(100)]
    recorder.close()
    assert not recorder.running


def test_closing_writes_what_waits(tmp_path):
    recorder = Recorder(make_writer(tmp_path), clock=lambda: 0.0)
    recorder.put([Second(at=1.0)])
    recorder.start()
    recorder.close()
    with Recording(recorder.files) as recording:
        assert [item.at for item in recording.items()] == [1.0]


class Stuck(Tally):
    """A state that holds its thread up, as a disk does."""

    def __init__(self):
        super().__init__()
        self.let_go = threading.Event()

    def fold(self, what):
        self.let_go.wait(10)


def test_a_slow_disk_costs_batches_that_are_counted_and_holds_nobody_up(tmp_path, monkeypatch):
    monkeypatch.setattr("voxpool.recording.recorder._MOST_WAITING", 10)
    state = Stuck()
    recorder = Recorder(make_writer(tmp_path, state), clock=lambda: 0.0)
    recorder.start()
    for number in range(30):
        recorder.put([Second(at=float(number))])
    assert recorder.lost >= 19
    state.let_go.set()
    recorder.close()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    said = []
    recorder = Recorder(make_writer(blocked / "recordings"), clock=lambda: 0.0, on_problem=said.append)
    recorder.start()
    recorder.put([Second(at=1.0)])
    recorder.flush()
    recorder.put([Second(at=2.0)])
    recorder.close()
    assert len(said) == 1
    assert said[0].startswith("The session cannot be recorded")
    assert not recorder.running


def test_a_mistake_of_ours_ends_recording_with_a_sentence_and_nothing_else(tmp_path, caplog):
    class Wrong(Tally):
        def fold(self, what):
            raise ZeroDivisionError

    said = []
    recorder = Recorder(make_writer(tmp_path, Wrong()), clock=lambda: 0.0, on_problem=said.append)
    recorder.start()
    recorder.put([Second(at=1.0)])
    recorder.close()
    assert "recorder itself failed" in said[0]
    assert "ZeroDivisionError" in caplog.text


def test_a_quiet_block_is_written_without_anything_new(tmp_path):
    now = [1.0]
    recorder = Recorder(make_writer(tmp_path), clock=lambda: now[0])
    recorder.start()
    recorder.put([Second(at=1.0)])
    now[0] = 5.0
    deadline = time.monotonic() + 10
    found = []
    while not found and time.monotonic() < deadline:
        time.sleep(0.02)
        if recorder.files:
            with Recording(recorder.files) as recording:
                found = list(recording.items())
    recorder.close()
    assert found == [Second(at=1.0)]
