"""An utterance of a run while it is under way, and the sample that it becomes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from voxpool.errors import ServiceError, VoxpoolError
from voxpool.events import Outcome
from voxpool.pool.utterance import Utterance
from voxpool.stress.behaviours import Turn
from voxpool.stress.cost import CHARACTERS_PER_SECOND
from voxpool.stress.failures import error_kind
from voxpool.stress.playback import Playback
from voxpool.stress.sample import Sample

NO_AUDIO: Final = "no audio"
"""The kind of error of an utterance that was done without any audio."""
_NO_AUDIO_WORDS: Final = "the service was done with it and sent no audio; is there anything in its text to say?"


@dataclass(slots=True, eq=False)
class Draft:
    """One utterance under way.  Times are on the run's clock.

    Attributes:
        number: Serial number in the run, from 1.
        turn: What is said.
        phase: Index of the phase.
        call: The conversation it is a turn of, from 1, or 0.
        scheduled: When it should begin.
        started: When the pool was asked.
        playback: What a listener hears.
        utterance: The pool's, or None when it was refused.
        interrupted: When it was interrupted on purpose, or None.
        cut: When its listener stopped listening, though all of it had arrived, or None.
        closed: When it ended, or None.
        slot_free: When its slot came free, or None.
        error: What ended it, or None.
        row: Grid row, or -1.
        column: Grid column, or -1.
        connection_id: Serial number of the connection, or 0.
        ready: When it could begin: later than ``scheduled`` when no line was free.
        speaking: Whether it is between its first audio and its end.
        written: Whether the pool has all of its text.
        warm_up: Whether it belongs to the warm-up, which is not counted.
        mute: Whether the pool was done with it and no audio had come: for who listens that is a failure.
    """

    number: int
    turn: Turn
    phase: int
    call: int
    scheduled: float
    started: float
    playback: Playback
    utterance: Utterance | None = None
    interrupted: float | None = None
    cut: float | None = None
    closed: float | None = None
    slot_free: float | None = None
    error: VoxpoolError | None = None
    row: int = -1
    column: int = -1
    connection_id: int = 0
    ready: float = 0.0
    speaking: bool = False
    written: bool = False
    warm_up: bool = False
    mute: bool = False

    @property
    def late_ms(self) -> float:
        """How late the tool was to ask; waiting for a free line is not its fault."""
        return max(0.0, self.started - max(self.scheduled, self.ready)) * 1000.0

    @property
    def text(self) -> str:
        """What is said."""
        return self.turn.words.text

    @property
    def sent_characters(self) -> int:
        """Characters that sockets took so far, over all attempts: what did not go out costs nothing."""
        return self.utterance.sent_characters if self.utterance is not None else 0

    @property
    def failed(self) -> bool:
        """Whether it failed."""
        return self.error is not None or self.mute

    @property
    def outcome(self) -> Outcome:
        """How it ended."""
        if self.failed:
            return Outcome.FAILED
        outcome = self.utterance.outcome if self.utterance is not None else None
        return outcome or Outcome.CANCELLED

    @property
    def cut_short(self) -> bool:
        """Whether the end of the run ended it, and nobody interrupted it on purpose."""
        return self.outcome is Outcome.CANCELLED and self.interrupted is None

    @property
    def wasted_characters(self) -> int:
        """Characters that were paid for and not heard, estimated from how long speech takes."""
        utterance = self.utterance
        if utterance is None or utterance.attempts == 0:
            return 0
        stages = utterance.stages
        stopped = self.cut if self.cut is not None else self.interrupted
        if stopped is None and self.outcome is Outcome.DONE:
            # All of its last attempt was heard, and nothing of those before it.
            return max(0, utterance.sent_characters - len(utterance.text))
        if stages.first_text_s is None:
            return utterance.sent_characters
        paid = utterance.characters or utterance.sent_characters
        heard_s = utterance.audio_s
        if stopped is not None:
            heard_s = min(heard_s, max(0.0, stopped - (stages.first_audio_s or stopped)))
        return max(0, paid - round(heard_s * CHARACTERS_PER_SECOND))

    def sample(self, began: float) -> Sample:
        """Return the sample.

        Args:
            began: When the run began.
        """

        def since(at: float | None) -> float | None:
            return None if at is None else at - began

        error, settings = self.error, self.turn.words.settings
        code = error.code if isinstance(error, ServiceError) else None
        plain = Sample(
            number=self.number,
            phase=self.phase,
            warm_up=self.warm_up,
            call=self.call,
            label=self.text[:80],
            text=self.text,
            voice=settings.voice,
            model=settings.model,
            characters=len(self.text),
            sent_characters=self.sent_characters,
            row=self.row,
            column=self.column,
            connection_id=self.connection_id,
            scheduled_s=self.scheduled - began,
            ready_s=since(self.ready) if self.ready > self.scheduled else None,
            started_s=self.started - began,
            closed_s=since(self.closed),
            outcome=self.outcome,
            error_kind=NO_AUDIO if self.mute else error_kind(error) if error is not None else "",
            error=_NO_AUDIO_WORDS if self.mute else str(error) if error is not None else "",
            code=code,
            stalls=self.playback.stalls,
            stalled_s=self.playback.stalled_s,
            longest_stall_s=self.playback.longest_s,
            wasted_characters=self.wasted_characters,
        )
        utterance = self.utterance
        if utterance is None:
            return plain
        stages = utterance.stages
        return replace(
            plain,
            utterance_id=utterance.id,
            attempts=utterance.attempts,
            granted_s=since(stages.granted_s),
            connected_s=since(stages.connected_s),
            created_s=since(stages.created_s),
            first_text_s=since(stages.first_text_s),
            first_audio_s=since(stages.first_audio_s),
            last_audio_s=since(stages.last_audio_s),
            interrupted_s=since(self.interrupted),
            slot_free_s=since(self.slot_free if self.slot_free is not None else stages.slot_free_s),
            late_bytes_s=since(stages.late_audio_s) if self.interrupted is not None else None,
            audio_s=utterance.audio_s,
            chunks=utterance.chunks,
        )
