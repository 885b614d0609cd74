"""One connection: frames in order, at most five contexts, the three shapes of errors (sections 2 to 9)."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import WSMsgType, web

from voxpool.server import options as reading
from voxpool.server import replies, requests, statuses
from voxpool.server.context import Context
from voxpool.server.credentials import Presented, judge
from voxpool.server.ledger import ConnectionRecord
from voxpool.server.options import Options
from voxpool.server.requests import Malformed
from voxpool.server.services import Services
from voxpool.server.statuses import Refused, Status
from voxpool.server.voices import Voice

_logger = logging.getLogger(__name__)
_CLOSE_NORMAL: Final = 1000
_CLOSE_GOING_AWAY: Final = 1001


class Session:
    """One connection.

    Args:
        socket: The prepared WebSocket.
        transport: Its transport, for dropping it without a close frame.
        given: The credential that came with the upgrade.
        services: The parts of the server.
        record: Its account.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        given: Presented,
        services: Services,
        record: ConnectionRecord,
    ) -> None:
        self._socket = socket
        self._transport = transport
        self._given = given
        self._services = services
        self._record = record
        self._contexts: dict[str, Context] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._accepted = False
        self._why = ""
        self._active_at = self._now()
        self._handlers: dict[type, Callable[..., Awaitable[None]]] = {
            requests.Create: self._create,
            requests.SendText: self._send_text,
            requests.FlushContext: self._flush,
            requests.CloseContext: self._close,
            requests.CancelContext: self._cancel,
            requests.UpdateConfig: self._update,
        }

    def __repr__(self) -> str:
        return f"<Session {self._record.number} {len(self._contexts)} contexts>"

    async def run(self) -> str:
        """Serve the connection until it ends and return why it did."""
        watchdog = None
        if self._services.config.inactivity_s:
            watchdog = asyncio.create_task(self._watch(), name=f"connection {self._record.number} watchdog")
        try:
            async for message in self._socket:
                self._record.frames_in += 1
                self._active_at = self._now()
                if message.type is WSMsgType.ERROR or not await self._receive(message.type, message.data):
                    break
        except OSError as error:
            self._why = self._why or f"the connection broke: {type(error).__name__}"
        finally:
            if watchdog is not None:
                watchdog.cancel()
            await self._end_contexts()
        return self._why or f"closed by the client ({self._socket.close_code})"

    async def stop(self) -> None:
        """End the connection because the server stops."""
        self._why = "the server stops"
        await self._end_contexts()
        await self._socket.close(code=_CLOSE_GOING_AWAY)

    def open_contexts(self) -> list[Context]:
        """Return the open contexts."""
        return list(self._contexts.values())

    async def emit(self, frame: bytes) -> None:
        """Send a frame; waits while the client reads too slowly, which holds up nobody else.

        Raises:
            OSError: If the connection is gone.
        """
        self._active_at = self._now()
        self._record.frames_out += 1
        await self._socket.send_frame(frame, WSMsgType.TEXT)

    async def _receive(self, kind: WSMsgType, data: str | bytes) -> bool:
        """Handle a frame and return whether the connection goes on."""
        if not self._accepted:
            refusal = judge(self._given, self._services.config.key)
            if refusal is not None:
                await self._fatal(refusal)
                return False
            self._accepted = True
        try:
            # A binary frame is as malformed as bad JSON, whatever is in it (section 9).
            request = requests.decode(data if kind is WSMsgType.TEXT else b"")
            if request is not None:
                await self._handlers[type(request)](request)
        except Malformed:
            await self.emit(replies.malformed())
        return True

    async def _fatal(self, status: Status) -> None:
        """Send an error of the whole connection, then close it (shape B)."""
        self._why = f"refused with code {status.code}"
        await self.emit(replies.connection_status(status))
        await self._socket.close(code=_CLOSE_NORMAL)

    async def _refuse(self, context_id: str, status: Status) -> None:
        await self.emit(replies.context_status(context_id, status))

    async def _create(self, request: requests.Create) -> None:
        options = reading.read(request.settings)
        context_id = request.context_id or str(uuid.uuid4())
        try:
            await self._make_room(context_id)
            voice = self._check(options)
        except Refused as refusal:
            self._record.refused += 1
            await self._refuse(context_id, refusal.status)
            return
        if context_id in self._contexts:
            # duplicate_create is "ignore": the open one goes on.
            return
        record = self._record.open_context(context_id, self._now())
        # Echoed before anything can be spoken: contextCreated is always the first (section 5).
        await self.emit(replies.created(context_id, options.echo()))
        seed = f"{self._services.config.seed}:{self._record.number}:{self._record.created}"
        context = Context(context_id, options, voice, self._services, record, self.emit, self._ended, seed)
        self._contexts[context_id] = context
        self._tasks.add(context.task)
        context.task.add_done_callback(self._task_done)

    async def _make_room(self, context_id: str) -> None:
        config = self._services.config
        present = self._contexts.get(context_id)
        if present is not None and config.duplicate_create == "refuse":
            raise Refused(statuses.already_open(context_id))
        if present is not None and config.duplicate_create == "replace":
            present.cancel("replaced")
        elif present is None and len(self._contexts) >= config.contexts_per_connection:
            raise Refused(statuses.too_many_contexts(config.contexts_per_connection, config.wording))

    def _check(self, options: Options, model_id: str | None = None) -> Voice | None:
        """Return the voice of a context whose settings are in order; None if it is to be missed later.

        Args:
            options: The settings.
            model_id: The model that an update must not change.

        Raises:
            Refused: If they are not.
        """
        reading.check(options, self._services.config)
        if model_id is not None and options.model_id != model_id:
            raise Refused(statuses.invalid("model_id cannot be changed."))
        voice = self._services.catalogue.find(options.voice_id)
        if voice is None and self._services.config.voice_error_at == "create":
            raise Refused(statuses.unknown_voice(options.voice_id))
        return voice

    async def _send_text(self, request: requests.SendText) -> None:
        context = await self._find(request.context_id, request.payload)
        if context is None:
            return
        try:
            context.send_text(request.text, flush=request.flush)
        except Refused as refusal:
            await self._refuse(context.context_id, refusal.status)

    async def _flush(self, request: requests.FlushContext) -> None:
        context = await self._find(request.context_id, request.payload)
        if context is not None:
            context.flush()

    async def _close(self, request: requests.CloseContext) -> None:
        context = await self._find(request.context_id, request.payload)
        if context is None:
            return
        try:
            context.close()
        except Refused as refusal:
            await self._refuse(context.context_id, refusal.status)

    async def _cancel(self, request: requests.CancelContext) -> None:
        how = self._services.config.cancel
        if how == "unknown":
            return
        context = await self._find(request.context_id, request.payload, closing=True)
        if context is None:
            return
        context.cancel("cancelled")
        if how == "close":
            await self.emit(replies.closed(context.context_id))

    async def _update(self, request: requests.UpdateConfig) -> None:
        context = await self._find(request.context_id, request.payload)
        if context is None:
            return
        options = reading.read(request.settings, context.options)
        try:
            voice = self._check(options, model_id=context.options.model_id)
        except Refused as refusal:
            await self._refuse(context.context_id, refusal.status)
            return
        context.update(options, voice)
        await self.emit(replies.updated(context.context_id, options.echo()))

    async def _find(self, context_id: str | None, payload: str, *, closing: bool = False) -> Context | None:
        """Return the context of a message; answer with a status if there is none (section 9).

        A context that was told to close takes no more text (what the service does is unknown): for the client it
        is gone, though it still counts until ``contextClosed``.
        """
        config = self._services.config
        usable = [context for context in self._contexts.values() if closing or not context.closing]
        if context_id is None:
            if len(usable) == 1:
                return usable[0]
            await self._refuse("", statuses.missing_context_id(config.missing_id_code, len(usable), payload))
            return None
        found = self._contexts.get(context_id)
        if found is None or found not in usable:
            await self._refuse(context_id, statuses.unknown_context(context_id, payload, config.wording))
            return None
        return found

    def _ended(self, context: Context, how: str) -> None:
        self._record.end_context(context.record, how, self._now())
        if self._contexts.get(context.context_id) is context:
            del self._contexts[context.context_id]

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.error("a context failed unexpectedly", exc_info=error)

    async def _end_contexts(self) -> None:
        for context in self.open_contexts():
            context.cancel("lost")
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _watch(self) -> None:
        """End the connection after a long silence on all of its contexts (sections 2 and 10).

        Frames in either direction count as activity, pings do not (section 17, 9: unknown).
        """
        limit = self._services.config.inactivity_s
        while (left := self._active_at + limit - self._now()) > 0:  # noqa: ASYNC110 - a deadline that moves, no poll
            await asyncio.sleep(left)
        self._why = "inactive"
        await self.emit(replies.connection_status(statuses.INACTIVE))
        if self._services.config.inactivity_end == "drop" and self._transport is not None:
            # What was written goes out first: abort() would throw it away.
            await asyncio.sleep(0)
            self._transport.abort()
        else:
            await self._socket.close(code=_CLOSE_NORMAL)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
