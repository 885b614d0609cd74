"""Frames for elsewhere: as JSON, as they went over the wire, and as a program that says the same again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from string import Template
from typing import Final

import orjson

from voxpool.frames.compare import pretty
from voxpool.frames.record import AUDIO_MARK, FrameKind, FrameRecord

Whole = Callable[[int], str | None]
"""Returns a frame as it went over the wire, or None when its audio is not kept any more: ``FrameStore.whole``."""

KEY_NAME: Final = "INWORLD_API_KEY"
"""The variable of the environment from which the program takes the key."""
_PAUSE_MOST_S: Final = 5.0

_PROGRAM: Final = Template('''\
"""Says again what was sent in ${count}.  Needs aiohttp; the key comes from the environment: ${key_name}."""

import asyncio
import json
import os
import sys

import aiohttp

URL = ${url}
SENT = [  # (seconds since the frame before, frame)
${sent}
]
LONGEST_S = 60  # how long to wait for replies


async def main() -> None:
    key = os.environ.get("${key_name}", "")
    headers = {"Authorization": f"Basic {key}"} if key else {}
    created = set()
    waiting = {json.loads(frame).get("contextId") for _, frame in SENT} - {None}
    async with aiohttp.ClientSession() as session, session.ws_connect(URL, headers=headers, max_msg_size=0) as socket:

        async def send() -> None:
            for pause, frame in SENT:
                await asyncio.sleep(pause)
                print(">", frame)
                await socket.send_str(frame)

        sending = asyncio.create_task(send())
        try:
            async with asyncio.timeout(LONGEST_S):
                async for message in socket:
                    data = json.loads(message.data)
                    result = data.get("result") or {}
                    chunk = result.get("audioChunk") or {}
                    if chunk.get("audioContent"):
                        chunk["audioContent"] = f"{len(chunk['audioContent'])} characters of base64"
                    print("<", json.dumps(data, ensure_ascii=False))
                    context, code = result.get("contextId"), (result.get("status") or {}).get("code")
                    if "contextCreated" in result:
                        created.add(context)
                    # Codes 5 and 8 are the last word about a context, and so is any other before it was created.
                    if "contextClosed" in result or code in (5, 8) or (code and context not in created):
                        waiting.discard(context)
                    if "error" in data or (sending.done() and not waiting):
                        break
        except TimeoutError:
            sys.exit(f"no end within {LONGEST_S} s; still open: {sorted(waiting)}")
        finally:
            sending.cancel()


asyncio.run(main())
''')


def shown_json(record: FrameRecord) -> str:
    """Return a frame's JSON as a person reads it: pretty printed, audio in words."""
    if record.kind is FrameKind.AUDIO and record.audio_bytes:
        words = json.dumps(record.summary.partition(" · ")[0], ensure_ascii=False)
        return pretty(record.folded.replace(f'"{AUDIO_MARK}"', words, 1))
    return pretty(record.folded) + (f"\n… {record.cut:,} characters more, which are not kept" if record.cut else "")


def as_json(records: Sequence[FrameRecord]) -> str:
    """Return frames as a JSON array: what is known of each, and its JSON with the audio in words."""
    out = []
    for record in records:
        known = record.to_dict()
        known.pop("folded", None)
        try:
            known["frame"] = orjson.loads(shown_json(record))
        except orjson.JSONDecodeError:
            known["frame"] = record.folded
        out.append(known)
    return json.dumps(out, indent=2, ensure_ascii=False)


def as_raw(records: Iterable[FrameRecord], whole: Whole) -> str:
    """Return frames as they went over the wire, one a line; audio that is not kept any more stays folded."""
    return "".join(f"{whole(record.serial) or record.folded}\n" for record in records)


def as_python(records: Sequence[FrameRecord], url: str) -> str:
    """Return a program that sends the outbound frames among ``records`` again, with the pauses they had.

    Args:
        records: Frames, oldest first; inbound ones are left out, for the service writes those.
        url: The endpoint's WebSocket, without a key.
    """
    sent, before = [], None
    for record in records:
        if record.inbound or record.kind is FrameKind.BROKEN or record.cut:
            continue
        pause = 0.0 if before is None else min(_PAUSE_MOST_S, max(0.0, record.at - before))
        before = record.at
        sent.append(f"    ({pause:.3f}, {record.folded!r}),")
    count = "no frame" if not sent else "one frame" if len(sent) == 1 else f"{len(sent)} frames"
    return _PROGRAM.substitute(
        count=count, url=json.dumps(url), key_name=KEY_NAME, sent="\n".join(sent) or "    # nothing was chosen"
    )
