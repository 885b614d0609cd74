"""No credential is left in what is kept of a frame, however it was written into it."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpool.config import Credential
from voxpool.frames.secrets import scrub_json
from voxpool.frames.store import FrameStore
from voxpool.scrub import scrub

SECRET = base64.b64encode(b"made-up-user:made-up-password-for-tests").decode()
CREDENTIAL = Credential.basic(SECRET)
SPELLINGS = [
    SECRET,
    f"Basic {SECRET}",
    "made-up-password-for-tests",
    "".join(f"\\u{ord(character):04x}" for character in SECRET),
]
PLACES = [
    '{{"create":{{"voiceId":"{}"}},"contextId":"c"}}',
    '{{"send_text":{{"text":"say {} now"}},"contextId":"c"}}',
    '{{"result":{{"contextId":"{}","flushCompleted":{{}}}}}}',
    '{{"result":{{"contextId":"c","audioChunk":{{"audioContent":"AAAA","{}":1}}}}}}',
    '{{"error":{{"code":7,"message":"x","details":["{}"]}}}}',
    "not json {}",
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("direction", ["in", "out"])
def test_a_secret_is_gone_before_a_frame_is_kept(place: str, spelling: str, direction: str) -> None:
    store = FrameStore()
    store.begin(CREDENTIAL.scrub)
    handed = []
    store.subscribe(lambda record, content: handed.append((json.dumps(record.to_dict()), content)))
    store.tap(1, direction, place.format(spelling), 1.0)
    (record,) = store
    kept = repr((record, record.to_dict(), store.whole(1), handed))
    for hidden in SPELLINGS[:3]:
        assert hidden not in kept
    if not place.startswith("not"):
        assert SPELLINGS[3] not in kept
        json.loads(record.folded)


def test_the_key_prefix_that_the_service_quotes_is_gone() -> None:
    frame = '{"error":{"code":7,"message":"Invalid credentials provided for API key \\"Zm9v***\\""}}'
    store = FrameStore()
    store.tap(1, "in", frame, 1.0)
    (record,) = store
    assert "Zm9v" not in repr(record)
    assert record.summary == 'code 7 PERMISSION_DENIED: Invalid credentials provided for API key "***"'


def test_an_authorization_of_somebody_else_is_gone_too() -> None:
    frame = '{"note":"Authorization: Bearer bWFkZS11cC10b2tlbi1mb3ItdGVzdHM="}'
    assert "bWFkZS11" not in scrub_json(frame, scrub)


@given(st.text(max_size=60))
def test_what_holds_no_secret_is_not_changed(text: str) -> None:
    frame = json.dumps({"send_text": {"text": text}, "contextId": "c"})
    assert json.loads(scrub_json(frame, lambda each: each)) == json.loads(frame)


def test_audio_that_spells_the_key_is_not_shown_whole() -> None:
    store = FrameStore()
    store.begin(CREDENTIAL.scrub)
    store.tap(1, "in", f'{{"result":{{"contextId":"c","audioChunk":{{"audioContent":"{SECRET}"}}}}}}', 1.0)
    assert SECRET not in (store.whole(1) or "")
