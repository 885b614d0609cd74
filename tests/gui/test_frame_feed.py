"""The one tap of a pool is held by the feed, from pool to pool."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from voxgrid.frame_feed import FrameFeed
from voxpool.config import Credential, Endpoint
from voxpool.events import UtteranceGranted

KEY = "bWFkZS11cC1rZXk6Zm9yLXRlc3RzLW9ubHk="


@dataclass
class TapPool:
    endpoint: Endpoint = field(default_factory=lambda: Endpoint("http://127.0.0.1:1", Credential.basic(KEY)))
    frame_tap: Any = None


def test_the_tap_moves_from_pool_to_pool_and_the_store_begins_anew() -> None:
    feed = FrameFeed()
    first, second = TapPool(), TapPool()
    feed.attach(first)
    first.frame_tap(1, "out", '{"close_context":{},"contextId":"a"}', 1.0)
    feed.attach(None)
    assert len(feed.store) == 1, "the picture stays until another pool comes"
    first.frame_tap(1, "in", '{"result":{"contextId":"a","contextClosed":{}}}', 1.1)
    assert len(feed.store) == 2, "a pool that is being closed still speaks"
    feed.attach(second)
    assert first.frame_tap is None
    assert len(feed.store) == 0
    second.frame_tap(1, "out", f'{{"send_text":{{"text":"{KEY}"}},"contextId":"b"}}', 2.0)
    assert KEY not in repr(list(feed.store))
    feed.close()
    assert second.frame_tap is None


def test_contexts_are_named_after_their_utterances() -> None:
    feed = FrameFeed()
    granted = UtteranceGranted(
        at=1.0, utterance_id=7, connection_id=1, row=0, column=0, context_id="a", attempt=2, waited_ms=0.0
    )
    feed.take([granted])
    assert feed.store.utterance_of("a") == 7


def test_the_feed_goes_with_the_window_to_another_pool_and_back() -> None:
    feed = FrameFeed()
    home, visited = TapPool(), TapPool()
    feed.attach(home)
    feed.follow(home)
    assert home.frame_tap == feed.store.tap
    feed.follow(visited)
    assert home.frame_tap is None
    assert visited.frame_tap == feed.store.tap
    feed.follow(object())
    assert visited.frame_tap == feed.store.tap, "what has no tap is passed over"
    feed.follow(home)
    assert visited.frame_tap is None
