"""One connection: frames in order, at most five contexts, the three shapes of errors (sections 2 to 9)."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

from aiohttp import WSMsgType, web

from voxpool.server import options as reading
from voxpool.server import replies, requests, statuses
from voxpool.server.context import Context
from voxpool.server.credentials import Presented, judge
from voxpool.server.faults import Facts, Fault
from voxpool.server.ledger import ConnectionRecord
from voxpool.server.line import GOING_AWAY, Line, LineEnded
from voxpool.server.options import Options
from voxpool.server.requests import Malformed
from voxpool.server.services import Services
from voxpool.server.statuses import Refused, Status
from voxpool.server.voices import Voice

_logger = logging.getLogger(__name__)


class Session:
    """One connection.

    Args:
        socket: The prepared WebSocket.
        line: Its writing side.
        given: The credential that came with the upgrade.
        services: The parts of the server.
        record: Its account.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        line: Line,
        given: Presented,
        services: Services,
        record: ConnectionRecord,
    ) -> None:
        self._socket = socket
        self._line = line
        self._given = given
        self._services = services
        self._record = record
        self._contexts: dict[str, Context] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._accepted = False
        self._finished = asyncio.Event()
        self._facts = Facts(record.number, record.request_id)
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

    @property
    def line(self) -> Line:
        """Its writing side."""
        return self._line

    @property
    def facts(self) -> Facts:
        """What faults are held against."""
        return self._facts

    async def run(self) -> str:
        """Serve the connection until it ends and return why it did."""
        watchdog = asyncio.create_task(self._line.watch(), name=f"connection {self._record.number} watchdog")
        try:
            with suppress(LineEnded):
                await self._line.strike("open", self._facts)
            async for message in self._socket:
                if message.type is WSMsgType.ERROR:
                    self._line.why = self._line.why or f"a frame was refused: {message.data}"
                    break
                self._record.frames_in += 1
                self._line.active_at = self._now()
                # After our own close frame only the client's answer to it is of interest.
                if not self._line.closing:
                    with suppress(LineEnded):
                        await self._receive(message.type, message.data)
        except OSError as error:
            self._line.why = self._line.why or f"the connection broke: {type(error).__name__}"
        finally:
            watchdog.cancel()
            await self._end_contexts()
            await self._line.finish()
            self._finished.set()
        return self._line.why or f"closed by the client ({self._socket.close_code})"

    async def stop(self) -> None:
        """End the connection because the server stops, and wait until it has ended."""
        self._line.why = self._line.why or "the server stops"
        for context in self.open_contexts():
            context.cancel("lost")
        # Nobody waits for a slow network when the server stops.
        await self._line.close(GOING_AWAY, drain=False)
        await self._finished.wait()

    def open_contexts(self) -> list[Context]:
        """Return the open contexts."""
        return list(self._contexts.values())

    async def _receive(self, kind: WSMsgType, data: str | bytes) -> None:
        """Handle a frame."""
        if not self._accepted:
            refusal = judge(self._given, self._services.config.key)
            if refusal is not None:
                await self._line.fatal(refusal)
                return
            self._accepted = True
        try:
            # A binary frame is as malformed as bad JSON, whatever is in it (section 9).
            request = requests.decode(data if kind is WSMsgType.TEXT else b"")
            if request is not None:
                await self._handlers[type(request)](request)
        except Malformed:
            await self._line.emit(replies.malformed())

    async def _refuse(self, context_id: str, status: Status) -> None:
        await self._line.emit(replies.context_status(context_id, status))

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
        number, refused = self._record.created + 1, self._record.refused
        facts = replace(self._facts, context=number, context_id=context_id, refused=refused)
        faults = await self._strike("create", facts)
        if faults is None:
            self._record.refused += 1
            return
        record = self._record.open_context(context_id, self._now())
        # Echoed before anything can be spoken: contextCreated is always the first (section 5).
        await self._line.emit(replies.created(context_id, options.echo()), faults)
        context = Context(context_id, options, voice, self._services, record, self._line, self._ended, facts)
        self._contexts[context_id] = context
        self._tasks.add(context.task)
        context.task.add_done_callback(self._task_done)

    async def _strike(self, place: str, facts: Facts) -> tuple[Fault, ...] | None:
        """Let faults strike; None if one of them answered with a status."""
        faults = await self._line.strike(place, facts)
        for fault in faults:
            if fault.effect == "status":
                await self._refuse(facts.context_id, Status(fault.status_code, fault.message or "injected fault"))
                return None
        return faults

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
        if self._services.faults:
            faults = await self._strike("text", replace(context.facts, text=request.text))
            if faults is None:
                context.cancel("failed")
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
        faults = await self._strike("close", context.facts) or ()
        if any(fault.effect == "omit" for fault in faults):
            context.stop()
            return
        context.cancel("cancelled")
        if how == "close":
            await self._line.emit(replies.closed(context.context_id), faults)

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
        await self._line.emit(replies.updated(context.context_id, options.echo()))

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

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
