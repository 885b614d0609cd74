"""Carries out what callers do: asks the pool for each turn, reads it, interrupts it, and notes when what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Protocol

from voxpool.errors import CredentialRejected, VoxpoolError
from voxpool.events import Outcome
from voxpool.pool.utterance import StreamingUtterance, Utterance
from voxpool.stress.alarm import Alarm
from voxpool.stress.behaviours import AnyBehaviour, Draw, Turn
from voxpool.stress.control import RunControl
from voxpool.stress.draft import Draft
from voxpool.stress.playback import Playback
from voxpool.stress.recorder import Recorder

if TYPE_CHECKING:
    from voxpool.chunk import AudioChunk
    from voxpool.pool.pool import Pool


class Ear(Protocol):
    """Who listens to the utterances of a run; every method must return at once and must not raise."""

    def began(self, utterance: Utterance, text: str) -> None:
        """The pool took an utterance."""

    def heard(self, utterance: Utterance, chunk: AudioChunk) -> None:
        """A chunk of it arrived."""

    def ended(self, utterance: Utterance) -> None:
        """It is over for its caller."""


class Callers:
    """Runs callers on a pool.

    Args:
        pool: The pool.
        behaviour: What each caller does.
        draw: Chooses texts and voices.
        seed: Of everything random; each caller has its own source, whatever the others do.
        jitter_s: Jitter buffer of a listener, in seconds.
        most_characters: The run stops before more are sent, or None.
        recorder: Keeps the books.
        control: Stopped when the cap is reached.
        clock: Monotonic seconds.
        ear: Listens to them, or None.
        refused: Called when the service does not accept the credential, or None.
    """

    def __init__(
        self,
        pool: Pool,
        behaviour: AnyBehaviour,
        draw: Draw,
        *,
        seed: int,
        jitter_s: float,
        most_characters: int | None,
        recorder: Recorder,
        control: RunControl,
        clock: Callable[[], float],
        ear: Ear | None = None,
        refused: Callable[[CredentialRejected], None] | None = None,
    ) -> None:
        self._pool = pool
        self._behaviour = behaviour
        self._draw = draw
        self._seed = seed
        self._jitter_s = jitter_s
        self._most_characters = most_characters
        self._recorder = recorder
        self._control = control
        self._clock = clock
        self._ear = ear
        self._refused = refused
        self._calls = 0
        self._pausing: set[asyncio.Task[object]] = set()
        self._hung_up = False

    def __repr__(self) -> str:
        return f"<Callers {self._calls} so far, {len(self._pausing)} pausing>"

    def pick_up(self) -> None:
        """Let callers begin turns (again)."""
        self._hung_up = False

    def hang_up(self) -> None:
        """Let nobody begin another turn; turns under way go on."""
        self._hung_up = True
        for task in [*self._pausing]:
            task.cancel()

    async def call(self, scheduled: float, phase_at: Callable[[float], int], ready: float | None = None) -> bool:
        """Run one caller to its end.

        Args:
            scheduled: When it should begin, on the clock.
            phase_at: Returns the index of the phase at a moment of the clock: a long call outlives the one it began in.
            ready: When it could begin, where that is later: no line was free.

        Returns:
            Whether its last turn did not fail.
        """
        self._calls += 1
        call, random = self._calls, Random(f"{self._seed}/{self._calls}")  # noqa: S311 - a load, not a secret
        fine, heard_s = True, 0.0
        for number, turn in enumerate(self._behaviour.turns(self._draw, random)):
            pause_s = turn.pause_s + turn.pause_per_audio * heard_s
            if pause_s > 0:
                scheduled = self._clock() + pause_s
                await self._pause(scheduled)
            # Who was due before the load ended begins all the same, however late.
            if self._control.stopping or (number and self._hung_up) or not self._affordable(turn):
                break
            if number:
                # The first one arrived with its caller.
                self._recorder.arrived()
            draft = await self._turn(turn, scheduled, phase_at(scheduled), call if turn.listens else 0, ready)
            fine, heard_s = not draft.failed, draft.playback.lasts_s
            scheduled, ready = self._clock(), None
        return fine

    def _affordable(self, turn: Turn) -> bool:
        most = self._most_characters
        if most is None or self._recorder.promised + len(turn.words.text) <= most:
            return True
        self._control.stop(why=f"The cap of {most:,} characters was reached.")
        return False

    async def _pause(self, until: float) -> None:
        if self._hung_up or self._control.stopping:
            return
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - this is a coroutine
        self._pausing.add(task)
        try:
            await Alarm(self._clock).until(until)
        finally:
            self._pausing.discard(task)

    # -- one turn --------------------------------------------------------------------------------------------

    async def _turn(self, turn: Turn, scheduled: float, phase: int, call: int, ready: float | None) -> Draft:
        recorder = self._recorder
        playback = Playback(self._jitter_s)
        draft = Draft(recorder.next_number(), turn, phase, call, scheduled, self._clock(), playback)
        draft.ready = scheduled if ready is None else ready
        recorder.begins(draft)
        try:
            draft.utterance = self._ask(turn)
        except VoxpoolError as error:
            self._failed(draft, error)
            recorder.ended(draft)
            return draft
        draft.written = not turn.pieces
        recorder.accepted(draft)
        if self._ear is not None:
            self._ear.began(draft.utterance, draft.text)
        await self._follow(draft, draft.utterance)
        return draft

    def _failed(self, draft: Draft, error: VoxpoolError) -> None:
        draft.error = error
        if self._refused is not None and isinstance(error, CredentialRejected):
            self._refused(error)

    def _ask(self, turn: Turn) -> Utterance:
        settings, text = turn.words.settings, turn.words.text
        if turn.pieces:
            return self._pool.stream(settings=settings, label=text, sentences=turn.sentences)
        return self._pool.speak(text, settings=settings)

    async def _follow(self, draft: Draft, utterance: Utterance) -> None:
        writing: asyncio.Task[None] | None = None
        if isinstance(utterance, StreamingUtterance):
            writing = asyncio.create_task(self._write(draft, utterance), name=f"stress feed {draft.number}")
        interrupting = self._interrupt_later(draft, utterance, "start")
        try:
            interrupting = await self._listen(draft, utterance) or interrupting
            draft.mute = utterance.outcome is Outcome.DONE and draft.playback.begins_s is None
        except VoxpoolError as error:
            self._failed(draft, error)
            if draft.interrupted is None:
                draft.playback.broke_off(self._clock())
        except asyncio.CancelledError:
            if self._control.gone and draft.interrupted is None:
                draft.playback.broke_off(self._clock())
            utterance.cancel_nowait()
            raise
        finally:
            for handle in (interrupting, writing):
                if handle is not None:
                    handle.cancel()
            if writing is not None:
                await asyncio.gather(writing, return_exceptions=True)
            draft.cut = _cut(draft)
            self._recorder.ended(draft)
            if self._ear is not None:
                self._ear.ended(utterance)
        await self._hear_out(draft)

    async def _listen(self, draft: Draft, utterance: Utterance) -> asyncio.Handle | None:
        """Read it to its end; return the timer of an interruption that counts from the first audio."""
        interrupting: asyncio.Handle | None = None
        playback = draft.playback
        try:
            async for chunk in utterance:
                if playback.ends_s is None and chunk.pcm.size:
                    self._recorder.first_audio(draft)
                    interrupting = self._interrupt_later(draft, utterance, "audio")
                playback.arrived(chunk.received_at, chunk.pcm.size / chunk.sample_rate_hz)
                if self._ear is not None:
                    self._ear.heard(utterance, chunk)
        except BaseException:
            if interrupting is not None:
                interrupting.cancel()
            raise
        return interrupting

    def _interrupt_later(self, draft: Draft, utterance: Utterance, since: str) -> asyncio.Handle | None:
        interruption = draft.turn.interruption
        if interruption is None or interruption.since != since:
            return None

        def interrupt() -> None:
            if utterance.outcome is None:
                draft.interrupted = self._clock()
                utterance.cancel_nowait()

        return asyncio.get_running_loop().call_later(interruption.after_s, interrupt)

    async def _write(self, draft: Draft, utterance: StreamingUtterance) -> None:
        alarm = Alarm(self._clock)
        try:
            for piece in draft.turn.pieces:
                await alarm.until(draft.started + piece.at_s)
                await utterance.send(piece.text)
            await utterance.close()
            draft.written = True
        except VoxpoolError:
            # Whoever reads it is told the same.
            return

    async def _hear_out(self, draft: Draft) -> None:
        """Wait until the listener is through with it, or talks over what has arrived but is not yet heard."""
        until = draft.cut
        if until is None and draft.turn.listens and draft.interrupted is None:
            until = draft.playback.ends_s
        if until is not None:
            await self._pause(until)


def _cut(draft: Draft) -> float | None:
    """Return when its listener will talk over what has all arrived, or None."""
    interruption, playback = draft.turn.interruption, draft.playback
    if interruption is None or draft.interrupted is not None or draft.error is not None:
        return None
    if playback.begins_s is None or playback.ends_s is None:
        return None
    due = (draft.started if interruption.since == "start" else playback.begins_s) + interruption.after_s
    return due if due < playback.ends_s else None
