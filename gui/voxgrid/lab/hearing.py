"""What can be heard of a run in the window: a record for each of its utterances, kept within bounds."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from voxgrid.speech.record import RUN, UtteranceRecord

if TYPE_CHECKING:
    from voxgrid.speech.listening import Listening
    from voxgrid.speech.store import RecordStore
    from voxpool.chunk import AudioChunk
    from voxpool.pool.utterance import Utterance

KEPT: Final = 100
"""Ended utterances of a run whose sound is kept: a full grid."""
_MOST_BYTES: Final = 4_000_000
"""Sound kept of one utterance: a minute and a half at 24 kHz."""


class Hearing:
    """Takes in what the engine hands on (see ``voxpool.stress.callers.Ear``).

    Args:
        records: Where the window looks for them.
        listening: What is heard of them.
        told: Told of each record when its utterance was accepted.
    """

    def __init__(
        self,
        records: RecordStore,
        listening: Listening,
        told: Callable[[UtteranceRecord], None] = lambda record: None,
    ) -> None:
        self._records = records
        self._listening = listening
        self._told = told
        self._running: dict[int, UtteranceRecord] = {}
        self._ended: deque[UtteranceRecord] = deque()

    def __repr__(self) -> str:
        return f"<Hearing {len(self._running)} running, {len(self._ended)} kept>"

    def began(self, utterance: Utterance, text: str) -> None:
        """An utterance was accepted."""
        settings = utterance.settings
        record = UtteranceRecord(
            utterance.id, text, utterance.label, settings, RUN, time.time(), settings.sample_rate_hz, utterance
        )
        record.most_bytes = _MOST_BYTES
        self._running[utterance.id] = record
        self._records.add(record)
        self._told(record)

    def heard(self, utterance: Utterance, chunk: AudioChunk) -> None:
        """A chunk of it arrived."""
        record = self._running.get(utterance.id)
        if record is not None:
            record.add(chunk)
            self._records.came_in(chunk.pcm.nbytes)
            self._listening.feed(record, chunk)

    def ended(self, utterance: Utterance) -> None:
        """Nothing more will come of it."""
        record = self._running.pop(utterance.id, None)
        if record is None:
            return
        record.finish()
        self._listening.ended(record)
        self._ended.append(record)
        while len(self._ended) > KEPT:
            self._let_go(self._ended.popleft())

    def close(self) -> None:
        """Let go of everything: nothing of the run is on the grid any more."""
        for record in [*self._running.values(), *self._ended]:
            if not record.ended:
                record.finish()
            self._let_go(record)
        self._running.clear()
        self._ended.clear()

    def _let_go(self, record: UtteranceRecord) -> None:
        if record.listening:
            self._listening.drop(record)
        self._records.remove(record)
