"""Kept runs: what is kept, what a crash leaves, and what happens to files that cannot be used."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from support.runs import MADE_UP_KEY, make_result
from voxpool.errors import RunsError
from voxpool.stress import recording as recording_module
from voxpool.stress import store as store_module
from voxpool.stress import storefile
from voxpool.stress.remains import ENDED, GOING_ON
from voxpool.stress.report.words import reading, reading_of
from voxpool.stress.result import Mark, MarkKind, Tick, Verdict
from voxpool.stress.store import RunStore, default_path


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "deep" / "runs.sqlite")


def head_of(result):
    return replace(result, samples=(), ticks=(), marks=(), wall_s=0.0, verdict=Verdict.PASSED, distributions={})


def test_a_run_comes_back_as_it_was(store):
    result = make_result(3, search=True)
    store.save(result)
    assert store.load(result.run_id) == result


def test_the_list_says_what_the_run_says(store):
    results = [make_result(seed, name=f"number {seed}", count=60, search=seed == 2) for seed in (1, 2, 3)]
    for result in results:
        store.save(result)
    assert [run.run_id for run in store.list()] == [result.run_id for result in reversed(results)]
    second, result = store.list()[1], results[1]
    assert (second.name, second.verdict, second.wall_s) == (result.name, result.verdict, result.wall_s)
    assert (second.p95_ms, second.safe) == (result.distributions["corrected"].p95, 65.0)
    assert (second.started, second.failed) == (result.started, result.failed)


def test_it_is_searched_by_words(store):
    for seed in (1, 2, 3):
        store.save(make_result(seed, name=f"rush {seed}", count=20))
    store.note("run-0002", "after the 100% upgrade_")
    assert [run.run_id for run in store.list("RUSH upgrade_")] == ["run-0002"]
    assert [run.run_id for run in store.list("100%")] == ["run-0002"]
    assert len(store.list("failed 127.0.0.1")) == 3
    assert store.list("rush nowhere") == []


def test_a_name_given_later_lasts(store):
    result = make_result(count=20)
    store.save(result)
    store.rename(result.run_id, "  the good one ")
    assert store.list()[0].name == store.load(result.run_id).name == "the good one"
    store.rename(result.run_id, "")
    assert store.list()[0].name == result.name


@pytest.mark.parametrize("act", [lambda store: store.load("no"), lambda store: store.rename("no", "x")])
def test_a_run_that_is_not_there_is_one_sentence(store, act):
    with pytest.raises(RunsError, match=r"no kept run no\."):
        act(store)


def test_deleting_takes_everything(store):
    store.save(make_result(1, count=30))
    store.save(make_result(2, count=30))
    store.delete("run-0001")
    store.delete("run-0001")
    with sqlite3.connect(store.path) as db:
        assert {row[0] for row in db.execute("SELECT DISTINCT run_id FROM chunks")} == {"run-0002"}
    db.close()


def test_the_oldest_go_and_the_one_that_goes_on_stays(tmp_path):
    store = RunStore(tmp_path / "runs.sqlite", max_runs=2)
    going_on = store.begin(replace(head_of(make_result(0, count=5)), began_at=0.0))
    try:
        for seed in (1, 2, 3, 4):
            store.save(make_result(seed, count=20))
        wait_for(lambda: len(store.list()) == 3)
        assert [run.run_id for run in store.list()] == ["run-0004", "run-0003", "run-0000"]
    finally:
        going_on.close()


def test_bytes_are_bounded_too_but_the_newest_stays(tmp_path):
    store = RunStore(tmp_path / "runs.sqlite", max_bytes=1)
    for seed in (1, 2):
        store.save(make_result(seed, count=20))
    assert [run.run_id for run in store.list()] == ["run-0002"]


def test_nothing_secret_is_written(store, monkeypatch):
    monkeypatch.setenv("INWORLD_API_KEY", MADE_UP_KEY)
    result = make_result(count=5)
    said = f"refused: Basic {MADE_UP_KEY}"
    spoilt = replace(
        result,
        scenario={"key": MADE_UP_KEY},
        samples=tuple(replace(sample, error=said) for sample in result.samples),
        marks=(Mark(0.0, MarkKind.FAULT, said),),
    )
    monkeypatch.setattr("voxpool.stress.storefile.zlib.compress", lambda data, level: data)
    monkeypatch.setattr("voxpool.stress.storefile.zlib.decompress", lambda data: data)
    recording = store.begin(replace(head_of(result), scenario={"key": MADE_UP_KEY}))
    for sample in spoilt.samples:
        recording.on_sample(sample)
    recording.on_mark(spoilt.marks[0])
    assert recording.close()
    written = b"".join(file.read_bytes() for file in store.path.parent.iterdir())
    assert b"the worker" in written or b"refused" in written
    assert MADE_UP_KEY.encode() not in written
    store.save(spoilt)
    assert MADE_UP_KEY.encode() not in b"".join(file.read_bytes() for file in store.path.parent.iterdir())


# --- while it goes on ------------------------------------------------------------------------------------


def wait_for(true, seconds=10.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(recording_module, "COMMIT_S", 0.02)


@pytest.mark.usefixtures("quick")
def test_a_run_that_goes_on_can_be_looked_at_and_not_deleted(store):
    result = make_result(count=50)
    recording = store.begin(head_of(result))
    for tick in result.ticks:
        recording.on_tick(tick)
    for sample in result.samples:
        recording.on_sample(sample)
    wait_for(lambda: len(store.load(result.run_id).samples) == 50 if store.list() else False)
    seen = store.load(result.run_id)
    assert store.list()[0].verdict is None
    assert (seen.ticks, seen.samples, seen.reasons) == (result.ticks, result.samples, (GOING_ON,))
    assert reading_of(seen) is reading(None)
    with pytest.raises(RunsError, match="still goes on"):
        store.delete(result.run_id)
    recording.finish(result)
    assert recording.close(10)
    assert store.load(result.run_id) == result


def test_a_recording_that_nobody_finished_is_aborted(store):
    result = make_result(count=50)
    recording = store.begin(head_of(result))
    for sample in result.samples:
        recording.on_sample(sample)
    assert recording.close(10)
    run = store.list()[0]
    assert (run.verdict, run.started, run.failed) == (Verdict.ABORTED, 50, result.failed)
    seen = store.load(run.run_id)
    assert seen.reasons == (ENDED,)
    assert seen.distributions["corrected"].p95 == result.distributions["corrected"].p95
    assert [(each.kind, each.count) for each in seen.errors] == [(each.kind, each.count) for each in result.errors]


@pytest.mark.usefixtures("quick")
def test_the_listener_never_waits_for_the_disk(store, monkeypatch):
    gate, at_the_gate = threading.Event(), threading.Event()
    real = RunStore.write

    def write(self, head, batch):
        at_the_gate.set()
        assert gate.wait(20)
        real(self, head, batch)

    monkeypatch.setattr(RunStore, "write", write)
    recording = store.begin(head_of(make_result(count=5)))
    assert at_the_gate.wait(20)
    for number in range(2000):
        recording.on_tick(Tick(at_s=float(number)))
    # All of them returned while nothing could be written.
    assert not store.path.exists()
    gate.set()
    assert recording.close(20)
    assert len(store.load("run-0001").ticks) == 2000


@pytest.mark.usefixtures("quick")
def test_what_cannot_be_written_now_is_written_later(store, monkeypatch):
    result = make_result(count=40)
    broken = threading.Event()
    broken.set()
    real = RunStore.write

    def write(self, head, batch):
        if broken.is_set():
            raise RunsError("Runs cannot be kept: the disk is full.")
        real(self, head, batch)

    monkeypatch.setattr(RunStore, "write", write)
    recording = store.begin(head_of(result))
    for sample in result.samples:
        recording.on_sample(sample)
    wait_for(lambda: "disk is full" in recording.problem)
    broken.clear()
    wait_for(lambda: not recording.problem)
    recording.close(10)
    assert store.load(result.run_id).samples == result.samples


def test_a_killed_process_loses_at_most_the_last_second(tmp_path):
    path = tmp_path / "runs.sqlite"
    script = tmp_path / "dies.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import sqlite3, threading, time
            from pathlib import Path
            from voxpool.stress.result import RunResult, Tick
            from voxpool.stress.sample import Sample
            from voxpool.stress.store import RunStore
            head = RunResult(run_id="dies", name="dies", began_at=1.0, wall_s=0.0)
            recording = RunStore(Path({str(path)!r})).begin(head)
            began = time.monotonic()
            number, late = 0, 0.0

            def control():
                # What this machine makes of "once a second, and then a commit", without any code of ours.
                global late
                db = sqlite3.connect({str(tmp_path / "control.sqlite")!r})
                db.execute("CREATE TABLE t (x)")
                while True:
                    start = time.monotonic()
                    threading.Event().wait(1.0)
                    db.execute("INSERT INTO t VALUES (1)")
                    db.commit()
                    late = max(late, time.monotonic() - start - 1.0)

            threading.Thread(target=control, daemon=True).start()
            while True:
                number += 1
                at = time.monotonic() - began
                recording.on_sample(Sample(number=number, scheduled_s=at, started_s=at, first_audio_s=at + 0.1))
                recording.on_tick(Tick(at_s=at))
                print(at, late, flush=True)
                time.sleep(0.01)
            """
        )
    )
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    try:
        for line in process.stdout:
            if float(line.split()[0]) > 2.3:
                break
        os.kill(process.pid, signal.SIGKILL)
        last, late = map(float, [line, *process.stdout.read().splitlines()][-1].split())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    store = RunStore(path)
    run = store.list()[0]
    assert run.verdict is Verdict.ABORTED
    result = store.load("dies")
    assert result.reasons == (ENDED,)
    # A second, what the commit before took, and as much again for what the control shows of this machine.
    assert last - result.ticks[-1].at_s < recording_module.COMMIT_S * 1.5 + 3 * late
    assert len(result.samples) == len(result.ticks) > 50
    store.delete("dies")
    assert store.list() == []


