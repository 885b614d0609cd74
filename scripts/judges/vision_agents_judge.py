"""The Vision Agents plugin speaks, in its own defaults.

It ends a turn at the first ``flushCompleted`` (protocol.md section 13, number 25): where the service runs
several syntheses for one text it loses the rest, here as there.
"""

from __future__ import annotations

import asyncio

from cases import AFTER, INTERRUPTED, LONG, SHORT, Verdict, arguments, keep_logs
from vision_agents.plugins.inworld import TTS

RATE = 16000


async def speak(voice: TTS, verdict: Verdict, *, cut_after: int | None = None) -> None:
    pcm = bytearray()
    try:
        async for chunk in await voice.stream_audio(verdict.text):
            pcm += chunk.to_bytes()
            if cut_after is not None and len(pcm) >= cut_after:
                await voice.stop_audio()
    except Exception as error:  # noqa: BLE001 - whatever a client raises is its verdict
        verdict.error = f"{type(error).__name__}: {error}"
    verdict.heard(bytes(pcm), RATE).tell()


async def main() -> None:
    asked, logs = arguments(), keep_logs()
    voice = TTS(
        api_key=asked.key,
        sample_rate=RATE,
        ws_url=f"ws{asked.url.removeprefix('http')}/tts/v1/voice:streamBidirectional",
    )
    await speak(voice, Verdict("short", SHORT))
    await speak(voice, Verdict("long", LONG))
    for _ in range(6):
        await speak(voice, Verdict("interrupted", INTERRUPTED, cut=True), cut_after=4800)
    await speak(voice, Verdict("after interruption", AFTER))
    await voice.close()
    logs.tell()


asyncio.run(main())
