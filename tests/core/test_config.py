"""Endpoints, credentials and the pool's configuration: refused early, in words, and secrets stay secret."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpool.config import Credential, Endpoint, PoolConfig
from voxpool.errors import EndpointError, SettingError

KEY = "bWFkZTp1cGtleQ=="  # made up: "made:upkey"


@pytest.mark.parametrize(
    ("url", "normal", "ws"),
    [
        ("https://api.inworld.ai", "https://api.inworld.ai", "wss://api.inworld.ai"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080", "ws://127.0.0.1:8080"),
        ("wss://api.eu.inworld.ai", "https://api.eu.inworld.ai", "wss://api.eu.inworld.ai"),
        (" ws://[::1]:9 ", "http://[::1]:9", "ws://[::1]:9"),
        ("https://api.inworld.ai/tts/v1/voice:streamBidirectional", "https://api.inworld.ai", "wss://api.inworld.ai"),
    ],
)
def test_an_endpoint_is_a_host_however_it_is_written(url: str, normal: str, ws: str) -> None:
    endpoint = Endpoint(url)
    assert endpoint.url == normal
    assert endpoint.ws_url == ws + "/tts/v1/voice:streamBidirectional"


@pytest.mark.parametrize(
    "url",
    ["", "api.inworld.ai", "ftp://host", "http://", "http://host:port", "http://user:pass@host", "http://host/v2",
     "http://host?key=secret", "http://host#part", "http://[::1"],
)  # fmt: skip
def test_what_is_no_endpoint_is_refused_in_words(url: str) -> None:
    with pytest.raises(EndpointError) as caught:
        Endpoint(url)
    assert "secret" not in str(caught.value)
    assert "pass" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost", "http://[::1]:5"])
def test_this_machine_is_known(url: str) -> None:
    assert Endpoint(url).is_local
    assert not Endpoint("https://api.inworld.ai").is_local


def test_a_credential_never_shows_itself() -> None:
    credential = Credential.basic(KEY)
    for shown in (repr(credential), str(credential), f"{Endpoint(credential=credential)!r}"):
        assert KEY not in shown
        assert "made" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(credential)
    with pytest.raises(TypeError):
        copy.deepcopy(credential)
    assert credential.header() == f"Basic {KEY}"


@pytest.mark.parametrize("given_key", [f"Basic {KEY}", f"  {KEY}\n", KEY])
def test_a_pasted_key_is_taken_as_it_is_meant(given_key: str) -> None:
    assert Credential.basic(given_key) == Credential.basic(KEY)
    assert hash(Credential.basic(given_key)) == hash(Credential.basic(KEY))


def test_a_pasted_token_keeps_its_scheme() -> None:
    assert Credential.basic("Bearer abcdefgh").header() == "Bearer abcdefgh"
    assert Credential.bearer("abcdefgh") != Credential.basic("abcdefgh")


@pytest.mark.parametrize("key", ["", "  ", "Basic ", "two words", "schlüssel", "line\nbreak"])
def test_what_is_no_key_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(EndpointError) as caught:
        Credential.basic(key)
    if key.strip():
        assert key.strip() not in str(caught.value) or key == "Basic "


@pytest.mark.parametrize("leak", [KEY, "made:upkey", "upkey", f'API key "{KEY[:4]}***"'])
def test_texts_are_scrubbed_of_every_form_of_the_key(leak: str) -> None:
    endpoint = Endpoint(credential=Credential.basic(KEY))
    scrubbed = endpoint.scrub(f"trouble with {leak} today")
    assert leak not in scrubbed
    assert "trouble with" in scrubbed


def test_nothing_is_scrubbed_where_there_is_nothing_to_hide() -> None:
    assert Endpoint().scrub("as it is") == "as it is"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_connections", 0),
        ("max_connections", 1001),
        ("contexts_per_connection", 0),
        ("contexts_per_connection", 6),
        ("max_generations", 0),
        ("max_waiters", -1),
        ("placement", "anywhere"),
        ("acquire_timeout_s", 0.0),
        ("acquire_timeout_s", float("nan")),
        ("lifetime_jitter", 1.5),
        ("max_attempts", 0),
        ("prewarm", 21),
        ("text_limit", 2001),
        ("buffer_bytes", 0),
        ("max_connections", "20"),
        ("max_connections", True),
        ("prewarm", 2.0),
        ("max_generations", 1.5),
        ("lifetime_jitter", None),
        ("heartbeat_s", "20"),
        ("heartbeat_s", True),
    ],
)
def test_a_wrong_value_is_refused_with_its_name(name: str, value: object) -> None:
    with pytest.raises(SettingError) as caught:
        PoolConfig(**{name: value})  # type: ignore[arg-type]
    assert caught.value.field == name
    assert name in str(caught.value)


@given(st.integers(1, 1000), st.integers(1, 5))
def test_slots_are_connections_times_contexts(connections: int, contexts: int) -> None:
    assert PoolConfig(max_connections=connections, contexts_per_connection=contexts).slots == connections * contexts
