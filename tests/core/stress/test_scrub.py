"""Keys and tokens leave nothing behind."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.runs import MADE_UP_KEY, make_result
from voxpool.config import Credential
from voxpool.stress.result import ErrorCount, Mark, MarkKind
from voxpool.stress.scrub import scrub_data, scrub_result, scrub_text, scrub_url

SECRET = st.text("abcdefghijkLMNOPQ0123456789", min_size=16, max_size=40).map(lambda text: text + "7")


@given(SECRET, st.sampled_from(["Basic {}", "authorization: Bearer {}", "api_key={}", "token: {}", "password = {}"]))
def test_whatever_looks_like_a_credential_goes(secret, around):
    said = scrub_text(f"it failed with {around.format(secret)}, and so on")
    assert secret not in said
    assert said.endswith(", and so on")


@pytest.mark.parametrize("text", ["basic research helps", "the token bucket was empty", "no audio within 5 s", ""])
def test_plain_words_stay(text):
    assert scrub_text(text) == text


def test_the_key_of_the_environment_goes_in_every_form(monkeypatch):
    monkeypatch.setenv("INWORLD_API_KEY", MADE_UP_KEY)
    assert scrub_text(f"{MADE_UP_KEY} or {MADE_UP_KEY[:4]}*** or not-a-real-key:made-up") == "*** or *** or ***"


def test_a_url_keeps_its_host_alone():
    assert scrub_url("https://me:hidden@example.com:8443/path?key=abc#frag") == "https://example.com:8443/path"
    assert scrub_url("http://[") == ""


def test_values_of_secret_names_go_at_any_depth():
    data = {"a": [{"api-key": "abc", "keys": 5, "deeper": {"TOKEN": "def"}}], "text": "Bearer abcdefghijk1"}
    assert scrub_data(data) == {
        "a": [{"api-key": "***", "keys": 5, "deeper": {"TOKEN": "***"}}],
        "text": "Bearer ***",
    }


def test_a_result_has_no_place_for_a_key():
    result = make_result(count=20)
    said = f"refused Basic {MADE_UP_KEY}"
    spoilt = replace(
        result,
        url=f"https://user:{MADE_UP_KEY}@example.com",
        scenario={"key": MADE_UP_KEY, "note": said},
        environment={"token": MADE_UP_KEY},
        reasons=(said,),
        errors=(ErrorCount("x", 1, (said,)),),
        marks=(Mark(0.0, MarkKind.FAULT, said),),
        samples=(replace(result.samples[0], error=said),),
    )
    assert MADE_UP_KEY in json.dumps(spoilt.to_dict())
    assert MADE_UP_KEY not in json.dumps(scrub_result(spoilt).to_dict())


@pytest.mark.parametrize(
    "text",
    [
        "wss://api.example.org/tts?key=bWFkZXVwOm1hZGV1cA",
        "subprotocol bearer_bWFkZXVwOm1hZGV1cA refused",
        "got eyJhbGciOiJIUzI1NiJ9.eyJtYWRlIjoidXAifQ.bWFkZXVwOm1hZGV1cA",
        "https://somebody:bWFkZXVwOm1hZGV1cA@example.org",
    ],
)
def test_what_the_rest_of_the_program_hides_is_hidden_here_too(text):
    assert "bWFkZXVwOm1hZGV1cA" not in scrub_text(text)


def test_a_key_of_this_process_is_hidden_wherever_it_stands():
    Credential.basic("bWFkZSB1cCBmb3IgYSB0ZXN0OnJ1bnM=")
    assert "bWFkZSB1cCBm" not in scrub_text("somewhere bWFkZSB1cCBmb3IgYSB0ZXN0OnJ1bnM= in a sentence")