# --- files that cannot be used ---------------------------------------------------------------------------


def foreign(path):
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()


def newer(path):
    RunStore(path).save(make_result(count=5))
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()


def damaged(path):
    RunStore(path).save(make_result(9, count=200))
    for tail in ("-wal", "-shm"):
        Path(f"{path}{tail}").unlink(missing_ok=True)
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)


def text(path):
    path.write_text("this is no database, and long enough to be read as a header " * 20)


SPOILT = [
    pytest.param(text, "is damaged", id="text"),
    pytest.param(damaged, "is damaged", id="damaged"),
    pytest.param(foreign, "belongs to another program", id="foreign"),
    pytest.param(newer, "was written by a newer Voxgrid", id="newer"),
]


def everything(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize(("spoil", "said"), SPOILT[:2])
def test_a_damaged_file_of_our_own_is_put_aside_when_something_is_kept(tmp_path, spoil, said):
    path = tmp_path / "runs.sqlite"
    spoil(path)
    before = path.read_bytes()
    store = RunStore(path, own=True)
    store.prepare()
    assert store.list() == []
    assert said in store.problem
    assert store.problem.endswith("and a new one was begun.")
    aside = [file for file in tmp_path.iterdir() if f" as {file.name}, " in store.problem]
    assert [file.read_bytes() for file in aside] == [before]
    store.save(make_result(count=5))
    assert len(store.list()) == 1


@pytest.mark.parametrize(("spoil", "said"), SPOILT)
@pytest.mark.parametrize("own", [False, True], ids=["named", "own"])
def test_reading_changes_no_file_that_cannot_be_used(tmp_path, spoil, said, own):
    path = tmp_path / "runs.sqlite"
    spoil(path)
    before = everything(tmp_path)
    store = RunStore(path, own=own)
    for read in (store.list, lambda: store.load("x")):
        with pytest.raises(RunsError, match=said):
            read()
    assert everything(tmp_path) == before


@pytest.mark.parametrize(
    ("spoil", "said", "own"),
    [
        pytest.param(*each.values, own, id=f"{each.id}-{'own' if own else 'named'}")
        for each in SPOILT
        for own in (False, True)
        if not own or each.id in ("foreign", "newer")
    ],
)
@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda store: store.save(make_result(count=5)), id="save"),
        pytest.param(lambda store: store.delete("x"), id="delete"),
        pytest.param(lambda store: store.prepare(), id="prepare"),
    ],
)
def test_writing_leaves_what_is_not_ours_alone(tmp_path, spoil, said, own, write):
    path = tmp_path / "runs.sqlite"
    spoil(path)
    before = everything(tmp_path)
    with pytest.raises(RunsError, match=said):
        write(RunStore(path, own=own))
    assert everything(tmp_path) == before


