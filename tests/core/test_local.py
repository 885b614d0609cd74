"""The process of a local server: started, read, watched and ended.

A small script stands in for the server, so that each of the ways in which one can misbehave can be had.
"""

import asyncio
import os
import sys

import pytest

from voxpool import local
from voxpool.config import Endpoint
from voxpool.errors import LocalServerError
from voxpool.local import LocalServer

READY = f"print({local.READY + 'http://127.0.0.1:1234'!r}, flush=True)"
UNTIL_EOF = "import sys; sys.stdin.read()"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


@pytest.fixture
def server(monkeypatch):
    """Return a function that makes a LocalServer which runs the given Python statements."""

    def make(*statements, **options):
        monkeypatch.setattr(local, "command", lambda _arguments: [sys.executable, "-c", "\n".join(statements)])
        return LocalServer(**options)

    return make


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_it_is_reached_under_the_url_it_prints(server):
    async with server(READY, UNTIL_EOF) as running:
        assert running.url == "http://127.0.0.1:1234"
        assert running.endpoint == Endpoint("http://127.0.0.1:1234")
        assert running.running
        assert alive(running.pid)
    assert running.exit_code == 0
    assert not running.running


async def test_closing_twice_and_closing_what_never_started_is_nothing(server):
    never = server(READY)
    await never.close()
    async with server(READY, UNTIL_EOF) as running:
        pass
    await running.close()


async def test_what_it_prints_before_the_line_is_log(server):
    lines = []
    async with server("print('a notice', flush=True)", READY, UNTIL_EOF, on_line=lines.append) as running:
        assert running.log_tail == ("a notice",)
    assert lines == ["a notice"]


async def test_one_that_ends_at_once_says_why(server):
    broken = server("import sys", "print('port 8080 is taken', file=sys.stderr)", "sys.exit(2)")

    with pytest.raises(LocalServerError, match=r"exit code 2\): port 8080 is taken"):
        await broken.start()
    assert broken.exit_code == 2


async def test_one_that_is_never_ready_is_ended(server):
    silent = server(UNTIL_EOF, ready_timeout_s=0.3)

    with pytest.raises(LocalServerError, match=r"not ready within 0\.3 s"):
        await silent.start()
    assert silent.exit_code is not None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to ignore")
async def test_one_that_does_not_want_to_end_is_killed(server):
    async with server(READY, STUBBORN, close_timeout_s=0.2) as running:
        pid = running.pid
    assert running.exit_code < 0
    assert not alive(pid)


async def test_a_cancelled_start_leaves_no_process(server):
    silent = server(UNTIL_EOF)
    task = asyncio.create_task(silent.start())
    while silent.pid is None:
        await asyncio.sleep(0.01)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert not alive(silent.pid)


async def test_a_close_that_is_cancelled_leaves_neither_process_nor_reader(server):
    """Quitting has a deadline of its own, which an end that waits for a stubborn server may miss."""
    running = server(READY, STUBBORN, close_timeout_s=30)
    await running.start()
    pid = running.pid
    closing = asyncio.create_task(running.close())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("local server")] == []
    async with asyncio.timeout(10):
        await running.wait()
    assert not alive(pid)


async def test_its_death_can_be_waited_for(server):
    async with server(READY, "import sys", "sys.exit(7)") as running:
        assert await running.wait() == 7


async def test_the_key_travels_in_the_environment_only(server, monkeypatch):
    monkeypatch.setenv("INWORLD_API_KEY", "bWFkZS11cDprZXk=")
    monkeypatch.delenv("VOXPOOL_SERVER_KEY", raising=False)
    lines = []
    show = "import os; print(os.environ.get('VOXPOOL_SERVER_KEY'), os.environ.get('INWORLD_API_KEY'), flush=True)"
    async with server(show, READY, UNTIL_EOF, key="bWFkZTp1cA==", on_line=lines.append) as running:
        assert running.endpoint.credential.header() == "Basic bWFkZTp1cA=="
    assert lines == ["bWFkZTp1cA== None"]


async def test_a_program_that_does_not_exist_is_one_sentence(monkeypatch):
    monkeypatch.setattr(local, "command", lambda _arguments: ["/nonexistent/python"])

    with pytest.raises(LocalServerError, match="No such file"):
        await LocalServer().start()


async def test_a_line_beyond_all_bounds_does_not_end_the_log(server, monkeypatch):
    monkeypatch.setattr(local, "_LONGEST_LINE", 1000)
    heard = asyncio.Event()
    loud = "import sys; sys.stderr.write('x' * 5000 + '\\n'); print('after', file=sys.stderr, flush=True)"
    async with server(
        READY, loud, UNTIL_EOF, on_line=lambda line: heard.set() if line.endswith("after") else None
    ) as running:
        async with asyncio.timeout(10):
            await heard.wait()
        assert running.running


async def test_asking_for_what_is_not_there(server):
    never = server(READY)

    with pytest.raises(LocalServerError, match="not started"):
        _ = never.url
    with pytest.raises(LocalServerError, match="not started"):
        await never.wait()
    assert never.exit_code is None
