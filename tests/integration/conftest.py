"""One local server for all the tests of this folder, without the delays that it imitates by default."""

import pytest

from support.local_server import running_server


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    """A developer's own key must never be spent by a test."""
    monkeypatch.delenv("INWORLD_API_KEY", raising=False)


@pytest.fixture(scope="session")
def server():
    """A server that speaks as fast as it can, with eSpeak unless the neural voice is asked for."""
    with running_server("--timing", "instant") as running:
        yield running