@pytest.mark.parametrize("own", [False, True], ids=["named", "own"])
def test_reading_makes_nothing(tmp_path, own):
    store = RunStore(tmp_path / "nowhere" / "runs.sqlite", own=own)
    assert store.list() == []
    with pytest.raises(RunsError, match="There is no kept run x"):
        store.load("x")
    assert not everything(tmp_path)


def test_reading_leaves_a_kept_run_as_it_is_even_when_its_program_died(store):
    store.begin(head_of(make_result(count=5))).close()
    with sqlite3.connect(store.path) as db:
        db.execute("UPDATE runs SET pid = 0")
    db.close()
    before = everything(store.path.parent)
    run = store.list()[0]
    assert run.verdict is Verdict.ABORTED
    assert store.load(run.run_id).reasons == (ENDED,)
    assert everything(store.path.parent) == before
    store.prepare()
    assert everything(store.path.parent) != before
    assert store.list()[0].verdict is Verdict.ABORTED


def test_a_file_in_a_folder_where_nothing_can_be_written_is_read(store, monkeypatch):
    store.save(make_result(count=5))
    real = storefile.connected

    def connected(path, *, timeout_s=5.0, immutable=False):
        # What SQLite says there; the user of the tests may write everywhere.
        return real(path, immutable=True) if immutable else real(path.parent)

    monkeypatch.setattr(storefile, "connected", connected)
    monkeypatch.setattr("voxpool.stress.storefile.os.access", lambda *_: False)
    assert len(store.list()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="modes mean nothing there")
