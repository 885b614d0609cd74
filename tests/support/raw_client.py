"""A raw client of the protocol: it says exactly what it is told, and interprets nothing."""

import base64
import contextlib
import json
from dataclasses import dataclass, field

import aiohttp


@dataclass
class Raw:
    """A raw WebSocket: what is sent and received is JSON, nothing is interpreted."""

    socket: aiohttp.ClientWebSocketResponse
    seen: list = field(default_factory=list)

    async def send(self, *messages):
        for message in messages:
            if isinstance(message, bytes):
                await self.socket.send_bytes(message)
            else:
                await self.socket.send_str(message if isinstance(message, str) else json.dumps(message))

    async def frame(self, timeout=5.0):
        message = await self.socket.receive(timeout)
        if message.type is not aiohttp.WSMsgType.TEXT:
            return message.type
        self.seen.append(json.loads(message.data))
        return self.seen[-1]

    async def until(self, key, context_id=None, timeout=5.0):
        """Return the frames up to and including the first with this payload key (or 'error', or 'status')."""
        frames = []
        while True:
            frame = await self.frame(timeout)
            assert isinstance(frame, dict), f"the connection ended with {frame} while waiting for {key}: {frames}"
            frames.append(frame)
            result = frame.get("result", {})
            failed = key == "status" and result.get("status", {}).get("code")
            if (key in frame or (key in result and key != "status") or failed) and (
                context_id is None or result.get("contextId") == context_id
            ):
                return frames

    async def quiet(self, seconds=0.1):
        """Assert that nothing comes for a while."""
        with contextlib.suppress(TimeoutError):
            raise AssertionError(f"not quiet: {await self.frame(seconds)}")


def create(context_id="c", **changes):
    settings = {
        "voiceId": "Ashley",
        "modelId": "inworld-tts-2",
        "audioConfig": {"audioEncoding": "PCM", "sampleRateHertz": 8000},
    }
    message = {"create": settings | changes}
    if context_id is not None:
        message["contextId"] = context_id
    return message


def text(words, context_id="c", flush=False):
    body = {"text": words} | ({"flush_context": {}} if flush else {})
    return {"send_text": body} | ({"contextId": context_id} if context_id is not None else {})


def act(name, context_id="c"):
    return {name: {}} | ({"contextId": context_id} if context_id is not None else {})


def kinds(frames):
    """Return the payload key of each frame, or the code of a status, or 'error'."""
    named = []
    for frame in frames:
        result = frame.get("result")
        if result is None:
            named.append("error")
            continue
        rest = [key for key in result if key not in ("contextId", "status")]
        named.append(rest[0] if rest else result["status"]["code"])
    return named


def audio(frames, context_id="c"):
    return [
        base64.b64decode(frame["result"]["audioChunk"]["audioContent"], validate=True)
        for frame in frames
        if "audioChunk" in frame.get("result", {}) and frame["result"]["contextId"] == context_id
    ]


def chunks(frames, context_id="c"):
    return [
        frame["result"]["audioChunk"]
        for frame in frames
        if "audioChunk" in frame.get("result", {}) and frame["result"]["contextId"] == context_id
    ]
