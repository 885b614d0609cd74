"""From a text to a record: begins utterances, takes in what comes, ends them, and says what went wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from voxgrid.models.wording import without_id
from voxgrid.notifications import Severity
from voxgrid.speech import gate
from voxgrid.speech.burst import FirePlan
from voxgrid.speech.listening import Listening
from voxgrid.speech.notice import Notice, as_sentence
from voxgrid.speech.record import UtteranceRecord
from voxgrid.speech.store import RecordStore
from voxgrid.speech.tasks import Tasks
from voxpool.errors import AcquireTimeout, CredentialRejected, TransportError, VoxpoolError
from voxpool.events import Outcome
from voxpool.recording.replay import wait_until

if TYPE_CHECKING:
    from voxpool.pool.pool import Pool
    from voxpool.protocol.settings import ContextSettings

_SHOTS_PER_TURN: Final = 20
"""Utterances begun before the loop gets a turn: a burst of 500 must not freeze the window."""

_TURN_S: Final = 0.01
"""When the loop gets a turn before that: to cut a text of a book's length into messages takes a tenth of a second."""

_TELL_EVERY_S: Final = 0.5

_TROUBLES: Final = (TransportError, CredentialRejected, AcquireTimeout)
"""Errors with a cause that goes away: the next success takes their notice away too."""


class SpeakingListener(Protocol):
    """Who wants to know what becomes of utterances."""

    def record_began(self, record: UtteranceRecord) -> None:
        """An utterance was asked for."""

    def record_moved(self, record: UtteranceRecord) -> None:
        """Something about it changed."""

    def record_over(self, record: UtteranceRecord) -> None:
        """Nothing more will come for it."""

    def tell(self, notice: Notice) -> None:
        """Something for the person."""


class Speaking:
    """One task for each utterance, from its request to its end.

    Args:
        pool: Returns the pool in use.
        records: Where records are kept.
        listening: What is heard of them.
        tasks: Where the tasks run.
        listener: Told of everything.
    """

    def __init__(
        self,
        pool: Callable[[], Pool | None],
        records: RecordStore,
        listening: Listening,
        tasks: Tasks,
        listener: SpeakingListener,
    ) -> None:
        self._pool = pool
        self._records = records
        self._listening = listening
        self._tasks = tasks
        self._listener = listener
        self._bursts: set[asyncio.Task[None]] = set()
        self._troubles: dict[str, float] = {}
        self._failures: dict[str, tuple[int, str]] = {}
        self._untold: set[str] = set()
        self._told_at = 0.0

    def __repr__(self) -> str:
        return f"<Speaking {len(self._records.running())} running>"

    def begin(self, text: str, settings: ContextSettings, source: str) -> UtteranceRecord | None:
        """Ask the pool to speak a text; None when it refuses, which is told."""
        pool = self._pool()
        if pool is None:
            return None
        if not self._records.running() and not self._untold:
            self._failures.clear()
        try:
            utterance = pool.speak(text, settings=settings)
        except VoxpoolError as error:
            self._failed(error)
            self.tell_failures()
            return None
        record = UtteranceRecord(
            utterance.id, text, utterance.label, settings, source, time.time(), settings.sample_rate_hz, utterance
        )
        record.most_bytes = self._records.keep_mb * 1_000_000
        self._records.add(record)
        self._tasks.start(self._consume(record), f"utterance {utterance.id}")
        self._listener.record_began(record)
        return record

    def fire(self, plan: FirePlan, settings: ContextSettings) -> None:
        """Begin all utterances of a burst."""
        burst = self._tasks.start(self._fire(plan, settings), f"burst of {len(plan.shots)}")
        self._bursts.add(burst)
        burst.add_done_callback(self._bursts.discard)

    def cancel(self, record: UtteranceRecord) -> None:
        """Interrupt one utterance; harmless when it has ended."""
        if record.utterance is not None and not record.ended:
            record.utterance.cancel_nowait()

    def cancel_all(self) -> None:
        """Interrupt all, and begin no more of any burst; a load that is replayed is one for minutes."""
        for burst in self._bursts:
            burst.cancel()
        for record in self._records.running():
            self.cancel(record)

    async def _fire(self, plan: FirePlan, settings: ContextSettings) -> None:
        in_voice: dict[str, ContextSettings] = {}
        began = asyncio.get_running_loop().time()
        turn_s = time.monotonic()
        for index, shot in enumerate(plan.shots):
            if index % _SHOTS_PER_TURN == 0 or time.monotonic() - turn_s > _TURN_S:
                await asyncio.sleep(0)
                turn_s = time.monotonic()
            if plan.moments:
                await wait_until(began + plan.moments[index])
            if shot.voice not in in_voice:
                in_voice[shot.voice] = settings.with_(voice=shot.voice)
            if self.begin(shot.text, in_voice[shot.voice], "fire") is None:
                return

    async def _consume(self, record: UtteranceRecord) -> None:
        utterance = record.utterance
        assert utterance is not None  # noqa: S101 - it was just made
        try:
            async for chunk in utterance:
                record.add(chunk)
                self._records.came_in(chunk.pcm.nbytes)
                self._listening.feed(record, chunk)
                self._listener.record_moved(record)
        except VoxpoolError as error:
            record.error = without_id(str(error))
            self._failed(error)
        finally:
            record.finish()
            self._listening.ended(record)
            self._listener.record_over(record)
        if record.outcome is Outcome.DONE:
            self._troubles_are_over(record)
            if record.source == "speak" and not record.audio_s:
                self._listener.tell(gate.nothing_came(record.label))

    def tell_failures(self) -> None:
        """Say what failed, once for each kind of error and at most twice a second: a burst may fail as a whole."""
        now = time.monotonic()
        if not self._untold or (now - self._told_at < _TELL_EVERY_S and self._records.running()):
            return
        self._told_at = now
        for kind in self._untold:
            count, last = self._failures[kind]
            text = as_sentence(last)
            self._listener.tell(Notice(kind, text if count == 1 else _many(count, text), Severity.ERROR))
        self._untold.clear()

    def _failed(self, error: VoxpoolError) -> None:
        kind = f"utterance/{type(error).__name__}"
        if isinstance(error, _TROUBLES):
            self._troubles[kind] = time.time()
        self._failures[kind] = (self._failures.get(kind, (0, ""))[0] + 1, str(error))
        self._untold.add(kind)

    def _troubles_are_over(self, record: UtteranceRecord) -> None:
        """Take away what was said about the network or the key, once something that began later went well."""
        for kind, at in list(self._troubles.items()):
            if record.began_at > at:
                del self._troubles[kind]
                self._listener.tell(Notice(kind, resolved=True))


def _many(count: int, last: str) -> str:
    return f"{count} utterances failed, the last one like this: {last}"