def test_the_file_and_its_folder_are_for_their_user_alone(tmp_path):
    tmp_path.chmod(0o755)
    store = RunStore(tmp_path / "deep" / "deeper" / "runs.sqlite")
    before = os.umask(0o022)
    try:
        store.save(make_result(count=5))
        db = sqlite3.connect(store.path)
        with db:
            db.execute("UPDATE runs SET note = 'now the log is there'")
        files = {file: file.stat().st_mode & 0o777 for file in store.path.parent.iterdir()}
        db.close()
    finally:
        os.umask(before)
    assert len(files) == 3
    assert set(files.values()) == {0o600}
    assert [each.stat().st_mode & 0o777 for each in (tmp_path / "deep", tmp_path / "deep" / "deeper")] == [0o700] * 2
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_one_damaged_run_leaves_the_others_alone(store):
    store.save(make_result(1, count=20))
    store.save(make_result(2, count=20))
    with sqlite3.connect(store.path) as db:
        db.execute("UPDATE runs SET result = x'00', verdict = 'strange' WHERE run_id = 'run-0001'")
    db.close()
    assert len(store.list()) == 2
    with pytest.raises(RunsError, match="run-0001 cannot be opened"):
        store.load("run-0001")
    assert store.load("run-0002").started == 20


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    store = RunStore(tmp_path / "file" / "runs.sqlite")
    with pytest.raises(RunsError, match="Runs cannot be kept in"):
        store.prepare()
    recording = store.begin(head_of(make_result(count=5)))
    recording.finish(make_result(count=5))
    assert not recording.close(10)
    assert "Runs cannot be kept in" in recording.problem


