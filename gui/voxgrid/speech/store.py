"""The records of the last utterances, bounded in number and in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from voxgrid.speech.record import UtteranceRecord

_LOOK_EVERY_BYTES: Final = 2_000_000
"""Audio that may come in before the bound is looked at again: looking costs something for each record."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is in memory.

    Attributes:
        utterances: Records whose audio can be replayed or saved.
        bytes: Memory that their audio takes.
    """

    utterances: int
    bytes: int

    def __str__(self) -> str:
        plural = "" if self.utterances == 1 else "s"
        return f"kept: {self.utterances} utterance{plural}, {self.bytes / 1e6:.1f} MB"


class RecordStore:
    """Records by id, oldest first.  Running and listened ones are never let go.

    The audio of one that runs is let go only where nothing else is left: a hundred at once bring 5 MB a second.

    Args:
        keep_count: Most finished records.
        keep_mb: Most megabytes (10^6 bytes) of audio.
    """

    def __init__(self, keep_count: int, keep_mb: int) -> None:
        self.keep_count = keep_count
        self.keep_mb = keep_mb
        self._records: dict[int, UtteranceRecord] = {}
        self._retired = 0
        self._came_in = 0

    def __repr__(self) -> str:
        return f"<RecordStore {len(self._records)} records, {self.kept()}>"

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[UtteranceRecord]:
        return iter(self._records.values())

    def __contains__(self, utterance_id: object) -> bool:
        return utterance_id in self._records

    def get(self, utterance_id: int) -> UtteranceRecord | None:
        """Return a record, or None when there is none (any more)."""
        return self._records.get(utterance_id)

    def add(self, record: UtteranceRecord) -> None:
        """Take in a new record."""
        self._records[record.id] = record

    def remove(self, record: UtteranceRecord) -> None:
        """Let go of a record, its sound with it; harmless when it is not here."""
        if self._records.get(record.id) is record:
            del self._records[record.id]
            record.evict()

    def running(self) -> list[UtteranceRecord]:
        """Return those that have not ended, oldest first."""
        return [record for record in self if not record.ended]

    def finished(self) -> list[UtteranceRecord]:
        """Return those that ended, newest first."""
        return [record for record in reversed(self._records.values()) if record.ended]

    def kept(self) -> Kept:
        """Count what is in memory."""
        with_audio = [record.bytes for record in self if record.bytes]
        return Kept(len(with_audio), sum(with_audio))

    def came_in(self, size: int) -> None:
        """Audio was added to a record of these, in bytes; it is bounded while it comes in."""
        self._came_in += size
        if self._came_in >= _LOOK_EVERY_BYTES:
            self._bound_audio()

    def _bound_audio(self) -> None:
        self._came_in = 0
        excess = self.kept().bytes - self.keep_mb * 1_000_000
        # Finished ones first, then those that run, the oldest of each; what is heard stays.
        for record in sorted((each for each in self if not each.listening), key=lambda each: not each.ended):
            if excess <= 0:
                break
            excess -= record.bytes
            record.evict()

    def bound(self) -> list[UtteranceRecord]:
        """Let go of what is beyond the bounds, oldest finished first; return the records that were removed."""
        self._bound_audio()
        idle = [record for record in self if record.ended and not record.listening]
        # A burst that still waits must not push out what can be heard already.
        removed = idle[: max(0, len(self.finished()) - self.keep_count)]
        for record in removed:
            del self._records[record.id]
        return removed

    def retire(self) -> None:
        """Give every record a negative id: the next pool counts its utterances from 1 again."""
        for record in self._records.values():
            if record.id > 0:
                self._retired += 1
                record.id = -self._retired
        self._records = {record.id: record for record in self._records.values()}
