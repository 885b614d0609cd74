"""Secrets do not come through, and nothing else is lost."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpool.config import Credential
from voxpool.scrub import HIDDEN, remember, scrub

# Made up for this test.
KEY = "bWFkZS11cC1rZXk6Zm9yLXRlc3RzLW9ubHk="
TOKEN = "eyJhbGciOiJub25lIn0.eyJtYWRlIjoidXAifQ.bWFkZXVw"

WORDS = [
    f"Authorization: Basic {KEY}",
    f"{{'Authorization': 'Basic {KEY}', 'X-Request-Id': 'kept'}}",
    f'{{"authorization":"Bearer {TOKEN}","kept":1}}',
    f'{{\\"authorization\\":\\"Basic {KEY}\\"}}',
    f"GET /tts/v1/voice:streamBidirectional?authorization=Basic%20{KEY}&kept=1",
    f"wss://host/path?authorization={TOKEN}&kept=1",
    f"Sec-WebSocket-Protocol: bearer_{TOKEN}",
    f"the header was Basic {KEY}",
    f"INWORLD_API_KEY={KEY} scripts/run",
    f"api_key: '{KEY}'",
    f"VOXPOOL_CONTROL_TOKEN={KEY}",
    f"https://user:{KEY}@host/",
    f"the backend said token={KEY}; kept",
    f'{{"name":"t","accessToken": "{KEY}","kept":1}}',
    f'{{\\"session_token\\":\\"{KEY}\\"}}',
    f"session {TOKEN} ended",
    f"Sec-WebSocket-Protocol: basic_{KEY}",
    f"the token: {KEY}",
    f'{{"token": "{KEY}", "kept": 1}}',
]


@pytest.mark.parametrize("text", WORDS)
def test_a_key_is_known_by_where_it_stands(text: str) -> None:
    cleaned = scrub(text)
    assert KEY.rstrip("=") not in cleaned
    assert TOKEN not in cleaned
    assert HIDDEN in cleaned
    assert ("kept" in cleaned) is ("kept" in text)
    assert scrub(cleaned) == cleaned


def test_a_key_that_was_made_here_is_known_wherever_it_stands() -> None:
    secret = base64.b64encode(b"made-up-id:made-up-secret-of-a-test").decode()
    assert secret in scrub(f"frame {secret}")
    Credential.basic(secret)
    for form in (secret, secret.replace("=", "%3D"), "made-up-secret-of-a-test", "made-up-id"):
        assert form not in scrub(f"frame {form} end")


@pytest.mark.parametrize(
    "text",
    [
        "connection 3 was lost after 0.50 s of audio: the other end cut it off",
        "basic things, bearer of news, the secret is out, a token of thanks",
        "Check the key in the endpoint settings (Ctrl+E): it is the Basic (base64) key of the portal.",
        "authorization is required",
        'token = next(tokens, None), tokens: 12345678, "token": "word", token=self.token',
        "basic_information_about_the_service_and_its_limits",
        "no context within 5 s: timed out while creating (queueing 0.00 s)",
        "http://127.0.0.1:8080/voxgrid/v1/ledger?since=12.5",
        '{"result":{"contextId":"vx-1","audioChunk":{"audioContent":"UklGRgAAAABXQVZF"}}}',
        "**bold** and *** stars",
        "tokens: 12345678 of them, token: 12, one token: something",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert scrub(text) == text


@given(st.text())
def test_scrubbing_twice_changes_nothing_more(text: str) -> None:
    once = scrub(text)
    assert scrub(once) == once


def test_a_short_word_is_not_remembered() -> None:
    remember(["the"])
    assert scrub("the word") == "the word"
