"""Which server gets which key."""

import pytest

from voxpool.cli import main
from voxpool.cli.endpoint import chosen_endpoint, is_inworld, may_cost, reached
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


@pytest.mark.parametrize(
    ("url", "costs"),
    [
        (INWORLD_URL, True),
        ("https://api.inworld.ai.", True),
        ("https://gateway.example.org", True),
        ("http://10.0.0.7:8080", True),
        ("http://127.0.0.1:8080", False),
        ("http://localhost", False),
    ],
)
def test_all_that_is_not_on_this_machine_may_cost_money(url, costs):
    assert may_cost(Endpoint(url)) is costs
    assert not may_cost(None)


def test_a_load_on_a_remote_server_is_asked_about(capsys):
    assert main(["stress", "--utterances", "2", "--url", "https://gateway.example.org", "--no-keep"]) == 2
    said = capsys.readouterr().err
    assert "characters to gateway.example.org, which may be billed" in said
    assert "it stops at 50,000 characters); add --yes to do it" in said


async def test_an_endpoint_that_is_given_starts_nothing():
    given = Endpoint("http://127.0.0.1:1")
    async with reached(given) as target:
        assert target is given
