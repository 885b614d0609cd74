"""The way from the window to an endpoint: local server, key, pool and voices, changed as a whole."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from voxgrid.local_server import LocalServerState, LocalServerSupervisor, ServerPhase
from voxgrid.notifications import Severity
from voxgrid.speech.endpoints import EndpointChoice, EndpointKind, EndpointState, resolve
from voxgrid.speech.notice import Notice, as_sentence
from voxgrid.speech.tasks import Tasks
from voxpool.config import Endpoint, PoolConfig
from voxpool.errors import TransportError, VoxpoolError
from voxpool.local import LIKE_THE_SERVICE
from voxpool.pool.pool import Pool
from voxpool.voices import Voice, list_voices

_logger = logging.getLogger(__name__)


_NO_ENGINES: Final = Notice(
    "local_engines",
    "The speech engines are not installed, so the local server answers with a test tone.",
    Severity.WARNING,
    "scripts/run installs them, and so does: pip install 'voxgrid[local]'.",
)


class LinkListener(Protocol):
    """Who wants to know what the link does."""

    def pool_changed(self, pool: Pool | None) -> None:
        """Another pool, or none, is in use; the old one is being closed."""

    def endpoint_changed(self, state: EndpointState) -> None:
        """The endpoint, or whether it is ready, changed."""

    def server_changed(self, state: LocalServerState) -> None:
        """The local server started, died, came back."""

    def voices_changed(self, found: tuple[Voice, ...]) -> None:
        """The endpoint's voices were read."""

    def tell(self, notice: Notice) -> None:
        """Something for the person."""


@dataclass(frozen=True, slots=True)
class LinkConfig:
    """How the link makes what it owns.

    Attributes:
        pool: Configuration of every pool.
        local_attempts: Contexts tried for one utterance at the local server: enough to outlast its restart.
        server: Arguments of the local server besides the port.
        make_pool: Makes a pool.
        read_voices: Asks an endpoint for its voices.
        reach_pause_s: Seconds until an endpoint that could not be reached is asked again.
    """

    pool: PoolConfig = field(default_factory=lambda: PoolConfig(close_timeout_s=1.0))
    local_attempts: int = 6
    server: tuple[str, ...] = LIKE_THE_SERVICE
    make_pool: Callable[[Endpoint, PoolConfig], Pool] = Pool
    read_voices: Callable[[Endpoint], Awaitable[tuple[Voice, ...]]] = list_voices
    reach_pause_s: float = 2.0


