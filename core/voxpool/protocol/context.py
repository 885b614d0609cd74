"""One context: its phase, its audio and its times.  ``life`` holds the table, ``session`` the frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from voxpool.errors import ConnectionLost, ProtocolError, VoxpoolError, WrongState
from voxpool.events import SlotState
from voxpool.protocol.decoder import Decoder, reader_for
from voxpool.protocol.life import DEAF, HEARING, OURS, SLOT_STATES, TABLE, Phase, Step, meaning
from voxpool.protocol.outputs import AudioOut, EndedOut, Ending, ErrorOut, Output
from voxpool.protocol.settings import ContextSettings
from voxpool.protocol.status import Code, to_error
from voxpool.protocol.timestamps import TimedWord, TimeLine

if TYPE_CHECKING:
    from voxpool.protocol.messages import Status, Timestamps

_SILENCE: Final[NDArray[np.int16]] = np.empty(0, dtype="<i2")
_SILENCE.flags.writeable = False

_record: Final = tuple.__new__
"""Makes a named tuple in half the time that its own constructor takes."""

OnState = Callable[["ContextLife", SlotState, SlotState], None]
"""Called with the context, the state before and the state after, at every change that the grid can see."""


class ContextLife:
    """One context from its ``create`` to the moment the service lets go.

    Attributes:
        context_id: Id on the wire.
        settings: What it was created with.
        phase: Where it is; only ``step`` changes it.
        confirmed: Whether ``contextCreated`` came (or audio, which implies it).
        close_sent: Whether ``close_context`` was sent.
        cancel_sent: Whether ``cancel_context`` was sent.
        sent_characters: Characters of text sent.
        sent_flushes: Explicit flushes sent.
        syntheses: ``flushCompleted`` messages received.
        characters: Characters the service says it processed.
        model: Model that the service says it used, or None.
        late_chunks: Audio and time messages that came after a cancel or a defect and were dropped.
        error: The first thing that went wrong, or None.
        suspicion: A top-level error that came while this context was not confirmed, or None: it explains a
            "not found" that follows, or a silence (section 13, number 3).
    """

    __slots__ = (
        "_deaf", "_earlier_s", "_hearing", "_on_state", "_reader", "_samples", "_times",
        "cancel_sent", "characters", "close_sent", "confirmed", "context_id", "error", "late_chunks",
        "model", "phase", "sample_rate_hz", "sent_characters", "sent_flushes", "settings", "suspicion", "syntheses",
    )  # fmt: skip

    def __init__(
        self,
        context_id: str,
        settings: ContextSettings,
        *,
        decoder: Decoder | None = None,
        on_state: OnState | None = None,
    ) -> None:
        self.context_id = context_id
        self.settings = settings
        self.phase = Phase.CREATING
        self.confirmed = False
        self.close_sent = False
        self.cancel_sent = False
        self.sent_characters = 0
        self.sent_flushes = 0
        self.syntheses = 0
        self.characters = 0
        self.model: str | None = None
        self.late_chunks = 0
        self.error: VoxpoolError | None = None
        self.suspicion: VoxpoolError | None = None
        self.sample_rate_hz = settings.sample_rate_hz
        self._reader = reader_for(settings, decoder)
        self._times = TimeLine()
        self._samples = 0
        self._earlier_s = 0.0
        self._on_state = on_state
        # The phase, asked by the hot path: hashing an Enum member is a Python call.
        self._hearing = self._deaf = False

    def __repr__(self) -> str:
        return f"<ContextLife {self.context_id}: {self.phase.value}, {self.heard_s:.2f} s heard>"

    @property
    def slot_state(self) -> SlotState:
        """The phase as the grid sees it."""
        return SLOT_STATES[self.phase]

    @property
    def heard_s(self) -> float:
        """Seconds of audio received and delivered."""
        return self._earlier_s + self._samples / self.sample_rate_hz

    @property
    def deaf(self) -> bool:
        """Whether what still comes reaches nobody (cancelled, or of no more use)."""
        return self._deaf

    @property
    def can_close(self) -> bool:
        """Whether ``close_context`` may be sent now."""
        return Step.CLOSE in TABLE[self.phase]

    @property
    def can_cancel(self) -> bool:
        """Whether ``cancel_context`` may be sent now."""
        return Step.CANCEL in TABLE[self.phase]

    def announce(self) -> None:
        """Tell that the context is being created: its slot was reserved until now."""
        if self._on_state is not None:
            self._on_state(self, SlotState.RESERVED, self.slot_state)

    def check(self, step: Step) -> None:
        """Raise ``WrongState`` if a step of ours is not possible now."""
        if step not in TABLE[self.phase]:
            raise WrongState(step.value, self.context_id, self.phase.value)

    def step(self, step: Step) -> bool:
        """Take a step: the one place where the phase changes.

        Returns:
            Whether the table knows the step.  A step of the service that it does not know changes nothing.

        Raises:
            WrongState: If a step of ours is not possible now.
        """
        target = TABLE[self.phase].get(step)
        if target is None:
            if step in OURS:
                raise WrongState(step.value, self.context_id, self.phase.value)
            return False
        if target is not self.phase:
            old, self.phase = SLOT_STATES[self.phase], target
            self._hearing, self._deaf = target in HEARING, target in DEAF
            new = SLOT_STATES[target]
            if new is not old and self._on_state is not None:
                self._on_state(self, old, new)
        return True

    # What we send.

    def text_sent(self, text: str, *, flush: bool) -> None:
        """Note a ``send_text``; empty text is a keepalive and begins nothing (section 4.2)."""
        if text:
            self.step(Step.TEXT)
            self.sent_characters += len(text)
        if flush:
            self.flush_sent()

    def flush_sent(self) -> None:
        """Note an explicit flush."""
        self.step(Step.FLUSH)
        self.sent_flushes += 1

    def closed(self) -> None:
        """Note a ``close_context``."""
        self.step(Step.CLOSE)
        self.close_sent = True

    def cancelled(self) -> None:
        """Note a ``cancel_context``: nothing more is delivered from here on."""
        self.step(Step.CANCEL)
        self.cancel_sent = True

    # What comes.

    def created(self) -> bool:
        """Take ``contextCreated``; return whether it was news."""
        news = self.step(Step.CREATED) and not self.confirmed
        self.confirmed = True
        return news

    def audio(
        self, data: bytes, characters: int = 0, timestamps: Timestamps | None = None
    ) -> AudioOut | ErrorOut | None:
        """Take the content of an ``audioChunk``.

        Args:
            data: Audio in the context's encoding, perhaps empty.
            characters: Processed characters it reports.
            timestamps: Its alignment, or None.

        Returns:
            What to deliver; an error when the audio cannot be read; or None when nothing is to be delivered.
        """
        self.characters += characters
        if self._deaf:
            self.late_chunks += 1
            return None
        try:
            pcm = self._reader.decode(data) if data else _SILENCE
        except ProtocolError as error:
            return self.broke(error)
        return self._deliver(pcm, self._times.place(timestamps) if timestamps is not None else (), characters)

    def plain_audio(self, data: bytes) -> AudioOut | ErrorOut | None:
        """Do the same for a chunk that brings audio and nothing else.

        Nearly all frames end here, so the usual case, audio that is expected and comes at the known rate, is
        written out; everything else goes the long way.
        """
        reader = self._reader
        if not self._hearing:
            return self.audio(data)
        try:
            pcm = reader.decode(data)
        except ProtocolError as error:
            return self.broke(error)
        size, rate = len(pcm), self.sample_rate_hz
        if not size or reader.sample_rate_hz != rate:
            return self._deliver(pcm, (), 0)
        before = self._samples
        self._samples = before + size
        return _record(AudioOut, (self.context_id, pcm, self._earlier_s + before / rate, rate, (), 0, False))

    def _deliver(self, pcm: NDArray[np.int16], words: tuple[TimedWord, ...], characters: int) -> AudioOut | None:
        """Count samples and step; the audio of a context that never got text is dropped."""
        size = len(pcm)
        first = False
        if size:
            if not self._hearing:
                if not self.step(Step.AUDIO):
                    self.late_chunks += 1
                    return None
                self.confirmed = first = True
            if self._reader.sample_rate_hz != self.sample_rate_hz:
                self._change_rate(self._reader.sample_rate_hz)
        elif not (words or characters):
            return None
        samples, rate = self._samples, self.sample_rate_hz
        self._samples = samples + size
        return AudioOut(self.context_id, pcm, self._earlier_s + samples / rate, rate, words, characters, first)

    def _change_rate(self, sample_rate_hz: int) -> None:
        """Count on at the rate that a header declares, where it is not the requested one."""
        self._earlier_s, self._samples = self.heard_s, 0
        self.sample_rate_hz = sample_rate_hz

    def synthesis_ended(self) -> tuple[AudioOut | ErrorOut | None, bool]:
        """Take ``flushCompleted``: deliver what the reader held back, then let times count from here.

        Returns:
            Audio that was held back or None, and whether the message was expected.
        """
        expected = self.step(Step.FLUSHED)
        held = self._drain()
        self.syntheses += 1
        self._times.synthesis_ended(self.heard_s)
        return held, expected

    def _drain(self) -> AudioOut | ErrorOut | None:
        try:
            pcm = self._reader.end()
        except ProtocolError as error:
            return self.broke(error)
        return self._deliver(pcm, (), 0) if len(pcm) and not self._deaf else None

    def status(self, status: Status) -> Output | None:
        """Take a status that is not 0 (error shape A, section 9)."""
        error: VoxpoolError = to_error(status, self.context_id, confirmed=self.confirmed)
        step = meaning(status.code, confirmed=self.confirmed)
        if step is Step.GONE:
            if status.code == Code.NOT_FOUND and not self.confirmed and self.suspicion is not None:
                # The create was rejected by a top-level error: that is the cause, "not found" only the echo.
                error = self.suspicion
            return self.ended(Step.GONE, error)
        if step is Step.REFUSED:
            return self.refused(error)
        return self.broke(error)

    def refused(self, error: VoxpoolError) -> ErrorOut:
        """Note that one message was refused; the context goes on."""
        self.step(Step.REFUSED)
        self.error = self.error or error
        return ErrorOut(self.context_id, error, broken=False)

    def broke(self, error: VoxpoolError) -> ErrorOut | None:
        """Note that the context is of no more use; news only once."""
        news = not self._deaf
        self.step(Step.BROKE)
        if not news:
            return None
        self.error = self.error or error
        return ErrorOut(self.context_id, error, broken=True)

    def ended(self, step: Step, error: VoxpoolError | None) -> EndedOut:
        """Take the end, by ``ENDED``, ``GONE`` or ``LOST``.

        Args:
            step: Which of the three.
            error: What ended it, if anything did.
        """
        self.step(step)
        if self.phase is Phase.FAILED:
            self.error = self.error or error
        ending = {Step.ENDED: Ending.CLOSED, Step.GONE: Ending.GONE, Step.LOST: Ending.LOST}[step]
        return EndedOut(self.context_id, ending, None if self.cancel_sent else self.error, self.heard_s)

    def context_closed(self) -> tuple[AudioOut | ErrorOut | None, EndedOut]:
        """Take ``contextClosed``: deliver what was held back, then end."""
        held = self._drain()
        unasked = ProtocolError("contextClosed without a close_context: text that was buffered is lost")
        return held, self.ended(Step.ENDED, unasked)

    def lost(self, connection_id: int, why: str, cause: VoxpoolError | None) -> EndedOut:
        """Take the end of the connection."""
        return self.ended(Step.LOST, cause or ConnectionLost(connection_id, why, self.heard_s))
