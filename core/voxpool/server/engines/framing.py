"""Frames on the pipes between the server and a worker: a JSON header and a binary body, both with their length."""

from __future__ import annotations

import struct
from typing import Any, BinaryIO, Final, Protocol

import orjson

from voxpool.server.speech import Phone, Speech, SpeechRequest, Word

_LENGTHS: Final = struct.Struct("<II")
LONGEST: Final = 256 * 1024 * 1024
"""Longest header or body that is believed, in bytes."""


class AsyncReader(Protocol):
    """What of ``asyncio.StreamReader`` is needed."""

    async def readexactly(self, n: int, /) -> bytes:
        """Return exactly ``n`` bytes."""
        ...


def pack(header: dict[str, Any], body: bytes = b"") -> bytes:
    """Return a frame."""
    text = orjson.dumps(header)
    return b"".join((_LENGTHS.pack(len(text), len(body)), text, body))


def read(stream: BinaryIO) -> tuple[dict[str, Any], bytes]:
    """Read a frame from a blocking, buffered stream.

    Raises:
        EOFError: If the other side has gone.
    """
    header_length, body_length = _lengths(_exactly(stream, _LENGTHS.size))
    return orjson.loads(_exactly(stream, header_length)), _exactly(stream, body_length)


async def read_async(stream: AsyncReader) -> tuple[dict[str, Any], bytes]:
    """Read a frame from an asyncio stream.

    Raises:
        asyncio.IncompleteReadError: If the other side has gone.
        ValueError: If what came is no frame.
    """
    header_length, body_length = _lengths(await stream.readexactly(_LENGTHS.size))
    header = orjson.loads(await stream.readexactly(header_length))
    return header, await stream.readexactly(body_length) if body_length else b""


def request_header(number: int, request: SpeechRequest) -> dict[str, Any]:
    """Return the header that asks for a piece of speech."""
    return {
        "id": number,
        "voice": request.voice,
        "text": request.text,
        "rate": request.sample_rate_hz,
        "speed": request.speed,
        "pitch": request.pitch,
    }


def request_of(engine: str, header: dict[str, Any]) -> SpeechRequest:
    """Return the request that a header carries."""
    return SpeechRequest(
        engine, header["voice"], header["text"], header["rate"], float(header["speed"]), header["pitch"]
    )


def speech_header(number: int, speech: Speech) -> dict[str, Any]:
    """Return the header that goes with the samples of a piece of speech."""
    words = [
        (w.start, w.end, w.start_s, w.end_s, [(p.symbol, p.start_s, p.duration_s) for p in w.phones])
        for w in speech.words
    ]
    return {"id": number, "rate": speech.sample_rate_hz, "words": words}


def speech_of(header: dict[str, Any], pcm: bytes) -> Speech:
    """Return the speech that a frame carries."""
    words = tuple(
        Word(start, end, start_s, end_s, tuple(Phone(*phone) for phone in phones))
        for start, end, start_s, end_s, phones in header["words"]
    )
    return Speech(pcm, header["rate"], words)


def _lengths(data: bytes) -> tuple[int, int]:
    header_length, body_length = _LENGTHS.unpack(data)
    if max(header_length, body_length) > LONGEST:
        raise ValueError("a frame of a worker is too long; something else writes to its pipe")
    return header_length, body_length


def _exactly(stream: BinaryIO, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data
