"""Hearing what is over: the recorded sound of an utterance that a moment of a recording shows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from voxgrid.notifications import Severity
from voxgrid.recording.background import Background
from voxgrid.recording.travel import TimeTravel
from voxgrid.speech.record import UtteranceRecord
from voxpool.chunk import AudioChunk
from voxpool.protocol.settings import ContextSettings
from voxpool.recording.reader import Recording
from voxpool.recording.sound import Sound, sound_of

if TYPE_CHECKING:
    from voxgrid.features import Desk
    from voxgrid.models.stages import Life

_NOT_RECORDED = "This recording was made without audio."
_HINT = "Time › With its audio has it recorded from then on."


class PastSound(QObject):
    """Plays recorded utterances, one at a time.

    Args:
        desk: What a feature may use.
        travel: Which recording is shown.
        parent: Qt parent.
    """

    def __init__(self, desk: Desk, travel: TimeTravel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._travel = travel
        self._background = Background(self)
        self._asked = 0
        self._heard: UtteranceRecord | None = None
        desk.presenter.pastSoundAsked.connect(self.toggle)
        # What sounds belongs to the recording that is left.
        desk.bridge.pastChanged.connect(self.silence)

    def __repr__(self) -> str:
        return f"<PastSound {self._heard!r}>"

    def end(self) -> None:
        """Silence, and look for nothing more."""
        self._background.close()
        self.silence()

    def silence(self) -> None:
        """Stop what is heard, or about to be."""
        self._asked = 0
        heard, self._heard = self._heard, None
        if heard is not None:
            self._desk.controller.silence_recorded(heard)

    def toggle(self, utterance_id: int) -> None:
        """Hear an utterance of the moment that is shown from its beginning, or no longer."""
        heard = self._heard
        playing = heard is not None and heard.listening and heard.id == -utterance_id
        self.silence()
        past, life = self._travel.shown, self._desk.bridge.models.lives.get(utterance_id)
        if playing or past is None or life is None:
            return
        if not past.recording.opening.audio:
            self._say(_NOT_RECORDED, _HINT)
        elif past.visiting:
            self._say("The sound of stress runs is not recorded.")
        else:
            self._asked = utterance_id
            search = partial(_search, past.recording.paths, utterance_id, life.requested_at)
            self._background.run(search, partial(self._found, life), self._failed)

    def _found(self, life: Life, sound: Sound | None) -> None:
        if life.utterance_id != self._asked:
            return
        self._asked = 0
        if sound is None:
            self._say(f"No sound of “{life.label}” was recorded.", "It is written when an utterance ends.")
            return
        settings = ContextSettings(sample_rate_hz=sound.sample_rate_hz)
        wall = self._travel.shown.recording.wall(life.requested_at) if self._travel.shown is not None else 0.0
        record = UtteranceRecord(
            -life.utterance_id, life.label, life.label, settings, "past", wall, sound.sample_rate_hz
        )
        record.add(AudioChunk(sound.pcm, sound.sample_rate_hz, 0.0, (), life.requested_at))
        record.finish()
        self._heard = record
        self._desk.controller.hear_recorded(record)

    def _failed(self, error: Exception) -> None:
        self._asked = 0
        self._desk.notifications.exception(error, "Reading the recorded sound")

    def _say(self, text: str, hint: str = "") -> None:
        self._desk.notifications.post(text, hint=hint, severity=Severity.INFO, key="listen")


def _search(paths: Sequence[Path], utterance_id: int, requested_at: float) -> Sound | None:
    # A recording of its own: the window reads the other one meanwhile.
    with Recording(paths) as recording:
        return sound_of(recording, utterance_id, requested_at)
