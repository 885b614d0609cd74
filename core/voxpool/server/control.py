"""What an observer may ask and change: health, ledger, limits and faults.  Loopback only; changes need a token."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import orjson
from aiohttp import web

from voxpool.errors import SettingError
from voxpool.server import credentials, faultfiles, statuses
from voxpool.server.faults import Fault
from voxpool.server.requests import camel
from voxpool.server.services import Services
from voxpool.server.session import Session
from voxpool.server.statuses import Status

_logger = logging.getLogger(__name__)

HEALTH_PATH: Final = "/voxgrid/v1/health"
LEDGER_PATH: Final = "/voxgrid/v1/ledger"
FAULTS_PATH: Final = "/voxgrid/v1/faults"
LIMITS_PATH: Final = "/voxgrid/v1/limits"
_LIMITS: Final = ("contexts_per_connection", "max_connections", "max_generations")


class Control:
    """The control endpoints.

    Args:
        services: The parts of the server.
        sessions: The connections, as they come and go.
        token: The token that changes need; None forbids changes.
    """

    def __init__(self, services: Services, sessions: set[Session], token: str | None) -> None:
        self._services = services
        self._sessions = sessions
        self._token = token
        self._started = time.monotonic()
        self._tasks: set[asyncio.Task[int]] = set()
        self._own_limits = self._limits()
        self._changed_limits: dict[int, Fault] = {}

    def add_routes(self, app: web.Application) -> None:
        """Add the endpoints to an application."""
        app.router.add_get(HEALTH_PATH, self._health)
        app.router.add_get(LEDGER_PATH, self._here(self._ledger))
        app.router.add_get(FAULTS_PATH, self._here(self._list))
        app.router.add_post(FAULTS_PATH, self._changing(self._add))
        app.router.add_delete(FAULTS_PATH, self._changing(self._clear))
        app.router.add_delete(FAULTS_PATH + r"/{number:\d{1,9}}", self._changing(self._remove))
        app.router.add_post(LIMITS_PATH, self._changing(self._limit))

    def begin(self) -> None:
        """Start the faults that were set before there was a loop and strike by themselves."""
        for number, fault in self._services.faults.pending():
            self._later(number, fault)

    async def close(self) -> None:
        """Forget what has not struck yet."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _health(self, _: web.Request) -> web.Response:
        services = self._services
        return _json(
            {
                "status": "ok",
                "uptimeSeconds": round(time.monotonic() - self._started, 3),
                "engines": services.synthesizer.engines,
                "connections": services.ledger.connections,
                "maxConnections": services.config.max_connections,
                "contexts": services.ledger.contexts,
                "contextsPerConnection": services.config.contexts_per_connection,
                "generations": services.generations.active,
                "generationsWaiting": services.generations.waiting,
                "generationsRefused": services.generations.refused,
                "maxGenerations": services.generations.limit,
                "faults": len(services.faults.entries()),
                "synthesis": services.synthesizer.stats(asyncio.get_running_loop().time()),
            }
        )

    async def _ledger(self, request: web.Request) -> web.Response:
        """Answer with the ledger; ``?since=`` an earlier answer's ``now`` leaves out what had ended before."""
        try:
            since_s = float(request.query["since"]) if "since" in request.query else None
        except ValueError:
            return _json(Status(statuses.INVALID_ARGUMENT, "since takes a number of seconds.").body, 400)
        for session in self._sessions:
            for context in session.open_contexts():
                context.record.held_characters = context.held_characters
        return _json(self._services.ledger.entry(asyncio.get_running_loop().time(), since_s))

    async def _list(self, _: web.Request) -> web.Response:
        return _json({"faults": self._services.faults.entries()})

    async def _add(self, request: web.Request) -> web.Response:
        fault = faultfiles.read(await _body(request))
        loop = asyncio.get_running_loop()
        number = self._services.faults.add(fault, loop.time())
        body: dict[str, Any] = {"id": number}
        if fault.place == "now":
            striking = self._later(number, fault)
            if not fault.after_s:
                body["struck"] = await striking
        _logger.info("fault %d is set: %s", number, fault.entry())
        return _json(body)

    async def _remove(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        if not self._services.faults.remove(number):
            return _json(Status(statuses.NOT_FOUND, f"there is no fault {number}.").body, 404)
        if self._changed_limits.pop(number, None) is not None:
            self._apply_limits()
        return _json({})

    async def _clear(self, _: web.Request) -> web.Response:
        self._services.faults.clear()
        if self._changed_limits:
            self._changed_limits.clear()
            self._apply_limits()
        return _json({})

    async def _limit(self, request: web.Request) -> web.Response:
        body = await _body(request)
        given: dict[str, int] = {}
        for name in _LIMITS:
            value = body.get(camel(name), body.get(name))
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int):
                raise SettingError(name, value, "a whole number")
            given[name] = value
        self._services.set_limits(**given)
        # What somebody sets so is the server's own from now on: it outlasts the faults.
        self._own_limits.update(given)
        return _json({camel(name): value for name, value in self._limits().items()})

    def _limits(self) -> dict[str, int]:
        return {name: getattr(self._services.config, name) for name in _LIMITS}

    def _apply_limits(self) -> None:
        """Set the server's own limits as the faults that are in force change them, as they struck."""
        self._services.set_limits(**self._own_limits)
        for fault in self._changed_limits.values():
            self._services.set_limits(*(getattr(fault, name) for name in _LIMITS))

    def _later(self, number: int, fault: Fault) -> asyncio.Task[int]:
        task = asyncio.create_task(self._strike(number, fault), name=f"fault {number}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _strike(self, number: int, fault: Fault) -> int:
        """Wait until it is time, strike everything that a fault concerns now, and return how much that was."""
        await asyncio.sleep(fault.after_s)
        if fault.effect == "limit":
            return self._strike_limits(number, fault)
        struck = 0
        for act in self._targets(number, fault):
            struck += 1
            try:
                await act()
            except OSError as error:
                _logger.debug("struck by fault %d: %s", number, error)
        self._services.faults.remove(number)
        return struck

    def _strike_limits(self, number: int, fault: Fault) -> int:
        """Change limits; the fault stays in force, and in the list, until it is removed."""
        if not self._services.faults.count(number):
            return 0
        self._changed_limits[number] = fault
        self._apply_limits()
        return 1

    def _targets(self, number: int, fault: Fault) -> Iterable[Callable[[], Awaitable[object]]]:
        now = asyncio.get_running_loop().time()
        of_contexts = fault.effect == "status" or fault.context is not None or fault.context_id is not None
        for session in list(self._sessions):
            if not of_contexts:
                if self._services.faults.strikes(number, "now", session.facts, now):
                    yield _acting(session, fault)
                continue
            for context in session.open_contexts():
                if not self._services.faults.strikes(number, "now", context.facts, now):
                    continue
                if fault.effect == "status":
                    yield _failing(context.fail, fault)
                else:
                    yield _acting(session, fault)
                    break

    def _here(self, handler: Callable[[web.Request], Awaitable[web.Response]]) -> Any:
        """Return a handler that answers this machine only, or whoever has the server's key."""

        async def handle(request: web.Request) -> web.Response:
            key = self._services.config.key
            given = credentials.presented(request.headers, request.query)
            if not _is_local(request) and credentials.judge(given, key) is not None:
                return _json(Status(statuses.PERMISSION_DENIED, "ask from this machine.").body, 403)
            return await handler(request)

        return handle

    def _changing(self, handler: Callable[[web.Request], Awaitable[web.Response]]) -> Any:
        """Return a handler that wants the token, from this machine."""

        async def handle(request: web.Request) -> web.Response:
            given = credentials.presented(request.headers, {}).secret
            if not _is_local(request) or self._token is None:
                message = "faults can be set from this machine, and if the server was given a control token."
                return _json(Status(statuses.PERMISSION_DENIED, message).body, 403)
            if not secrets.compare_digest(given.encode(), self._token.encode()):
                return _json(Status(statuses.UNAUTHENTICATED, "the control token is missing or wrong.").body, 401)
            try:
                return await handler(request)
            except SettingError as error:
                return _json(Status(statuses.INVALID_ARGUMENT, str(error)).body, 400)

        return handle


def _acting(session: Session, fault: Fault) -> Callable[[], Awaitable[object]]:
    return lambda: session.line.act(fault)


def _failing(fail: Callable[[Status], Awaitable[None]], fault: Fault) -> Callable[[], Awaitable[object]]:
    return lambda: fail(Status(fault.status_code, fault.message or "injected fault"))


def _is_local(request: web.Request) -> bool:
    try:
        return ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = orjson.loads(await request.read())
    except ValueError as error:
        raise SettingError("body", "", "a JSON object") from error
    if not isinstance(body, dict):
        raise SettingError("body", body, "a JSON object")
    return body


def _json(body: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
