"""A recording as HAR 1.2, with WebSocket messages as Chrome writes them (``_webSocketMessages``).

One entry for each connection, those that were refused included.  Audio was not recorded with the frames: ``"*"``
stands where it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from voxpool.config import WS_PATH
from voxpool.events import CloseReason, ConnectionChanged, ConnectionState
from voxpool.frames.record import AUDIO_MARK, FrameKind, FrameRecord
from voxpool.recording.export.pieces import Piece
from voxpool.recording.hiding import hide
from voxpool.recording.items import Coming, PoolBegan

_UNKNOWN_URL: Final = "wss://unknown.invalid"
_TEXT: Final = 1
"""The opcode of a text message."""
_HTTP_STATUS: Final = re.compile(r"\((?:HTTP )?(\d{3})\)")
_NO_BODY: Final[dict[str, Any]] = {"headers": [], "cookies": [], "headersSize": -1, "bodySize": -1}
Entry = dict[str, Any]


def to_har(piece: Piece) -> Iterator[bytes]:
    """Yield the file."""
    entries = _Entries(piece)
    entries.read()
    app = piece.recording.opening.app or "voxgrid"
    name, _, version = app.partition(" ")
    log = {
        "version": "1.2",
        "creator": {"name": name, "version": version},
        "pages": [],
        "entries": entries.in_order(),
    }
    yield hide(orjson.dumps({"log": log}, option=orjson.OPT_INDENT_2).decode()).encode()


class _Entries:
    """The entries of a stretch, by pool and connection."""

    def __init__(self, piece: Piece) -> None:
        self._piece = piece
        self._entries: dict[tuple[int, int], Entry] = {}
        self._urls = [_UNKNOWN_URL]
        """Of each pool, in the order in which they began."""
        self._watched = [(float("-inf"), 0)]
        """From which moment on which pool was watched."""
        self._home = 0
        self._closed: dict[tuple[int, int], ConnectionChanged] = {}

    def read(self) -> None:
        """Take in everything."""
        opened: dict[tuple[int, int], float] = {}
        # A pool that began before the stretch still has its address.
        for item in self._piece.recording.items(end=self._piece.end):
            if isinstance(item, PoolBegan):
                self._begin_pool(item)
            elif isinstance(item, ConnectionChanged) and item.at >= self._piece.begin:
                key = self._key(item.connection_id, item.at)
                if item.new is ConnectionState.CLOSED:
                    self._closed[key] = item
                elif item.new is ConnectionState.CONNECTING:
                    opened[key] = item.at
        for frame in self._piece.frames():
            key = self._key(frame.connection_id, frame.at)
            entry = self._entries.get(key)
            if entry is None:
                entry = self._entries[key] = self._entry(key, opened.get(key, frame.at))
            entry["_webSocketMessages"].append(self._message(frame))
            entry["time"] = round((frame.at - entry["_began"]) * 1000, 3)
        # One that was refused, or on which nothing was said, is what somebody may look for.
        for key, began in opened.items():
            if key not in self._entries:
                self._entries[key] = self._entry(key, began)

    def in_order(self) -> list[Entry]:
        """Return the entries, the oldest first."""
        done = sorted(self._entries.items(), key=lambda each: each[1]["_began"])
        for key, entry in done:
            closed = self._closed.get(key)
            if closed is not None:
                entry["time"] = round((closed.at - entry["_began"]) * 1000, 3)
                entry["comment"] = f"closed: {closed.reason.value}" if closed.reason is not None else "closed"
                if closed.reason is CloseReason.CONNECT_FAILED:
                    _refuse(entry, closed.detail)
            entry["timings"]["receive"] = entry["time"]
            del entry["_began"]
        return [entry for _, entry in done]

    def _begin_pool(self, item: PoolBegan) -> None:
        pool = self._home if item.coming is Coming.RETURN else len(self._urls)
        if pool == len(self._urls):
            self._urls.append(_websocket(item.url))
        if item.coming is not Coming.VISIT:
            self._home = pool
        self._watched.append((item.at, pool))

    def _key(self, connection_id: int, at: float) -> tuple[int, int]:
        return next(pool for began, pool in reversed(self._watched) if began <= at), connection_id

    def _entry(self, key: tuple[int, int], began: float) -> Entry:
        url = self._urls[key[0]]
        wall = self._piece.recording.wall(began)
        return {
            "_began": began,
            "_resourceType": "websocket",
            "_webSocketMessages": [],
            "connection": str(key[1]),
            "startedDateTime": datetime.fromtimestamp(max(0.0, wall), UTC).isoformat(timespec="milliseconds"),
            "time": 0.0,
            "request": {"method": "GET", "url": url, "httpVersion": "HTTP/1.1", "queryString": [], **_NO_BODY},
            "response": {
                "status": 101,
                "statusText": "Switching Protocols",
                "httpVersion": "HTTP/1.1",
                "redirectURL": "",
                "content": {"size": 0, "mimeType": "x-unknown"},
                **_NO_BODY,
            },
            "cache": {},
            "timings": {"send": 0, "wait": 0, "receive": 0},
        }

    def _message(self, frame: FrameRecord) -> Entry:
        return {
            "type": "receive" if frame.inbound else "send",
            "time": round(self._piece.recording.wall(frame.at), 6),
            "opcode": _TEXT,
            "data": frame.folded or _envelope(frame),
        }


def _refuse(entry: Entry, detail: str) -> None:
    """Say of an entry that the upgrade was refused, with the HTTP status if there was one; 0 is what browsers write."""
    found = _HTTP_STATUS.search(detail)
    entry["response"] |= {"status": int(found[1]) if found else 0, "statusText": "", "_error": detail}


def _envelope(frame: FrameRecord) -> str:
    """Return a message that was left out: of audio everything but the audio is known."""
    if frame.kind is FrameKind.AUDIO:
        chunk = {"contextId": frame.context_id, "audioChunk": {"audioContent": AUDIO_MARK}}
        return orjson.dumps({"result": chunk}).decode()
    return orjson.dumps({"leftOut": frame.summary or frame.kind.value}).decode()


def _websocket(url: str) -> str:
    parts = urlsplit(url)
    if not parts.netloc:
        return _UNKNOWN_URL
    return f"{'ws' if parts.scheme == 'http' else 'wss'}://{parts.netloc}{WS_PATH}"
