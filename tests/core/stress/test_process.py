"""A run in a process of its own, on a real server."""

import asyncio
import os
import signal
import sys

import pytest

from support.local_server import running_server
from voxpool.errors import RunFailed, ScenarioError
from voxpool.events import SlotChanged, UtteranceEnded
from voxpool.stress.control import RunControl
from voxpool.stress.process import RunProcess
from voxpool.stress.result import MarkKind, Verdict
from voxpool.stress.scenario import scenario_from

KEY = "bWFkZTp1cA=="  # made up: "made:up"
LOAD = {"profile": "rate", "rate": 20, "duration_s": 1, "arrivals": "even"}
LONG = {"profile": "concurrency", "concurrency": 3, "duration_s": 600}


@pytest.fixture(scope="module")
def server():
    with running_server("--engine", "tone", "--timing", "instant", key=KEY) as running:
        yield running


def scenario(load, **more):
    return scenario_from({"load": load, "texts": [{"text": "Hello."}], "pool": {"max_connections": 4}, **more})


class Listener:
    def __init__(self):
        self.samples, self.ticks, self.marks = [], [], []
        self.on_sample, self.on_tick, self.on_mark = self.samples.append, self.ticks.append, self.marks.append

    async def until(self, something):
        async with asyncio.timeout(30):
            while not something():
                await asyncio.sleep(0.02)


@pytest.mark.both_loops
async def test_it_looks_like_a_pool_and_ends_with_a_result(server):
    listener = Listener()
    run = RunProcess(scenario(LOAD, name="Twenty"), server.endpoint, listeners=(listener,))
    events = run.events.subscribe()
    head = await run.start()
    result = await run.result()
    await run.close()
    happened = list(events.drain())

    assert (run.config.max_connections, head.name, head.run_id) == (4, "Twenty", result.run_id)
    assert result.done == len(result.samples) == 20
    assert list(result.samples) == listener.samples
    assert list(result.ticks) == listener.ticks
    assert list(result.marks) == listener.marks
    assert sum(isinstance(event, UtteranceEnded) for event in happened) == 20
    assert any(isinstance(event, SlotChanged) for event in happened)
    assert result.environment["process"] == "its own"
    assert result.url == server.url
    assert KEY not in repr(result.to_dict())


async def test_it_is_steered_as_any_run_is(server):
    listener, control = Listener(), RunControl()
    async with RunProcess(scenario(LONG), server.endpoint, listeners=(listener,), control=control) as run:
        await listener.until(lambda: listener.ticks)
        control.edit(1)
        await listener.until(lambda: any(mark.kind is MarkKind.EDIT for mark in listener.marks))
        control.stop()
        result = await run.result()

    assert result.verdict in (Verdict.ABORTED, Verdict.INVALID)
    assert "It was stopped by hand." in result.reasons
    assert result.cancelled == 0


async def test_a_key_is_neither_on_the_command_line_nor_in_the_feed(server):
    async with RunProcess(scenario(LONG), server.endpoint) as run:
        if sys.platform == "linux":
            with open(f"/proc/{run.pid}/cmdline", "rb") as file:  # noqa: ASYNC230, PTH123 - a file in memory
                assert KEY.encode() not in file.read()
        run.control.stop(drain=False)
        assert KEY not in repr((await run.result()).to_dict())


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
async def test_a_process_that_dies_is_told_in_a_sentence(server):
    async with RunProcess(scenario(LONG), server.endpoint) as run:
        os.kill(run.pid, signal.SIGKILL)
        with pytest.raises(RunFailed, match="ended before its run"):
            await run.result()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGTERM")
async def test_a_process_that_is_told_to_end_gives_its_result(server):
    async with RunProcess(scenario(LONG), server.endpoint) as run:
        os.kill(run.pid, signal.SIGTERM)
        result = await run.result()

    assert "Its process was told to end (SIGTERM)." in result.reasons
    assert result.verdict in (Verdict.ABORTED, Verdict.INVALID)


async def test_closing_it_ends_the_run_and_the_process(server):
    run = RunProcess(scenario(LONG), server.endpoint)
    await run.start()
    await run.close()
    await run.close()

    # What was measured until then is not lost.
    assert "The program that started it ended." in (await run.result()).reasons


async def test_what_was_not_started_has_no_result(server):
    with pytest.raises(RunFailed, match="not started"):
        await RunProcess(scenario(LONG), server.endpoint).result()


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="looks for the process in /proc")  # noqa: PTH110
async def test_it_dies_with_its_parent(server):
    """The parent is killed: nobody tells the child anything, and its standard input ends."""
    script = (
        "import asyncio, sys\n"
        "from voxpool.config import Credential, Endpoint\n"
        "from voxpool.stress.process import RunProcess\n"
        "from voxpool.stress.scenario import scenario_from\n"
        "async def main():\n"
        f"    scenario = scenario_from({{'load': {LONG!r}}})\n"
        f"    run = RunProcess(scenario, Endpoint({server.url!r}, Credential.basic({KEY!r})))\n"
        "    await run.start()\n"
        "    print(run.pid, flush=True)\n"
        "    await asyncio.sleep(100)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
    )
    pid = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()

    async with asyncio.timeout(20):
        while _lives(pid):
            await asyncio.sleep(0.05)


def _lives(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:  # noqa: PTH123
            # A zombie has ended: whoever inherited it has not looked yet.
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_texts_that_cannot_be_used_are_refused_before_anything_is_started(server):
    with pytest.raises(ScenarioError, match=r"mine.toml: texts\[0\].set"):
        RunProcess(scenario(LOAD, texts=[{"set": "poems"}]), server.endpoint, source="mine.toml")
