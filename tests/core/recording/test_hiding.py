"""No credential gets through, in whatever field it stands; and speech is left alone."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpool.config import Credential
from voxpool.recording.hiding import hide

# Made up for this test.
KEY = base64.b64encode(b"MadeUpKeyForTests0123456789abcd:MadeUpSecretForTests0123456789abcdefghijk").decode()
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJtYWRlIjoidXAifQ.bWFkZS11cC1zaWduYXR1cmU"
SHAPES = [
    f"Authorization: Basic {KEY}",
    f"authorization=Basic%20{KEY}",
    f"Bearer {JWT}",
    f"IW1-HMAC-SHA256 ApiKey={KEY},DateTime=20261125,Nonce=1,Signature={KEY}",
    f'{{"apiKey": "{KEY}", "access_token": "{JWT}"}}',
    f"the key {KEY} was refused",
    f"wss://example.invalid/tts?authorization=Basic%20{KEY}&x=1",
    KEY,
    JWT,
]


@pytest.mark.parametrize("text", SHAPES)
def test_whatever_looks_like_a_credential_goes(text):
    in_json = hide(json.dumps({"a": text, "b": [json.dumps({"inside": text})]}))
    for hidden in (hide(text), in_json):
        assert KEY[:12] not in hidden
        assert JWT[:12] not in hidden
    json.loads(in_json)


def test_what_the_service_quotes_of_a_key_goes():
    assert "Zm9v" not in hide('{"error":"Invalid credentials provided for API key \\"Zm9v***\\""}')


def test_a_short_key_goes_when_it_is_known():
    known = Credential.basic("madeup1")
    assert hide("it was madeup1, I think", [known.scrub]) == "it was ***, I think"


@pytest.mark.parametrize(
    "text",
    [
        "Basic information about the basics.",
        "The bearer of good news is here.",
        "Secrets: the password is a word.",
        "vx1234abcd-17 on connection 3 was lost: cut (1006)",
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk",
        "550e8400-e29b-41d4-a716-446655440000",
    ],
)
def test_speech_is_left_alone(text):
    assert hide(text) == text


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=60) | st.sampled_from(SHAPES), max_size=4))
def test_json_stays_json(data):
    json.loads(hide(json.dumps(data)))


@given(st.lists(st.sampled_from([*SHAPES, "}", ",", "{", "},{", "\n", "speech", ""]), max_size=12).map("".join))
def test_going_piece_by_piece_hides_what_each_piece_hides(text):
    pieces = [line.split("},{") for line in text.split("\n")]
    assert hide(text) == "\n".join("},{".join(map(hide, line)) for line in pieces)
    assert KEY not in hide(text)


def test_a_long_text_lets_others_go_first_again_and_again():
    breaths = []
    line = json.dumps({"label": "What was said.", "key": "made up 123456"})
    text = "\n".join([line] * 2000) + "},{".join([line] * 2000)
    assert hide(text, breathe=lambda: breaths.append(1)) == hide(text)
    assert len(breaths) > len(text) // 20_000