def test_several_writers_share_the_file(store):
    results = [make_result(seed, count=30) for seed in range(6)]
    recordings = [RunStore(store.path).begin(head_of(result)) for result in results]
    for recording, result in zip(recordings, results, strict=True):
        recording.finish(result)
    assert all(recording.close(20) for recording in recordings)
    assert {run.run_id for run in store.list()} == {result.run_id for result in results}


def test_it_lives_with_the_users_data(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_path().name == "runs.sqlite"
    assert "voxgrid" in default_path().parts


def ids(store):
    return [run.run_id for run in store.list()]


@pytest.fixture
def three(store):
    for seed in (1, 2, 3):
        store.save(make_result(seed, count=30))
    return store


def test_what_is_discarded_is_out_of_sight_and_comes_back_as_it_was(three):
    before, whole = three.list(), three.load("run-0002")
    three.discard(["run-0002", "run-0003", "nothing"])
    assert ids(three) == ["run-0001"]
    with pytest.raises(RunsError, match="no kept run"):
        three.load("run-0002")
    three.restore(["run-0003", "run-0002", "nothing"])
    assert three.list() == before
    assert three.load("run-0002") == whole


def test_an_emptied_bin_is_for_good_and_empties_nobody_elses(three, monkeypatch):
    three.discard(["run-0001"])
    me = store_module._this_process()
    monkeypatch.setattr(store_module, "_this_process", lambda: (me[0], me[1] + 5.0))
    # As long as that process lives, its runs may come back.
    monkeypatch.setattr(store_module, "_lives", lambda _pid, _began: True)
    three.discard(["run-0002"])
    three.empty_bin()
    three.restore(["run-0001", "run-0002"])
    assert ids(three) == ["run-0003", "run-0001"]


def test_what_a_program_discarded_that_died_is_deleted(three, monkeypatch):
    monkeypatch.setattr(store_module, "_this_process", lambda: (0, 0.0))
    three.discard(["run-0001"])
    monkeypatch.undo()
    assert ids(three) == ["run-0003", "run-0002"]
    three.restore(["run-0001"])
    assert ids(three) == ["run-0003", "run-0002"]


def test_a_run_that_goes_on_is_not_discarded_and_neither_are_the_others(three):
    going = replace(head_of(make_result(9)), run_id="goes-on", began_at=1.0)
    with closing(three.begin(going)):
        wait_for(lambda: "goes-on" in ids(three))
        with pytest.raises(RunsError, match="still goes on"):
            three.discard(["run-0001", "goes-on"])
        assert "run-0001" in ids(three)


def test_what_is_discarded_takes_no_room_from_what_is_kept(tmp_path):
    store = RunStore(tmp_path / "runs.sqlite", max_runs=3)
    for seed in (1, 2, 3):
        store.save(make_result(seed, count=30))
    store.discard(["run-0003"])
    store.save(make_result(4, count=30))
    assert ids(store) == ["run-0004", "run-0002", "run-0001"]
    store.restore(["run-0003"])
    assert ids(store) == ["run-0004", "run-0002", "run-0001"]


def test_a_file_from_before_there_was_a_bin_gets_one(three):
    with closing(sqlite3.connect(three.path)) as db:
        db.execute("DROP TABLE discarded")
        db.commit()
    three.discard(["run-0001"])
    assert ids(three) == ["run-0003", "run-0002"]
