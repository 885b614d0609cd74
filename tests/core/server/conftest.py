"""A server in the test's own loop, and clients of it."""

import aiohttp
import pytest
from aiohttp import web

from support.raw_client import Raw
from voxpool.config import WS_PATH
from voxpool.server.app import Server
from voxpool.server.config import ServerConfig

TONE = ServerConfig(engine="tone")


@pytest.fixture
async def serve():
    """Start servers in this loop; returns ``await serve(config) -> base URL``."""
    runners = []

    async def start(config=TONE):
        server = Server(config)
        runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def connect(serve, http):
    """Connect to a server; returns ``await connect(config, url=None, **ws_connect options) -> Raw``."""
    sockets = []

    async def open_socket(config=TONE, *, url=None, path=WS_PATH, **options):
        base = url or await serve(config)
        socket = await http.ws_connect(base + path, max_msg_size=0, **options)
        sockets.append(socket)
        raw = Raw(socket)
        raw.url = base
        return raw

    yield open_socket
    for socket in sockets:
        await socket.close()
