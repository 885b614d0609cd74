"""What a fault makes of a frame.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
import pybase64

from voxpool.server.faults import Fault

MALFORMED: Final = b'{"result": {"contextId": '
UNKNOWN_ID: Final = "no-such-context"


def spoil_frame(frame: bytes, faults: Sequence[Fault]) -> list[bytes]:
    """Return what is sent instead of a frame, in order; possibly nothing.

    Args:
        frame: The frame as it would be right.
        faults: What strikes it; effects that are no matter of frames are left alone.
    """
    frames = [frame]
    for fault in faults:
        if fault.effect == "omit":
            return []
        if fault.effect == "malformed":
            frames = [MALFORMED, *frames]
        elif fault.effect == "wrong_types":
            frames[-1] = _with_wrong_types(frames[-1])
        elif fault.effect == "unknown_id":
            frames[-1] = _with_another_id(frames[-1])
    return frames


def spoil_chunk(body: dict[str, Any], faults: Sequence[Fault]) -> dict[str, Any]:
    """Return what is sent instead of the object of an ``audioChunk``.

    Args:
        body: The object as it would be right.
        faults: What strikes it.
    """
    spoilt = dict(body)
    for fault in faults:
        if fault.effect == "bad_base64":
            # A character that is in no alphabet, where a lax decoder would skip it.
            spoilt["audioContent"] = spoilt["audioContent"][:8] + "!*" + spoilt["audioContent"][10:]
        elif fault.effect == "empty_audio":
            spoilt["audioContent"] = ""
        elif fault.effect == "truncated_audio":
            # In the middle of a sample, and of whatever frame or header there was.
            audio = pybase64.b64decode(spoilt["audioContent"])
            spoilt["audioContent"] = pybase64.b64encode_as_string(audio[: len(audio) // 2 | 1])
        elif fault.effect == "shuffled_timestamps":
            spoilt["timestampInfo"] = _backwards(spoilt["timestampInfo"])
    return spoilt


def spoil_audio(body: dict[str, Any], audio: bytes, faults: Sequence[Fault]) -> tuple[dict[str, Any], bytes]:
    """Return what is sent instead of the object of an ``audioChunk``, and the audio that a client can get out of it.

    Args:
        body: The object as it would be right.
        audio: The audio in it.
        faults: What strikes it.
    """
    for fault in faults:
        body = spoil_chunk(body, (fault,))
        if fault.effect in ("empty_audio", "truncated_audio"):
            audio = pybase64.b64decode(body["audioContent"])
        elif fault.effect in ("omit", "bad_base64", "wrong_types", "unknown_id"):
            audio = b""
    return body, audio


def stale_frames(frames: Sequence[bytes], count: int) -> list[bytes]:
    """Return frames of a closed context: what it sent last, again.

    Args:
        frames: What it sent, in order.
        count: How many to send.
    """
    return [frames[-1 - index % len(frames)] for index in range(count)] if frames else []


def _with_wrong_types(frame: bytes) -> bytes:
    message = orjson.loads(frame)
    result = message["result"]
    for name in result:
        if name not in ("contextId", "status"):
            result[name] = 5
    result["status"] = []
    return orjson.dumps(message)


def _with_another_id(frame: bytes) -> bytes:
    message = orjson.loads(frame)
    message["result"]["contextId"] = UNKNOWN_ID
    return orjson.dumps(message)


def _backwards(timestamps: dict[str, Any] | None) -> dict[str, Any] | None:
    if timestamps is None:
        return None
    return {
        kind: {name: items[::-1] if name.endswith("Seconds") else items for name, items in body.items()}
        for kind, body in timestamps.items()
    }
