"""The supervisor with real server processes, which speak a test tone and are killed."""

from __future__ import annotations

import asyncio
import os
import signal
import socket

import pytest

from voxgrid.local_server import LocalServerSupervisor, ServerPhase
from voxgrid.speech.load import LoadProbe, LocalLoad


@pytest.fixture
async def keep():
    """Make supervisors that are closed at the end; their states are in ``keep.states``."""
    made = []

    def make(*arguments):
        make.states = []
        supervisor = LocalServerSupervisor(make.states.append, ("--engine", "tone", *arguments), backoff_s=(0.02, 0.05))
        made.append(supervisor)
        return supervisor

    yield make
    for supervisor in made:
        await supervisor.close()


async def phase(supervisor, wanted, restarts=0):
    for _ in range(1500):
        if supervisor.state.phase is wanted and supervisor.state.restarts >= restarts:
            return supervisor.state
        await asyncio.sleep(0.01)
    raise AssertionError(f"{supervisor!r} did not become {wanted}")


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="kills a process group")
async def test_a_killed_server_comes_back_where_it_was(keep):
    supervisor = keep()
    state = await supervisor.start()
    assert state.phase is ServerPhase.READY
    first = supervisor.pid
    os.killpg(first, signal.SIGKILL)
    again = await phase(supervisor, ServerPhase.READY, restarts=1)
    assert again.url == state.url
    assert supervisor.pid != first
    phases = [each.phase for each in keep.states]
    assert phases == [ServerPhase.STARTING, ServerPhase.READY, ServerPhase.RESTARTING, ServerPhase.READY]
    assert "killed by signal 9" in keep.states[2].why
    async with LoadProbe(again.url) as probe:
        assert isinstance(await probe.read(), LocalLoad)
    last = supervisor.pid
    await supervisor.close()
    assert supervisor.state.phase is ServerPhase.STOPPED
    with pytest.raises(ProcessLookupError):
        os.kill(last, 0)


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="kills a process group")
async def test_one_that_was_steady_is_started_again_after_the_shortest_delay(monkeypatch):
    monkeypatch.setattr("voxgrid.local_server._STEADY_S", 0.0)
    supervisor = LocalServerSupervisor(lambda _state: None, ("--engine", "tone"), backoff_s=(0.02, 0.05, 600.0))
    await supervisor.start()
    os.killpg(supervisor.pid, signal.SIGKILL)
    await phase(supervisor, ServerPhase.READY, restarts=1)
    os.killpg(supervisor.pid, signal.SIGKILL)
    await phase(supervisor, ServerPhase.READY, restarts=2)
    await supervisor.close()


async def test_a_server_that_cannot_start_is_a_sentence_and_is_tried_again(keep):
    supervisor = keep("--no-such-option")
    state = await supervisor.start()
    assert state.phase is ServerPhase.RESTARTING
    assert state.why.startswith("The local server could not be started")
    await phase(supervisor, ServerPhase.RESTARTING, restarts=2)


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="kills a process group")
async def test_a_port_that_was_taken_meanwhile_is_left_to_its_new_owner(keep):
    supervisor = keep()
    state = await supervisor.start()
    port = int(state.url.rsplit(":", 1)[1])
    os.killpg(supervisor.pid, signal.SIGKILL)
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for _ in range(500):
            try:
                squatter.bind(("127.0.0.1", port))
                break
            except OSError:
                await asyncio.sleep(0.002)
        else:
            pytest.skip("the port was not free for a moment")
        squatter.listen()
        again = await phase(supervisor, ServerPhase.READY, restarts=1)
        if again.url == state.url:
            pytest.skip("the server was quicker than the test")
    assert again.phase is ServerPhase.READY


async def test_a_load_probe_without_a_server_says_idle():
    async with LoadProbe("http://127.0.0.1:9") as probe:
        assert await probe.read() == LocalLoad()
