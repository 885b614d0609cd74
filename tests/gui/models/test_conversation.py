"""What a context's frames add: moments, settings sent and echoed, arrivals."""

import pytest

from support import frames as wire
from voxgrid.models.conversation import Echo, compare_settings, read_conversation, settings_head
from voxpool.frames.store import FrameStore
from voxpool.protocol import messages as m
from voxpool.protocol.codec import encode
from voxpool.protocol.settings import ContextSettings, Encoding

PCM = ContextSettings(voice="Joe", encoding=Encoding.PCM, sample_rate_hz=24_000, speaking_rate=1.0)
SENT = {"voiceId": "Joe", "modelId": "inworld-tts-2"}


@pytest.fixture
def store():
    made = FrameStore()
    made.tap(1, "out", encode(m.Create("c", PCM)), 1.0)
    made.tap(1, "out", encode(m.SendText("c", "Hello.")), 1.01)
    made.tap(1, "out", encode(m.CloseContext("c")), 1.02)
    return made


def test_moments_are_those_of_the_frames(store):
    for at in (1.2, 1.25, 1.5):
        store.tap(1, "in", wire.audio("c", b"\0" * 4800), at)
    store.tap(1, "in", wire.closed("c"), 1.6)
    talk = read_conversation(store, "c")
    assert (talk.frames, talk.first_text_at, talk.close_at, talk.closed_at) == (7, 1.01, 1.02, 1.6)
    assert [(round(at, 3), duration) for at, duration in talk.arrivals] == [(0.0, 0.1), (0.05, 0.1), (0.3, 0.1)]
    earlier = read_conversation(store, "c", until=1.22)
    assert (earlier.frames, earlier.closed_at, len(earlier.arrivals)) == (4, None, 1)


def test_until_they_are_confirmed_settings_are_only_sent(store):
    rows = compare_settings(read_conversation(store, "c"))
    assert {row.echo for row in rows} == {Echo.AWAITED}
    assert settings_head(rows) == "sent; not confirmed yet"
    assert ("voice id", "Joe") in [(row.name, row.value) for row in rows]


def test_settings_are_compared_under_either_spelling(store):
    audio = {"audio_encoding": "PCM", "sampleRateHertz": 22_050, "speaking_rate": 1}
    store.tap(1, "in", wire.created("c", voice_id="Joe", audioConfig=audio, mood="new"), 1.1)
    rows = compare_settings(read_conversation(store, "c"))
    assert [(row.name, row.value, row.echo) for row in rows] == [
        ("sample rate hertz", "24000 → 22050", Echo.DIFFERENT),
        ("voice id", "Joe", Echo.SAME),
        ("model id", "inworld-tts-2", Echo.MISSING),
        ("audio encoding", "PCM", Echo.SAME),
        ("speaking rate", "1.0", Echo.SAME),
        ("mood", "new", Echo.ADDED),
    ]
    assert settings_head(rows) == "1 differs, 1 not echoed"
    assert rows[0].sentence == "sample rate hertz: 24000 → 22050, the service echoed another value"


def test_an_unknown_context_says_nothing():
    talk = read_conversation(FrameStore(), "nobody")
    assert talk.frames == 0
    assert compare_settings(talk) == ()
    assert settings_head(()) == ""


@pytest.mark.parametrize("frame", ['{"result":{"contextId":"c","contextCreated":5}}', wire.created("c")])
def test_an_empty_echo_is_read_as_one(store, frame):
    store.tap(1, "in", frame, 1.1)
    rows = compare_settings(read_conversation(store, "c"))
    assert {row.echo for row in rows} == {Echo.MISSING}
