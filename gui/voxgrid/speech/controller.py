"""The one object between the views and the pool: speak, stop, fire, listen, keep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from voxgrid.speech.record import UtteranceRecord
    from voxpool.audio.player import Player
    from voxpool.pool import Pool
    from voxpool.protocol.settings import ContextSettings


class SpeechController(QObject):
    """Owns endpoint, local server, pool, player and records.

    All methods that a view calls return at once; work goes on in named tasks on the running loop.

    Signals:
        poolChanged(Pool | None): Another pool is in use (endpoint changed), or none.
        recordAdded(UtteranceRecord): A new utterance was asked for.
        recordChanged(UtteranceRecord): Audio, words or listening changed; at most once per frame for each.
        recordEnded(UtteranceRecord): Nothing more will come for it.
        currentChanged(UtteranceRecord | None): Another utterance is the playground's.
        ticked(): A frame passed while something is generated or heard; read playheads and levels now.
        notice(Notice): A sentence for the person.
        endpointChanged(EndpointState): What is spoken to, and whether it is ready.
        voicesChanged(tuple[Voice, ...]): The endpoint's voices.
        localServerChanged(LocalServerState): The local server started, died, came back.
        consentNeeded(FirePlan): A burst would cost money; ``run(plan)`` goes on with it.
    """

    poolChanged = Signal(object)
    recordAdded = Signal(object)
    recordChanged = Signal(object)
    recordEnded = Signal(object)
    currentChanged = Signal(object)
    ticked = Signal()
    notice = Signal(object)
    endpointChanged = Signal(object)
    voicesChanged = Signal(object)
    localServerChanged = Signal(object)
    consentNeeded = Signal(object)

    pool: Pool | None
    records: dict[int, UtteranceRecord]
    """By utterance id; oldest first."""
    player: Player
    settings: ContextSettings

    async def start(self) -> None:
        """Start the player, the local server if it is the endpoint, and the pool."""

    async def close(self) -> None:
        """Silence, cancel, close; leaves no task, thread or process behind."""

    def speak(self, text: str) -> UtteranceRecord | None:
        """Speak a text and hear it; None, with a notice, when it cannot be."""

    def stop(self) -> None:
        """Silence everything at once, then cancel what the playground speaks."""

    def fire(self, n: int, source: str = "typed") -> None:
        """Speak ``n`` utterances at once; ``source`` is ``"typed"`` or the name of a bundled set of texts."""

    def stop_all(self) -> None:
        """Stop everything, and cancel what waits."""

    def cancel(self, utterance_id: int) -> None:
        """Interrupt one utterance."""

    def listen(self, utterance_id: int, on: bool = True) -> None:
        """Hear an utterance: from where it is now while it runs, from its start when it ended."""

    def solo(self, utterance_id: int) -> None:
        """Hear only this one of those that are listened to; again: all of them."""

    def replay(self, utterance_id: int) -> None:
        """Hear a finished utterance from its start."""

    def save(self, utterance_id: int, path: Path) -> None:
        """Write an utterance's audio to a WAV file."""

    def set_settings(self, settings: ContextSettings) -> None:
        """Take other settings for what is spoken from now on."""
