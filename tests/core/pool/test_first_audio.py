"""A decoder never waits for bytes that it does not need (protocol.md section 13, 14)."""

from __future__ import annotations

import asyncio
from itertools import accumulate

import numpy as np
import pytest

from support.fake_transport import FakeContext, FakeService
from support.pools import open_pool
from voxpool.protocol.settings import ContextSettings, Encoding

pytest.importorskip("av", reason="PyAV has no wheel for this Python")
from voxpool.server.encoders import make_encoder

pytestmark = pytest.mark.virtual_time

EVERY_S = 1.0
CHUNK_S = 0.2
HELD_S = {Encoding.MP3: 0.1, Encoding.OGG_OPUS: 0.15, Encoding.FLAC: 2 * 4608 / 24_000}
"""What the format itself may hold back, here and in the encoder: an overlap, a page, a frame whose end is not known."""


def encoded(encoding: Encoding, rate_hz: int) -> list[bytes]:
    """Two seconds of speech-like noise, a fifth of a second in each chunk, as a service cuts it."""
    noise = np.random.default_rng(5).integers(-3000, 3000, size=2 * rate_hz, dtype=np.int16)
    encoder = make_encoder(encoding, rate_hz, wav_size_field=0)
    encoder.begin()
    step = round(CHUNK_S * rate_hz)
    return [encoder.encode(noise[begin : begin + step].tobytes()) for begin in range(0, len(noise), step)]


@pytest.mark.parametrize("encoding", list(Encoding), ids=lambda encoding: encoding.value)
async def test_samples_are_read_as_soon_as_their_bytes_are_there(encoding: Encoding) -> None:
    rate_hz = 8000 if encoding in (Encoding.MULAW, Encoding.ALAW) else 24_000
    chunks = encoded(encoding, rate_hz)
    began: list[float] = []

    def speak(context: FakeContext, _text: str) -> None:
        context.busy = True
        loop = asyncio.get_running_loop()
        began.append(loop.time())
        for number, chunk in enumerate(chunks):
            if chunk:
                loop.call_later(number * EVERY_S, context.audio, chunk)
        loop.call_later(len(chunks) * EVERY_S, context.closed)

    service = FakeService(on_speak=speak, latency_s=0.0)
    async with open_pool(service, first_audio_timeout_s=30.0, stall_timeout_s=30.0) as (pool, _):
        loop = asyncio.get_running_loop()
        utterance = pool.speak("Hello.", settings=ContextSettings(encoding=encoding, sample_rate_hz=rate_hz))
        read = [(loop.time(), len(chunk.pcm) / rate_hz) async for chunk in utterance]
    heard = list(accumulate((seconds for _, seconds in read), initial=0.0))
    for number in range(1, len(chunks)):
        # Whatever came with a chunk is read before the next one comes.
        before_the_next = began[0] + (number - 0.5) * EVERY_S
        total = heard[sum(at < before_the_next for at, _ in read)]
        assert total >= number * CHUNK_S - HELD_S.get(encoding, 0.0) - 1e-9, f"after {number} chunks"
