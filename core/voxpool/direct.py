"""Text frames straight from the parser: taken where the bytes came in, without waking a task first.

``ws.receive()`` costs every frame a future and a step of a task, about as much as the pool does with it.  aiohttp has
no public way around that, so its queue of messages is replaced right after the handshake, and lets text frames pass by.
Pings, pongs, the closing handshake and every error still go through ``receive()``.

Where aiohttp is built in another way than this knows, ``attach`` returns None and every frame goes through
``receive()``: slower, and the same in all else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

import aiohttp
from aiohttp import WSMsgType
from aiohttp._websocket.reader import WebSocketDataQueue, WebSocketReader

_logger = logging.getLogger(__name__)

_QUEUE_BYTES: Final = 2**16
"""What may wait in the queue before the socket is read no further: aiohttp's own number."""


class DirectQueue(WebSocketDataQueue):
    """aiohttp's queue of messages, which text frames pass by while somebody takes them.

    Attributes:
        take: Takes a text frame at once; None while they shall wait in the queue as all else does.
        failure: What ``take`` raised; it is asked no more then, and ``receive()`` comes to its end.
    """

    take: Callable[[str], None] | None = None
    failure: Exception | None = None

    def feed_data(self, data: Any, size: int) -> None:
        """Take a message from the parser.

        Args:
            data: An ``aiohttp.WSMessage``.
            size: Its length in bytes.
        """
        take = self.take
        # What waits in the queue came first, and is to be handled first.
        if take is None or data.type is not WSMsgType.TEXT or self._buffer:
            super().feed_data(data, size)
            return
        try:
            take(data.data)
        except Exception as error:  # noqa: BLE001 - raised again by whoever receives; here it would pass for the peer's
            self.take, self.failure = None, error
            self.set_exception(error)


class FreshWebSocket(aiohttp.ClientWebSocketResponse):
    """A WebSocket that knows whether anything came along with the answer to its upgrade.

    Attributes:
        fresh: Whether nothing did: then aiohttp's parser cannot hold the first half of a frame.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        connection = self._response.connection
        self.fresh = not getattr(connection and connection.protocol, "_tail", True)


def attach(ws: aiohttp.ClientWebSocketResponse, max_frame_bytes: int) -> DirectQueue | None:
    """Put a queue of ours in place of aiohttp's; to be called before the event loop turns after the handshake.

    Args:
        ws: Just opened, without compression.
        max_frame_bytes: The largest message accepted.

    Returns:
        The queue, or None where that cannot be done without the risk of losing a frame.
    """
    if not isinstance(ws, FreshWebSocket) or not ws.fresh:
        return None
    try:
        protocol = ws._response.connection.protocol  # type: ignore[union-attr]  # noqa: SLF001
        queue = DirectQueue(protocol, _QUEUE_BYTES, loop=asyncio.get_running_loop())  # type: ignore[arg-type]
        parser = WebSocketReader(queue, max_frame_bytes, compress=False, decode_text=True)
        protocol.set_parser(parser, queue)  # type: ignore[union-attr]
    except (AttributeError, TypeError) as error:
        _logger.debug("this aiohttp is built in another way, so frames are received one by one: %r", error)
        return None
    # Both: aiohttp's queue has but a weak reference to a parser that waits.
    ws._reader, ws._parser = queue, parser  # noqa: SLF001
    return queue
