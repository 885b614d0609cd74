"""What a service would have said: the frames behind a made-up pool's events."""

from __future__ import annotations

import json

from support import frames as wire
from support.fake_events import FakePool
from voxpool.events import Event, FirstAudio, Outcome, SlotChanged, SlotState, UtteranceEnded, UtteranceGranted
from voxpool.frames.store import FrameStore
from voxpool.protocol import messages as m
from voxpool.protocol.codec import encode
from voxpool.protocol.settings import ContextSettings, Encoding, TimestampType

SETTINGS = ContextSettings(
    voice="Joe", encoding=Encoding.PCM, sample_rate_hz=24_000, timestamp_type=TimestampType.WORD, speaking_rate=1.1
)
ECHO = {
    "voiceId": "Joe",
    "modelId": "inworld-tts-2",
    "audioConfig": {"audioEncoding": "PCM", "sampleRateHertz": 22_050, "speakingRate": 1.1},
    "timestampType": "WORD",
}
CHUNK = b"\0\1" * 2880


class FakeFrames:
    """Writes the frames that belong to a pool's events into a store.

    Args:
        pool: Whose events.
        store: Where frames go.
    """

    def __init__(self, pool: FakePool, store: FrameStore) -> None:
        self._pool = pool
        self._store = store
        self._events = pool.events.subscribe(1_000_000)
        self._where: dict[str, tuple[int, int]] = {}

    def step(self) -> None:
        """Take what happened since the last time."""
        for event in self._events.drain():
            self._take(event)
        for utterance in self._pool.running:
            if utterance.state in (SlotState.GENERATING, SlotState.DRAINING) and utterance.first_audio_at:
                self._say(utterance.context_id, self._pool.now, wire.audio(utterance.context_id, CHUNK))

    def _take(self, event: Event) -> None:
        if isinstance(event, UtteranceGranted):
            self._where[event.context_id] = (event.connection_id, event.utterance_id)
        elif isinstance(event, SlotChanged):
            self._slot(event)
        elif isinstance(event, FirstAudio):
            words = self._pool.records[event.utterance_id].text.split()
            times = {
                "wordAlignment": {
                    "words": words,
                    "wordStartTimeSeconds": [0.3 * place for place in range(len(words))],
                    "wordEndTimeSeconds": [0.3 * place + 0.25 for place in range(len(words))],
                }
            }
            characters = len(self._pool.records[event.utterance_id].text)
            self._say(event.context_id, event.at, wire.audio(event.context_id, CHUNK, characters, times))
        elif isinstance(event, UtteranceEnded) and event.outcome is Outcome.DONE:
            self._say(event.context_id, event.at, wire.flushed(event.context_id))

    def _slot(self, event: SlotChanged) -> None:
        context_id, at = event.context_id, event.at
        if event.new is SlotState.CREATING:
            self._ask(context_id, at, encode(m.Create(context_id, SETTINGS)))
            text = self._pool.records[event.utterance_id].text
            self._ask(context_id, at, encode(m.SendText(context_id, text, flush=True)))
            self._ask(context_id, at, encode(m.CloseContext(context_id)))
        elif event.old is SlotState.CREATING and event.new is not SlotState.FAILED:
            self._say(context_id, at, wire.created(context_id, **ECHO))
        elif event.new is SlotState.FAILED:
            status = {"code": event.code or 14, "message": event.detail, "details": []}
            self._say(context_id, at, json.dumps({"result": {"contextId": context_id, "status": status}}))
        elif event.new is SlotState.EMPTY and event.old is SlotState.CLOSING:
            self._say(context_id, at, wire.closed(context_id))

    def _ask(self, context_id: str, at: float, frame: str) -> None:
        self._store.tap(self._where[context_id][0], "out", frame, at)

    def _say(self, context_id: str, at: float, frame: str) -> None:
        self._store.tap(self._where[context_id][0], "in", frame, at)
