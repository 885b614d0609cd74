"""One open context: text in, syntheses one after another, audio out at its pace."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import Final

from voxpool.server import replies, statuses
from voxpool.server.buffering import TextBuffer, UnfinishedMarkup
from voxpool.server.chunking import ChunkSizes
from voxpool.server.encoders import Encoder, make_encoder
from voxpool.server.faults import Facts, Fault
from voxpool.server.ledger import ContextRecord
from voxpool.server.line import Line
from voxpool.server.options import Options
from voxpool.server.pacing import Pacer
from voxpool.server.services import Services
from voxpool.server.speaking import Chunk, Speaking
from voxpool.server.speech import EngineFailed
from voxpool.server.spoiling import spoil_audio, stale_frames
from voxpool.server.statuses import Refused, Status
from voxpool.server.voices import Voice

_logger = logging.getLogger(__name__)
_LAST_FRAMES: Final = 4


@dataclass(frozen=True, slots=True)
class Part:
    """A text to be spoken in one synthesis, with the settings that were in force when it was flushed."""

    text: str
    options: Options
    voice: Voice | None


class Context:
    """One context of a connection.

    Args:
        context_id: The client's id.
        options: Its settings.
        voice: Its voice; None if there is no such voice and nobody has been told yet.
        services: The parts of the server.
        record: Its account.
        line: Sends its frames.
        on_end: Called once, when it has ended, with how.
        facts: What faults are held against.
    """

    def __init__(
        self,
        context_id: str,
        options: Options,
        voice: Voice | None,
        services: Services,
        record: ContextRecord,
        line: Line,
        on_end: Callable[[Context, str], None],
        facts: Facts,
    ) -> None:
        self.context_id = context_id
        self.options = options
        self.record = record
        self._voice = voice
        self._services = services
        self._line = line
        self._facts = facts
        self._on_end = on_end
        seed = f"{services.config.seed}:{facts.connection}:{facts.context}"
        self._buffer = TextBuffer(options.rules(services.config))
        self._pacer = Pacer(services.config.timing, random.Random(seed))  # noqa: S311 - not for secrets
        self._encoder = self._new_encoder(options)
        self._parts: deque[Part] = deque()
        self._waiting_characters = 0
        self._wake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._speaking_characters = 0
        self._chunks = 0
        self._last: deque[bytes] = deque(maxlen=_LAST_FRAMES)
        self._closing = False
        self._task = asyncio.create_task(self._run(), name=f"context {context_id[:40]}")

    def __repr__(self) -> str:
        return f"<Context {self.context_id[:40]} {self.record.state} {len(self._parts)} parts wait>"

    @property
    def closing(self) -> bool:
        """Whether it was told to close and drains."""
        return self._closing

    @property
    def held_characters(self) -> int:
        """Characters that it has not finished to speak."""
        return self._buffer.characters + self._speaking_characters + self._waiting_characters

    @property
    def facts(self) -> Facts:
        """What faults are held against."""
        return self._facts

    @property
    def task(self) -> asyncio.Task[None]:
        """The task that speaks."""
        return self._task

    def send_text(self, text: str, *, flush: bool) -> None:
        """Take text.

        Raises:
            Refused: If it is too long, or too much waits already; nothing of it is spoken then (section 4.2).
        """
        config = self._services.config
        if len(text) > config.text_limit:
            self.record.refused_characters += len(text)
            raise Refused(statuses.text_too_long(config.text_limit))
        if len(text) + self.held_characters > config.held_characters:
            self.record.refused_characters += len(text)
            raise Refused(statuses.too_much_text(config.held_characters))
        self.record.asked_messages += 1
        self.record.asked_characters += len(text)
        self._queue(self._buffer.append(text, self._now(), busy=self._busy))
        if flush:
            self._queue(self._buffer.flush())
        self._set_timer()

    def flush(self) -> None:
        """Speak what is buffered."""
        self._queue(self._buffer.flush())
        self._set_timer()

    def update(self, options: Options, voice: Voice | None) -> None:
        """Change the settings for what is flushed from now on (section 4.6)."""
        self._queue(self._buffer.update(options.rules(self._services.config)))
        self.options, self._voice = options, voice
        self._set_timer()

    def close(self) -> None:
        """Speak what is buffered, then end.

        Raises:
            Refused: If the text ends in the middle of a tag; it stays open then.
        """
        try:
            due = self._buffer.close()
        except UnfinishedMarkup as error:
            raise Refused(statuses.unfinished_markup()) from error
        self._closing = True
        self.record.state = "closing"
        self._set_timer()
        self._queue(due)
        self._wake.set()

    def cancel(self, how: str) -> None:
        """End at once and silently; ``on_end`` is called before this returns."""
        self.stop()
        self._on_end(self, how)

    def stop(self) -> None:
        """Stop silently and stay: a slot that is never given back."""
        self._drop()
        self._task.cancel()

    @property
    def _busy(self) -> bool:
        return bool(self._speaking_characters or self._parts)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _queue(self, texts: list[str]) -> None:
        self._parts.extend(Part(text, self.options, self._voice) for text in texts)
        self._waiting_characters += sum(map(len, texts))
        if texts:
            self._wake.set()

    def _next_part(self) -> Part:
        part = self._parts.popleft()
        self._waiting_characters -= len(part.text)
        return part

    def _drop(self) -> None:
        """Forget what is not spoken yet."""
        self.record.dropped_characters += self.held_characters
        self._buffer.drop()
        self._parts.clear()
        self._waiting_characters = 0
        self._set_timer()

    def _set_timer(self) -> None:
        """Keep one timer for the delay of section 6.1 (c); it restarts with each new text."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._buffer.deadline is not None:
            self._timer = asyncio.get_running_loop().call_at(self._buffer.deadline, self._tick)

    def _tick(self) -> None:
        self._timer = None
        # The loop may run a timer a clock tick early.
        self._queue(self._buffer.tick(max(self._now(), self._buffer.deadline or 0.0)))
        self._set_timer()

    async def _run(self) -> None:
        continues = False
        try:
            while True:
                if not self._parts:
                    self._queue(self._buffer.idle())
                if self._parts:
                    await self._speak(self._next_part(), continues=continues)
                    continues = True
                elif self._closing:
                    await self._say_closed()
                    return
                else:
                    continues = False
                    self._wake.clear()
                    await self._wake.wait()
        except Refused as error:
            await self._fail(error.status)
        except EngineFailed as error:
            await self._fail(statuses.engine_failed(str(error)))
        except OSError as error:
            # The connection is gone; its session ends this context.
            _logger.debug("%s ends: %s", self, error)
        except Exception:
            # A mistake of ours must not keep the slot, nor its client waiting.
            _logger.exception("a context failed unexpectedly")
            await self._fail(statuses.engine_failed("internal error."))

    async def _speak(self, part: Part, *, continues: bool) -> None:
        if part.voice is None:
            raise Refused(statuses.unknown_voice(part.options.voice_id))
        self._speaking_characters = len(part.text)
        waited = await self._services.generations.acquire()
        # What waited for its turn is no part of the stream before it: its audio takes its time from now on.
        self._pacer.begin(self._now(), continues=continues and not waited)
        try:
            if part.options.audio_config != self._encoder_config:
                self._encoder = self._new_encoder(part.options)
            config = self._services.config
            sizes = ChunkSizes.of(
                part.options.sample_rate_hz, config.first_chunk_s, config.chunk_s, config.last_chunk_samples
            )
            speaking = Speaking(part.text, part.options, part.voice, self._encoder, self._services, self, sizes)
            async with aclosing(speaking.chunks()) as chunks:
                async for chunk in chunks:
                    await self._deliver(chunk, part)
        finally:
            self._services.generations.release()
            self._speaking_characters = 0
        faults = await self._strike("flush", text=part.text)
        self.record.flushes += 1
        await self._emit(replies.flush_completed(self.context_id), faults)

    async def _deliver(self, chunk: Chunk, part: Part) -> None:
        due = self._pacer.due(chunk.duration_s)
        if due is not None and (delay := due - self._now()) > 0:
            await asyncio.sleep(delay)
        body = replies.chunk(chunk.audio, chunk.characters, part.options.model_id, chunk.timestamps)
        audio = chunk.audio
        faults: tuple[Fault, ...] = ()
        self._chunks += bool(audio)
        if audio and self._services.faults:
            faults = await self._strike("audio", chunk=self._chunks, text=part.text)
            body, audio = spoil_audio(body, audio, faults)
        await self._emit(replies.audio_chunk(self.context_id, body), faults)
        self.record.sent(audio, chunk.duration_s, chunk.characters, self._now())

    async def _say_closed(self) -> None:
        faults = await self._strike("close")
        if any(fault.effect == "omit" for fault in faults):
            # A context that is never closed: its slot stays taken until the connection ends.
            await asyncio.Event().wait()
        # The slot is free before the client hears of it: it may use it at once.
        self._on_end(self, "closed")
        await self._emit(replies.closed(self.context_id), faults)
        for fault in faults:
            if fault.effect == "stale":
                for frame in stale_frames(self._last, fault.count):
                    await self._line.emit(frame)

    async def _emit(self, frame: bytes, faults: tuple[Fault, ...] = ()) -> None:
        await self._line.emit(frame, faults)
        if self._services.faults:
            self._last.append(frame)

    async def _strike(self, place: str, *, chunk: int = 0, text: str = "") -> tuple[Fault, ...]:
        """Let faults strike; return those that are a matter of the frame.

        Raises:
            Refused: If one of them fails the context.
        """
        if not self._services.faults:
            return ()
        faults = await self._line.strike(place, replace(self._facts, chunk=chunk, text=text))
        for fault in faults:
            if fault.effect == "status":
                raise Refused(Status(fault.status_code, fault.message or "injected fault"))
            if fault.effect == "rate":
                self._pacer.change_rate(fault.rate, self._now())
        return faults

    async def fail(self, status: Status) -> None:
        """End with a status from outside."""
        self._task.cancel()
        await self._fail(status)

    async def _fail(self, status: Status) -> None:
        """End with a status; nothing more ever comes for this id (section 9)."""
        self.record.failed(status.body)
        self._drop()
        self._on_end(self, "failed")
        # Where the connection is gone, nobody is left to be told.
        with suppress(OSError):
            await self._emit(replies.context_status(self.context_id, status))

    def _new_encoder(self, options: Options) -> Encoder:
        self._encoder_config = options.audio_config
        return make_encoder(
            options.encoding,
            options.sample_rate_hz,
            bit_rate=options.bit_rate,
            wav_size_field=self._services.config.wav_size_field,
        )
