"""What is written to a device or a pipe goes into it: no file takes its place."""

import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from support.audio_rig import Rig
from support.recordings import RecordedPool, make_writer
from support.runs import make_result
from support.sound import noise
from voxpool.audio.wav import write_wav
from voxpool.recording.export import FORMATS, export
from voxpool.recording.reader import Recording
from voxpool.server.encoders.plain import riff_header
from voxpool.stress.report.html import write_html

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such files there")


def recorded(folder: Path) -> Recording:
    writer = make_writer(folder)
    for item in RecordedPool().busy(1.0):
        writer.write(item)
    writer.close()
    return Recording(writer.files)


def a_sound(path: Path) -> None:
    write_wav(path, np.ones(100, np.int16), 8000)


def a_report(path: Path) -> None:
    write_html(make_result(count=5), path)


def what_is_played(path: Path) -> None:
    rig = Rig()
    rig.player.record_to(path)
    rig.play(0.1)
    rig.player.stop_recording()


def an_export(path: Path) -> None:
    with recorded(path.parent / "recording") as recording:
        export(recording, path, next(iter(FORMATS.values())))


@pytest.mark.parametrize(
    ("write", "begins"),
    [(a_sound, b"RIFF"), (what_is_played, b"RIFF"), (a_report, b"<!"), (an_export, b"")],
    ids=["sound", "played", "report", "export"],
)
def test_a_pipe_stays_a_pipe(write, begins, tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()), daemon=True)
    reader.start()
    write(path)
    reader.join(30)
    assert read
    assert read[0]
    assert read[0].lower().startswith(begins.lower())
    assert path.is_fifo()


def test_what_is_played_goes_through_a_pipe_whole(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()), daemon=True)
    reader.start()
    rig = Rig()
    rig.player.track(48_000).write(noise(1))
    rig.play(0.2)
    rig.player.record_to(path)
    played = rig.play(0.3)
    rig.player.stop_recording()
    reader.join(30)
    # Nobody knew how much would come when the header went out: it tells the most it can.
    assert read[0][:44] == riff_header(48_000, 0xFFFFFFFF - 37)
    assert read[0][44:] == played.astype("<i2").tobytes()


def test_a_recording_into_a_pipe_that_is_closed_is_a_sentence(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: path.open("rb").close(), daemon=True)
    reader.start()
    rig = Rig()
    rig.player.record_to(path)
    reader.join(30)
    rig.play(0.1)
    with pytest.raises(BrokenPipeError):
        rig.player.stop_recording()
    assert path.is_fifo()


def test_a_recording_into_a_device_leaves_the_device(tmp_path):
    device = tmp_path / "null"
    device.symlink_to(os.devnull)
    what_is_played(device)
    assert device.is_symlink()
    assert device.is_char_device()
    assert [each.name for each in tmp_path.iterdir()] == ["null"]


def test_a_link_stays_a_link(tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    link = tmp_path / "link.wav"
    link.symlink_to("there/sound.wav")
    for _ in range(2):
        a_sound(link)
        assert link.is_symlink()
        assert (there / "sound.wav").read_bytes()[:4] == b"RIFF"
    assert [each.name for each in there.iterdir()] == ["sound.wav"]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not show open files")
@pytest.mark.parametrize("direct", [True, False], ids=["itself", "through a link"])
def test_what_leads_to_an_open_file_goes_into_it(tmp_path, direct):
    with (tmp_path / "out").open("wb+") as file:
        path = Path(f"/proc/self/fd/{file.fileno()}")
        if not direct:
            # As /dev/stdout does.
            (tmp_path / "stdout").symlink_to(path)
            path = tmp_path / "stdout"
        a_sound(path)
        assert file.read(4) == b"RIFF"
        assert path.is_symlink()


def test_a_file_that_is_written_anew_keeps_its_permissions(tmp_path):
    target = tmp_path / "report.html"
    target.write_text("an older one")
    target.chmod(0o600)
    a_report(target)
    assert target.stat().st_mode & 0o777 == 0o600
    assert b"<html" in target.read_bytes()
