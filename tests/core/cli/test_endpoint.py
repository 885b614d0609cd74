"""Which server gets which key."""

import pytest

from voxpool.cli.endpoint import chosen_endpoint, is_inworld, reached
from voxpool.config import INWORLD_URL, Endpoint
from voxpool.errors import EndpointError

KEY = "bWFkZTp1cA=="  # made up: "made:up"
OTHER = "b3RoZXI6b25l"  # made up: "other:one"


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    monkeypatch.delenv("INWORLD_API_KEY", raising=False)


def header(endpoint):
    return endpoint.credential.header() if endpoint.credential else None


def test_nothing_given_means_a_local_server():
    assert chosen_endpoint(None, None) is None


def test_a_key_alone_means_the_service(monkeypatch):
    assert chosen_endpoint(None, KEY).url == INWORLD_URL
    monkeypatch.setenv("INWORLD_API_KEY", f" {KEY}\n")
    assert header(chosen_endpoint(None, None)) == f"Basic {KEY}"
    assert header(chosen_endpoint(None, OTHER)) == f"Basic {OTHER}"


def test_an_empty_variable_is_no_key(monkeypatch):
    monkeypatch.setenv("INWORLD_API_KEY", "  ")
    assert chosen_endpoint(None, None) is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:80", "https://example.org", "https://inworld.ai.example.org"])
def test_the_key_of_the_environment_goes_to_nobody_else(monkeypatch, url):
    monkeypatch.setenv("INWORLD_API_KEY", KEY)
    assert header(chosen_endpoint(url, None)) is None


@pytest.mark.parametrize("url", [INWORLD_URL, "wss://api.inworld.ai", "https://eu.api.inworld.ai"])
def test_the_service_gets_it(monkeypatch, url):
    monkeypatch.setenv("INWORLD_API_KEY", KEY)
    assert header(chosen_endpoint(url, None)) == f"Basic {KEY}"
    assert is_inworld(chosen_endpoint(url, None))


def test_a_key_does_not_travel_in_the_clear():
    with pytest.raises(EndpointError, match="without encryption"):
        chosen_endpoint("http://example.org", KEY)
    assert header(chosen_endpoint("http://localhost:9", KEY)) == f"Basic {KEY}"
    assert not is_inworld(Endpoint("http://api.inworld.ai"))


async def test_an_endpoint_that_is_given_starts_nothing():
    given = Endpoint("http://127.0.0.1:1")
    async with reached(given) as target:
        assert target is given
