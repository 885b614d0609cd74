"""The keeper: never waits on the GUI thread, and says what it could not do."""

import asyncio
import threading
from dataclasses import replace

import pytest

from support.runs import make_result
from voxgrid.notifications import Notifications
from voxgrid.runs.keeper import RunsKeeper
from voxpool.errors import RunsError
from voxpool.stress.result import Verdict
from voxpool.stress.store import RunStore


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.sqlite"


@pytest.fixture
def notifications(qapp):
    return Notifications()


@pytest.fixture
async def keeper(notifications, path):
    made = RunsKeeper(notifications, path)
    yield made
    await made.close()


def head_of(result):
    return replace(result, samples=(), ticks=(), marks=(), distributions={}, wall_s=0.0)


async def test_a_run_is_listed_while_it_goes_on_and_when_it_is_over(keeper, qtbot):
    result = make_result(count=40)
    recording = keeper.begin(head_of(result))
    for sample in result.samples:
        recording.on_sample(sample)
    keeper.finish(recording, result)
    qtbot.waitUntil(lambda: [run.verdict for run in keeper.runs] == [Verdict.FAILED])
    seen = []
    keeper.open(result.run_id, seen.append)
    qtbot.waitUntil(lambda: bool(seen))
    assert seen[0].name == result.name


async def test_a_slow_disk_holds_up_nobody(keeper, qtbot, monkeypatch):
    gate = threading.Event()
    real = RunStore.list
    monkeypatch.setattr(RunStore, "list", lambda self, search="": (gate.wait(10), real(self, search))[1])
    recording = keeper.begin(head_of(make_result(count=5)))
    keeper.refresh()
    keeper.finish(recording, make_result(count=5))
    # All three returned while the disk did nothing.
    assert not gate.is_set()
    assert keeper.runs == ()
    gate.set()
    qtbot.waitUntil(lambda: len(keeper.runs) == 1)


async def test_changes_show_in_the_list(keeper, path, qtbot):
    for seed in (1, 2):
        RunStore(path).save(make_result(seed, count=20))
    keeper.rename("run-0001", "renamed")
    keeper.note("run-0001", "noted")
    qtbot.waitUntil(lambda: any((run.name, run.note) == ("renamed", "noted") for run in keeper.runs))
    keeper.delete(["run-0001"])
    qtbot.waitUntil(lambda: [run.run_id for run in keeper.runs] == ["run-0002"])


async def test_a_run_that_is_gone_is_one_sentence(keeper, notifications, qtbot):
    keeper.open("nowhere", lambda _summary: pytest.fail("there is none"))
    qtbot.waitUntil(lambda: notifications.newest is not None)
    assert notifications.newest.text == "There is no kept run nowhere."


async def test_where_nothing_can_be_written_runs_live_as_long_as_the_window(tmp_path, notifications, qtbot):
    (tmp_path / "file").write_text("in the way")
    keeper = RunsKeeper(notifications, tmp_path / "file" / "runs.sqlite")
    result = make_result(count=20)
    keeper.finish(keeper.begin(head_of(result)), result)
    qtbot.waitUntil(lambda: [run.run_id for run in keeper.runs] == [result.run_id])
    assert "Until the window closes they are kept elsewhere" in notifications.newest.text
    assert len(notifications.items) == 1
    folder = keeper._shelf.store.path.parent
    assert folder.exists()
    await keeper.close()
    assert not folder.exists()


async def test_a_damaged_file_is_said_once(path, notifications, qtbot):
    path.write_bytes(b"damaged " * 600)
    keeper = RunsKeeper(notifications, path)
    keeper.refresh()
    keeper.refresh()
    qtbot.waitUntil(lambda: notifications.newest is not None)
    assert "is damaged; it was put aside" in notifications.newest.text
    assert notifications.newest.count == 1
    await keeper.close()


async def test_a_run_that_could_not_be_kept_is_said(keeper, notifications, qtbot, monkeypatch):
    def full(*_):
        raise RunsError("Runs cannot be kept: the disk is full.")

    monkeypatch.setattr(RunStore, "save", full)
    keeper.finish(keeper.begin(head_of(make_result(count=5))), make_result(count=5))
    qtbot.waitUntil(lambda: any("disk is full" in each.text for each in notifications.items))


@pytest.fixture
def ours():
    """Threads for kept runs that began since; another test's window may still have one, which is not asked about."""
    before = set(threading.enumerate())

    def since():
        new = set(threading.enumerate()) - before
        return [each.name for each in new if each.name.startswith(("kept runs", "keep run"))]

    return since


async def test_a_thread_lives_no_longer_than_its_work(ours, keeper, qtbot):
    keeper.refresh()
    assert ours()
    qtbot.waitUntil(lambda: not ours())
    keeper.refresh()
    qtbot.waitUntil(lambda: not keeper._waiting)


async def test_closing_keeps_what_goes_on_as_aborted_and_leaves_no_thread(ours, path, notifications, qtbot):
    keeper = RunsKeeper(notifications, path)
    result = make_result(count=30)
    recording = keeper.begin(head_of(result))
    for sample in result.samples:
        recording.on_sample(sample)
    await keeper.close()
    run = RunStore(path).list()[0]
    assert (run.verdict, run.started) == (Verdict.ABORTED, 30)
    qtbot.waitUntil(lambda: not ours())
    keeper.refresh()  # after the end nothing happens
    assert not ours()


async def test_closing_waits_for_the_result_of_a_run_that_is_being_stopped(path, notifications):
    keeper = RunsKeeper(notifications, path)
    result = make_result(count=30)
    recording = keeper.begin(head_of(result))
    closing = asyncio.create_task(keeper.close())
    await asyncio.sleep(0)
    assert not closing.done()
    keeper.finish(recording, result)
    await closing
    assert RunStore(path).load(result.run_id) == result


async def test_an_answer_after_the_end_finds_nobody(path, notifications, qtbot, monkeypatch):
    gate, done = threading.Event(), threading.Event()

    def slow(self, search=""):
        gate.wait(10)
        done.set()
        return []

    monkeypatch.setattr(RunStore, "list", slow)
    keeper = RunsKeeper(notifications, path)
    keeper.changed.connect(lambda: pytest.fail("nobody listens any more"))
    keeper.refresh()
    await keeper.close()
    gate.set()
    assert done.wait(10)
    qtbot.wait(20)
    assert notifications.items == ()
