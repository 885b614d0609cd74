"""Pipecat's service speaks in a pipeline of its own, in its own defaults."""

from __future__ import annotations

import asyncio
import sys

from cases import AFTER, INTERRUPTED, LONG, SHORT, STREAMED, Verdict, arguments, keep_logs, tokens
from loguru import logger
from pipecat.frames.frames import (
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSTextFrame,
)
from pipecat.services.inworld.tts import InworldTTSService
from pipecat.tests.utils import SleepFrame, run_test

RATE = 24000


async def speak(asked: object, verdict: Verdict, frames: list[object]) -> None:
    service = InworldTTSService(
        api_key=asked.key, url=f"ws{asked.url.removeprefix('http')}/tts/v1/voice:streamBidirectional", sample_rate=RATE
    )
    pcm = bytearray()
    try:
        down, _ = await run_test(service, frames_to_send=frames, start_timeout=10.0)
        for frame in down:
            if isinstance(frame, TTSAudioRawFrame):
                pcm += frame.audio
            elif isinstance(frame, TTSTextFrame):
                verdict.words.append((frame.text, (frame.pts or 0) / 1e9))
    except Exception as error:  # noqa: BLE001 - whatever a client raises is its verdict
        verdict.error = f"{type(error).__name__}: {error}"
    verdict.heard(bytes(pcm), RATE).tell()


def response(text: str) -> list[object]:
    return [
        LLMFullResponseStartFrame(),
        *(LLMTextFrame(text=piece) for piece in tokens(text)),
        LLMFullResponseEndFrame(),
    ]


async def main() -> None:
    asked, logs = arguments(), keep_logs()
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    logger.add(
        lambda message: logs.lines.append(str(message).strip()), level="WARNING", format="{level} {name}: {message}"
    )
    await speak(asked, Verdict("short", SHORT), [TTSSpeakFrame(SHORT), SleepFrame(2)])
    await speak(asked, Verdict("long", LONG), [TTSSpeakFrame(LONG), SleepFrame(6)])
    await speak(asked, Verdict("streamed", STREAMED), [*response(STREAMED), SleepFrame(3)])
    cut = [TTSSpeakFrame(INTERRUPTED), SleepFrame(0.5), InterruptionFrame(), TTSSpeakFrame(AFTER), SleepFrame(2)]
    await speak(asked, Verdict("interrupted", INTERRUPTED, cut=True), cut)
    logs.tell()


asyncio.run(main())
