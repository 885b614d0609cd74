"""The server as a process: its one line, its ends, its exit codes."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from support.raw_client import Raw, act, audio, create, text
from voxpool.config import WS_PATH
from voxpool.local import LocalServer
from voxpool.server.app import installed_engines

COMMAND = [sys.executable, "-m", "voxpool", "serve"]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")


def start(*arguments, **options):
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def ready(process):
    line = process.stdout.readline()
    assert line.startswith("voxpool server ready at http://127.0.0.1:"), process.stderr.read()
    return line.split()[-1]


def finish(process):
    process.stdin.close()
    process.stdout.close()
    process.stderr.close()
    if process.poll() is None:
        process.kill()
    process.wait(5)


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    # A zombie has ended; whoever adopted it has not looked yet.
    return state not in "ZX"


def gone(pids, within_s=3.0):
    deadline = time.monotonic() + within_s
    while any(map(alive, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def workers_of(process, count):
    deadline = time.monotonic() + 5
    while len(children(process.pid)) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return children(process.pid)


needs_espeak = pytest.mark.skipif("espeak" not in installed_engines(), reason="the espeak engine is not installed")


@needs_espeak
@pytest.mark.parametrize("end", ["stdin", "SIGTERM", "SIGINT", "SIGKILL"])
def test_no_end_leaves_a_worker_behind(end):
    process = start("--engine", "espeak", "--stop-with-parent")
    try:
        ready(process)
        workers = workers_of(process, 1)
        if end == "stdin":
            process.stdin.close()
        else:
            os.kill(process.pid, getattr(signal, end))
        code = process.wait(5)
        assert code == (-9 if end == "SIGKILL" else 0)
        assert gone(workers)
        rest = process.stdout.read()
        assert rest == ""
    finally:
        finish(process)


def test_a_port_that_is_taken():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        process = start("--engine", "tone", "--port", str(port))
        try:
            out, err = process.communicate(timeout=10)
        finally:
            finish(process)
    assert process.returncode == 2
    assert out == ""
    assert err == f"voxpool: port {port} on 127.0.0.1 is taken; choose another, or 0 for any\n"


def test_beyond_this_machine_it_demands_a_key():
    process = start("--engine", "tone", "--host", "0.0.0.0", env={**os.environ, "VOXPOOL_SERVER_KEY": ""})
    try:
        _, err = process.communicate(timeout=10)
    finally:
        finish(process)
    assert process.returncode == 2
    assert "key" in err


def test_it_says_goodbye_and_ends_while_it_speaks():
    process = start("--engine", "tone", "--stop-with-parent", "--delivery-rate", "1")

    async def speak(url):
        async with aiohttp.ClientSession() as http, http.ws_connect(url + WS_PATH) as socket_:
            raw = Raw(socket_)
            await raw.send(*(create(c) for c in "abcde"), *(text("A long story. " * 9, c, flush=True) for c in "abcde"))
            await raw.until("audioChunk")
            process.stdin.close()
            while isinstance(await raw.frame(), dict):
                pass
            assert raw.socket.close_code == 1001

    try:
        asyncio.run(speak(ready(process)))
        assert process.wait(5) == 0
    finally:
        finish(process)


async def test_it_ends_before_it_is_killed_whatever_is_under_way():
    """Audio over REST, and frames that a slow network still holds back, end with the server."""
    text_ = "A long story. " * 9
    body = {"text": text_, "voiceId": "Ashley", "modelId": "inworld-tts-2", "audioConfig": {"audioEncoding": "PCM"}}
    server = LocalServer("--engine", "tone", "--delivery-rate", "0.1", "--network-ms", "60000")
    async with aiohttp.ClientSession() as http:
        await server.start()
        try:
            async with http.post(server.url + "/tts/v1/voice:stream", json=body) as answer:
                await answer.content.readany()
                socket_ = await http.ws_connect(server.url + WS_PATH)
                await Raw(socket_).send(create(), text(text_, flush=True))
                while not (await get(http, server.url + "/voxgrid/v1/health"))["contexts"]:
                    pass
                goodbye = asyncio.create_task(socket_.receive())
                await server.close()
                assert (await goodbye).type is aiohttp.WSMsgType.CLOSE
                assert socket_.close_code == 1001
        finally:
            await server.close()
    assert server.exit_code == 0


async def get(http, url):
    async with http.get(url) as response:
        return await response.json()


def listens(port):
    with socket.socket() as probe:
        return not probe.connect_ex(("127.0.0.1", port))


def test_without_a_standard_output_it_serves_all_the_same():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
    command = [*COMMAND, "--engine", "tone", "--stop-with-parent", "--port", str(port)]
    process = subprocess.Popen(["sh", "-c", 'exec "$@" >&-', "sh", *command], stdin=subprocess.PIPE)
    try:
        while process.poll() is None and not listens(port):
            time.sleep(0.02)
        process.stdin.close()
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.wait()


@needs_espeak
def test_speech_over_the_wire_and_a_worker_killed_in_between():
    process = start("--engine", "espeak", "--stop-with-parent")

    async def speak(url):
        async with aiohttp.ClientSession() as http, http.ws_connect(url + WS_PATH, max_msg_size=0) as socket_:
            raw = Raw(socket_)
            await raw.send(create("a"), text("Hello there, how are you?", "a"), act("close_context", "a"))
            first = b"".join(audio(await raw.until("contextClosed"), "a"))
            for worker in children(process.pid):
                os.kill(worker, signal.SIGKILL)
            await raw.send(create("b"), text("I am fine, thank you.", "b"), act("close_context", "b"))
            second = b"".join(audio(await raw.until("contextClosed"), "b"))
            return first, second

    try:
        for pcm in asyncio.run(speak(ready(process))):
            assert 0.8 < len(pcm) / 16000 < 4
            assert max(map(abs, memoryview(pcm).cast("h"))) > 3000
    finally:
        finish(process)


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nno header at all\r\n\r\n",
        b"POST /tts/v1/voice HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde",
    ],
    ids=["request", "body"],
)
def test_garbage_is_one_line_in_the_log(garbage):
    process = start("--engine", "tone", "--stop-with-parent")
    try:
        port = int(ready(process).rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=2) as other:
            other.sendall(garbage)
            other.recv(1000)
        process.stdin.close()
        process.wait(5)
        lines = process.stderr.read().splitlines()
        assert len(lines) == 1
        assert "WARNING" in lines[0]
        assert "Traceback" not in lines[0]
    finally:
        finish(process)