class Link:
    """Holds at most one pool at a time, and the local server while that is the endpoint.

    Args:
        listener: Told of every change.
        tasks: Where its background work runs.
        config: How it makes what it owns.
    """

    def __init__(self, listener: LinkListener, tasks: Tasks, config: LinkConfig) -> None:
        self._listener = listener
        self._tasks = tasks
        self._config = config
        self._turn = asyncio.Lock()
        self._server: LocalServerSupervisor | None = None
        self._closed = False
        self._wanted = EndpointChoice()
        self._reaching: asyncio.Task[None] | None = None
        self.pool: Pool | None = None
        self.state = EndpointState(EndpointChoice())
        self.voices: tuple[Voice, ...] = ()

    def __repr__(self) -> str:
        return f"<Link {self.state.text!r} ready={self.state.ready}>"

    @property
    def server(self) -> LocalServerSupervisor | None:
        """The local server, while it is the endpoint."""
        return self._server

    def want(self, choice: EndpointChoice) -> None:
        """Say which endpoint ``use`` will go over to; until then nothing is spoken, least of all by the old one."""
        self._wanted = choice
        if self._reaching is not None:
            self._reaching.cancel()
        self._set_state(EndpointState(choice, text=f"{choice.title} · connecting"))
        # What was said of the old one's voices is of no concern any more.
        self._listener.tell(Notice("voices", resolved=True))

    async def use(self, choice: EndpointChoice) -> None:
        """Go over to the endpoint that is wanted, unless another one is meanwhile; failures are told, not raised."""
        async with self._turn:
            if self._wanted is not choice:
                return
            await self._drop_pool()
            if choice.kind is EndpointKind.LOCAL:
                await self._use_local(choice)
            else:
                await self._stop_server()
                await self._use_remote(choice)

    async def close(self) -> None:
        """Close pool and server at once; bounded in time."""
        self._closed = True
        await asyncio.gather(self._drop_pool(), self._stop_server())

    async def _use_local(self, choice: EndpointChoice) -> None:
        if self._server is None:
            self._server = LocalServerSupervisor(self._server_changed, self._config.server)
        state = await self._server.start()
        if state.phase is ServerPhase.READY and self.pool is None:
            await self._open(Endpoint(state.url), choice)

    async def _use_remote(self, choice: EndpointChoice) -> None:
        try:
            endpoint = await asyncio.to_thread(resolve, choice)
        except VoxpoolError as error:
            if self._wanted is choice:
                self._not_ready(as_sentence(str(error)))
            return
        await self._open(endpoint, choice)

    async def _open(self, endpoint: Endpoint, choice: EndpointChoice) -> None:
        if self._wanted is not choice:
            return
        config = self._config.pool
        if choice.kind is EndpointKind.LOCAL:
            config = replace(config, max_attempts=self._config.local_attempts)
        pool = self._config.make_pool(endpoint, config)
        await pool.__aenter__()
        self.pool = pool
        # The pool first: who watches its events must not miss what "ready" sets off.
        self._listener.pool_changed(pool)
        if self._wanted is choice:
            self.state = replace(self.state, endpoint=endpoint)
            if choice.kind is EndpointKind.LOCAL:
                # Quick, and needed first: without its engines the server has other voices than with them.
                await self._read_voices(endpoint)
        # Whoever chose another one while this one was opened waits for the turn, and drops the pool.
        if self._wanted is not choice:
            return
        text = _describe(choice, self.voices)
        self._set_state(replace(self.state, ready=True, text=text, problem=""))
        self._listener.tell(Notice("endpoint", resolved=True))
        if choice.kind is not EndpointKind.LOCAL:
            self._reaching = self._tasks.start(self._reach(endpoint), "read voices")

    async def _drop_pool(self) -> None:
        if self._reaching is not None:
            self._reaching.cancel()
        pool, self.pool = self.pool, None
        if pool is not None:
            self._listener.pool_changed(None)
            await pool.close()

    async def _stop_server(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.close()

    async def _reach(self, endpoint: Endpoint) -> None:
        error = await self._read_voices(endpoint)
        if not _may_come(error):
            return
        # Still ready: the pool tries anew for every utterance, and tells its own failures.
        self._set_state(
            replace(self.state, text=f"{self.state.choice.title} · no answer", problem=as_sentence(str(error)))
        )
        # Whoever starts that server after the window must not have to choose it again.
        while _may_come(error):
            await asyncio.sleep(self._config.reach_pause_s)
            error = await self._read_voices(endpoint, quiet=True)
        self._set_state(replace(self.state, text=_describe(self.state.choice, self.voices), problem=""))
        if error is None:
            self._listener.tell(Notice("voices", f"{endpoint.host} answers.", resolved=True))

    async def _read_voices(self, endpoint: Endpoint, *, quiet: bool = False) -> VoxpoolError | None:
        try:
            voices = await self._config.read_voices(endpoint)
        except VoxpoolError as error:
            text = f"The voices of {endpoint.host} could not be read: {error}."
            if not quiet:
                self._listener.tell(
                    Notice("voices", text, Severity.WARNING, "A voice's name can be typed in all the same.")
                )
            return error
        self._take_voices(endpoint, voices)
        return None

    def _take_voices(self, endpoint: Endpoint, voices: tuple[Voice, ...]) -> None:
        if self.state.endpoint != endpoint:
            return
        self.voices = voices
        if self.state.choice.kind is EndpointKind.LOCAL and not _has_speech(voices):
            self._listener.tell(_NO_ENGINES)
        self._listener.voices_changed(voices)

    def _server_changed(self, server: LocalServerState) -> None:
        self._listener.server_changed(server)
        if self._closed or self.state.choice.kind is not EndpointKind.LOCAL:
            return
        if server.phase is ServerPhase.RESTARTING:
            self._not_ready(server.why, "It is being started again.", server.detail)
        elif server.phase is ServerPhase.READY and server.restarts:
            self._tasks.start(self._server_is_back(server), "local server is back")

    async def _server_is_back(self, server: LocalServerState) -> None:
        async with self._turn:
            choice = self._wanted
            if choice.kind is not EndpointKind.LOCAL or self._closed:
                return
            if self.pool is not None and self.state.endpoint == Endpoint(server.url):
                self._set_state(replace(self.state, ready=True, text=_describe(choice, self.voices), problem=""))
            else:
                await self._drop_pool()
                await self._open(Endpoint(server.url), choice)
        if self._wanted is choice:
            self._listener.tell(Notice("endpoint", "The local server is back.", resolved=True))

    def _not_ready(self, problem: str, hint: str = "", detail: str = "") -> None:
        title = self.state.choice.title
        self._set_state(replace(self.state, ready=False, text=f"{title} · not ready", problem=problem))
        self._listener.tell(Notice("endpoint", problem, Severity.ERROR, hint, detail))

    def _set_state(self, state: EndpointState) -> None:
        self.state = state
        self._listener.endpoint_changed(state)


def _describe(choice: EndpointChoice, voices: tuple[Voice, ...]) -> str:
    if choice.kind is not EndpointKind.LOCAL or not voices:
        return choice.title
    return f"{choice.title} · {'real speech' if _has_speech(voices) else 'test tone'}"


def _has_speech(voices: tuple[Voice, ...]) -> bool:
    return any({"neural", "espeak"} & set(voice.tags) for voice in voices)


def _may_come(error: VoxpoolError | None) -> bool:
    return isinstance(error, TransportError) and error.retryable
