"""Breaks a context or a connection on purpose, at the app's own local server, to see what the pool makes of it.

The server numbers its connections itself; its ledger says which of them holds a context that the pool knows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from voxgrid.local_server import LocalServerSupervisor, ServerPhase
from voxgrid.notifications import Severity
from voxgrid.speech.control import ControlError, LocalControl
from voxgrid.speech.notice import Notice
from voxgrid.speech.tasks import Tasks


@dataclass(frozen=True, slots=True)
class Effect:
    """One way to break something.

    Attributes:
        name: How code calls it.
        text: What the menu says.
        tip: What will happen, as a sentence.
        done: What is told once the server has it, as a sentence.
        fault: What the server is asked for, without whom it strikes.
    """

    name: str
    text: str
    tip: str
    done: str
    fault: MappingProxyType[str, str | int]


def _effect(name: str, text: str, tip: str, done: str, **fault: str | int) -> Effect:
    return Effect(name, text, tip, done, MappingProxyType(fault))


OF_CONTEXTS: Final = (
    _effect("internal", "Fail with status 13 (internal)", "The server ends this context with an internal error.",
            "The server failed the context with status 13 (internal).", place="now", effect="status", code=13),
    _effect("unavailable", "Fail with status 14 (unavailable)", "The server says that it cannot serve this context.",
            "The server failed the context with status 14 (unavailable).", place="now", effect="status", code=14),
    _effect("mute", "Send no more audio", "The context stays open, and from here on its audio is left out.",
            "The server leaves the rest of the context's audio out.", place="audio", effect="omit"),
    _effect("unclosed", "Never confirm its close", "The server never says that the context is closed: its slot hangs.",
            "The server will not say that the context is closed.", place="close", effect="omit", times=1),
)  # fmt: skip
"""What one context can suffer while the others on its connection go on."""

OF_CONNECTIONS: Final = (
    _effect("cut", "Cut abruptly", "The socket ends without a close frame, as when a network drops.",
            "The server cut the connection.", place="now", effect="drop"),
    _effect("close_1011", "Close with 1011", "The server closes the connection with code 1011, an internal error.",
            "The server closed the connection with code 1011.", place="now", effect="disconnect", code=1011),
    _effect("silent", "Go silent", "The server reads on and never says anything again on this connection.",
            "The server says nothing more on that connection.", place="now", effect="silent"),
    _effect("half_open", "Go half-open", "The server neither reads nor writes any more, and keeps the socket open.",
            "The server neither reads nor writes on that connection any more.", place="now", effect="half_open"),
)  # fmt: skip
"""What a connection can suffer, with everything on it."""

_CONTEXTS: Final = {effect.name: effect for effect in OF_CONTEXTS}
_CONNECTIONS: Final = {effect.name: effect for effect in OF_CONNECTIONS}


class Breaker:
    """Asks one local server to misbehave.

    Args:
        control: Its control endpoints.
    """

    def __init__(self, control: LocalControl) -> None:
        self._control = control

    def __repr__(self) -> str:
        return f"<Breaker {self._control!r}>"

    async def break_context(self, context_id: str, effect: Effect) -> None:
        """Break one context.

        Raises:
            ControlError: If it is not there any more, or the server refuses.
        """
        await self._connection_of((context_id,))
        await self._strike({**effect.fault, "contextId": context_id})

    async def break_connection(self, context_ids: Collection[str], effect: Effect) -> None:
        """Break the connection that holds these contexts, or held them.

        Raises:
            ControlError: If none of them is there any more, or the server refuses.
        """
        number = await self._connection_of(context_ids, ended=True)
        await self._strike({**effect.fault, "connection": number})

    async def _connection_of(self, context_ids: Collection[str], *, ended: bool = False) -> int:
        number = find_connection(await self._control.ledger(), context_ids, ended=ended)
        if number is None:
            raise ControlError("There is nothing left to break: the server has ended that already.")
        return number

    async def _strike(self, fault: Mapping[str, Any]) -> None:
        if (await self._control.add(fault)).struck == 0:
            raise ControlError("Nothing was broken: it ended just before.")


class Breaking:
    """Breaks what the person points at and says how that went.

    Args:
        server: Returns the local server while that is the endpoint, else None.
        tasks: Where the asking runs.
        tell: Takes the sentences.
    """

    def __init__(
        self, server: Callable[[], LocalServerSupervisor | None], tasks: Tasks, tell: Callable[[Notice], None]
    ) -> None:
        self._server = server
        self._tasks = tasks
        self._tell = tell

    @property
    def possible(self) -> bool:
        """Whether the app's own local server is the endpoint, and there."""
        return self.control is not None

    @property
    def control(self) -> LocalControl | None:
        """The control endpoints of the app's own local server, while that is the endpoint and there."""
        server = self._server()
        if server is None or server.state.phase is not ServerPhase.READY:
            return None
        return LocalControl(server.state.url, server.control_token)

    def context(self, context_id: str, effect: str) -> None:
        """Break one context; ``effect`` is the name of one of ``OF_CONTEXTS``."""
        chosen = _CONTEXTS[effect]
        self._start(lambda breaker: breaker.break_context(context_id, chosen), chosen)

    def connection(self, context_ids: Collection[str], effect: str) -> None:
        """Break the connection of these contexts; ``effect`` is the name of one of ``OF_CONNECTIONS``."""
        chosen = _CONNECTIONS[effect]
        self._start(lambda breaker: breaker.break_connection(context_ids, chosen), chosen)

    def _start(self, act: Callable[[Breaker], Awaitable[None]], effect: Effect) -> None:
        control = self.control
        if control is None:
            text = "Only contexts at the app's own local server can be broken, while it runs."
            self._tell(Notice("break", text, Severity.WARNING))
            return
        self._tasks.start(self._run(act, Breaker(control), effect), f"break: {effect.name}")

    async def _run(self, act: Callable[[Breaker], Awaitable[None]], breaker: Breaker, effect: Effect) -> None:
        try:
            await act(breaker)
        except ControlError as error:
            self._tell(Notice("break", str(error), Severity.WARNING))
        else:
            self._tell(Notice("break", effect.done, hint="You asked for it; see what the pool makes of it."))


def find_connection(ledger: Any, context_ids: Collection[str], *, ended: bool = False) -> int | None:
    """Return the number of the server's connection with most of these contexts, or None if none has any.

    Args:
        ledger: The server's answer; what does not fit counts as not there.
        context_ids: Ids on the wire.
        ended: Whether contexts that have ended tell as well: that is how an idle connection is known.
    """
    kinds = ("openContexts", "endedContexts") if ended else ("openContexts",)
    connections = ledger.get("connections") if isinstance(ledger, dict) else None
    found: dict[int, int] = {}
    for each in connections if isinstance(connections, list) else ():
        if not isinstance(each, dict) or type(each.get("connection")) is not int:
            continue
        lists = [each.get(kind) for kind in kinds]
        ids = [
            c.get("contextId") for listed in lists if isinstance(listed, list) for c in listed if isinstance(c, dict)
        ]
        if count := sum(context_id in context_ids for context_id in ids):
            found[each["connection"]] = count
    return max(found, key=lambda number: found[number], default=None)
