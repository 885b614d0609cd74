"""What the window does and sees, handed to the recorder as it happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import platformdirs

from voxgrid import __version__
from voxgrid.recording.replica import Replica, fold_levels
from voxpool.events import Event, PoolNotice
from voxpool.recording.hiding import Hide
from voxpool.recording.items import (
    AppFault,
    Asked,
    Audio,
    Coming,
    Item,
    Mark,
    Opening,
    PoolBegan,
    PoolResized,
    Recorded,
    Second,
    Sounds,
)
from voxpool.recording.recorder import Recorder, breathe
from voxpool.recording.writer import Limits, RecordingWriter, session_name

if TYPE_CHECKING:
    from voxgrid.models.board import Models
    from voxgrid.models.cell import CellState
    from voxgrid.models.failures import Failure
    from voxgrid.speech.record import UtteranceRecord
    from voxpool.frames.record import FrameRecord

_FRAMES_HELD: Final = 4000
_DETAILS_MOST: Final = 8_000
"""Characters of a traceback that are recorded."""
_SoundShown = tuple[int, float, float, float | None, int]


def recordings_folder() -> Path:
    """Return where recordings are kept."""
    return Path(platformdirs.user_state_dir("voxgrid", appauthor=False)) / "recordings"


class LiveRecording:
    """Turns what happens in the window into items, and hands them to a recorder.

    Args:
        models: Returns the live models.
        known: Returns what takes known credentials out of a text.
        on_problem: Told in a sentence, in another thread, when nothing can be written any more.
        clock: Monotonic time in seconds; the pool's clock.
        folder: Where files go.
        limits: How much is kept.
        texts: Whether texts are recorded.
        audio: Whether audio is recorded.
    """

    def __init__(
        self,
        models: Callable[[], Models],
        known: Callable[[], Iterable[Hide]],
        on_problem: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        folder: Path | None = None,
        limits: Limits | None = None,
        texts: bool = True,
        audio: bool = False,
    ) -> None:
        self._models = models
        self._clock = clock
        self._audio = audio
        self._waiting: list[Recorded] = []
        self._faults: set[str] = set()
        self._shown: dict[tuple[int, int], _SoundShown] = {}
        self._visiting = False
        self._newcomer: str | None = None
        grid = models().grid
        rows, columns = len(grid.rows), grid.columns
        self.session = session_name(time.time())
        opening = Opening(
            app=f"voxgrid {__version__}", session=self.session, rows=rows, columns=columns, texts=texts, audio=audio
        )
        place, state = folder or recordings_folder(), Replica(rows, columns)
        writer = RecordingWriter(place, self.session, state, opening, limits, known, clock=clock, breathe=breathe)
        self.recorder = Recorder(writer, clock, on_problem)
        self.recorder.start()

    def __repr__(self) -> str:
        return f"<LiveRecording {self.recorder!r}>"

    def begin_pool(self, url: str) -> None:
        """Another pool is in use, which speaks to ``url``; it is watched from now on, or when a visit is over."""
        if self._visiting:
            self._newcomer = url
        else:
            self._begin(Coming.NEW, url)

    def begin_visit(self, url: str) -> None:
        """A guest's pool is watched from now on (``Bridge.visit``), which speaks to ``url``."""
        self._visiting = True
        self._begin(Coming.VISIT, url)

    def end_visit(self) -> None:
        """The pool in use is watched again (``Bridge.come_back``), or the one that took its place meanwhile."""
        newcomer, self._newcomer, self._visiting = self._newcomer, None, False
        if newcomer is None:
            self._begin(Coming.RETURN, "")
        else:
            self._begin(Coming.NEW, newcomer)

    def _begin(self, coming: Coming, url: str) -> None:
        grid = self._models().grid
        self._shown.clear()
        rows, columns = len(grid.rows), grid.columns
        self._waiting.append(PoolBegan(at=self._clock(), rows=rows, columns=columns, url=url, coming=coming))
        self._hand_over()

    def take(self, events: list[Event]) -> None:
        """Take in the events of one frame (``Bridge.watch``)."""
        for event in events:
            self._waiting.append(event)
            if isinstance(event, PoolNotice) and event.kind == "resized":
                # The bridge has followed it already; the notice alone does not say how many there are now.
                self._waiting.append(PoolResized(at=event.at, rows=self._models().grid.wanted))
        self._hand_over()

    def take_frame(self, frame: FrameRecord, content: str) -> None:
        """Take in a frame (``FrameStore.subscribe``); its audio is left out."""
        self._waiting.append(frame)
        if len(self._waiting) >= _FRAMES_HELD:
            self._hand_over()

    def take_second(self) -> None:
        """Note that a second passed, and what cells sound like by now."""
        now = self._clock()
        cells = [self._sound(cell) for cell in self._models().grid.cells() if self._sounds_anew(cell)]
        if cells:
            self._waiting.append(Sounds(at=now, cells=cells))
        self._waiting.append(Second(at=now))
        self._hand_over()

    def take_record(self, record: UtteranceRecord) -> None:
        """Note the whole text of what was asked for."""
        settings = record.settings
        self._waiting.append(
            Asked(
                at=self._clock(),
                utterance_id=record.id,
                characters=len(record.text),
                text=record.text,
                voice=settings.voice,
                model=settings.model,
            )
        )

    def take_sound(self, record: UtteranceRecord) -> None:
        """Note the sound of what ended, where audio is recorded."""
        if not self._audio or not record.bytes:
            return
        pcm, rate = record.pcm().tobytes(), record.sample_rate_hz
        step = rate * 2 * 2
        for place in range(0, len(pcm), step):
            start_s = place / 2 / rate
            self._waiting.append(
                Audio(
                    at=self._clock(),
                    utterance_id=record.id,
                    sample_rate_hz=rate,
                    start_s=start_s,
                    pcm=pcm[place : place + step],
                )
            )

    def take_fault(self, fault: Failure) -> None:
        """Note a fault of the window's own; it goes to the disk with whatever comes next.

        Only the first of its kind has a traceback: one in a timer comes thirty times a second, and every keyframe
        holds the last hundred.
        """
        details = "" if fault.fingerprint in self._faults else fault.details[-_DETAILS_MOST:]
        self._faults.add(fault.fingerprint)
        self._waiting.append(AppFault(at=fault.at, text=fault.text, details=details))

    def take_run(self, item: Item) -> None:
        """Note what a stress run tells of itself (``RunNotes``)."""
        self._waiting.append(item)

    def mark(self, text: str, kind: str = "mark") -> None:
        """Set a mark at this moment."""
        self._waiting.append(Mark(at=self._clock(), text=text, kind=kind))
        self._hand_over()

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Have everything so far on the disk; whether that was done in time."""
        self._hand_over()
        return self.recorder.flush(timeout_s)

    def close(self) -> None:
        """Write what is left and end."""
        self._hand_over()
        self.recorder.close()

    def _hand_over(self) -> None:
        if self._waiting:
            items, self._waiting = self._waiting, []
            self.recorder.put(items)

    def _sounds_anew(self, cell: CellState) -> bool:
        if not cell.utterance_id or (not cell.audio_s and not cell.total_s):
            return False
        now = (cell.utterance_id, cell.audio_s, cell.total_s, cell.played_s, len(cell.bars))
        before, self._shown[cell.row, cell.column] = self._shown.get((cell.row, cell.column)), now
        return now != before

    @staticmethod
    def _sound(cell: CellState) -> tuple[int, int, int, float, float, float | None, str]:
        played_s = None if cell.played_s is None else round(cell.played_s, 3)
        times = round(cell.audio_s, 3), round(cell.total_s, 3), played_s
        return (cell.row, cell.column, cell.utterance_id, *times, fold_levels(cell.bars))
