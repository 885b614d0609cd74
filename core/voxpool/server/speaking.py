"""One synthesis: from a text and its settings to a stream of encoded chunks, for the socket and for REST."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Hashable
from contextlib import aclosing
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from voxpool.server import markup
from voxpool.server.chunking import Chunker, ChunkSizes
from voxpool.server.config import ServerConfig
from voxpool.server.encoders import Encoder
from voxpool.server.options import Options
from voxpool.server.scripts import language_of
from voxpool.server.sentences import pieces, speakable
from voxpool.server.services import Services
from voxpool.server.speech import Speech, SpeechRequest
from voxpool.server.timestamps import Style, Timeline
from voxpool.server.voices import Voice

_LOOKAHEAD: Final = 2
_WITHOUT_PHONES: Final = ("inworld-tts-1", "inworld-tts-1-max")


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one message carries.

    Attributes:
        audio: Encoded audio; empty in a message that only has timestamps.
        duration_s: Seconds of audio in it.
        characters: Characters of the synthesis on its first chunk, else 0.
        timestamps: The alignment that goes with it, or None.
    """

    audio: bytes
    duration_s: float
    characters: int
    timestamps: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the text for one worker.

    Attributes:
        start: Index of its first character in the text of the synthesis.
        end: Index behind its last.
        request: What to speak, or None if there is nothing but a pause.
        pause_s: Silence behind it.
    """

    start: int
    end: int
    request: SpeechRequest | None
    pause_s: float


def stretches(text: str, options: Options, voice: Voice, job_characters: int) -> list[Stretch]:
    """Divide a text between workers: at pauses, at changes of language, at sentence ends."""
    found: list[Stretch] = []
    for piece in markup.read(text, verbatim=options.verbatim):
        spans = pieces(piece.spoken, job_characters) or [(0, 0)]
        for start, end in spans:
            spoken = piece.spoken[start:end]
            request = _request(spoken, options, voice, piece.language) if speakable(spoken) else None
            pause_s = piece.pause_s if (start, end) == spans[-1] else 0.0
            found.append(Stretch(piece.start + start, piece.start + end, request, pause_s))
    return found


def style_of(options: Options, config: ServerConfig) -> Style | None:
    """Return the style of a context's timestamps, None for no timestamps (section 8)."""
    if options.timestamps == "none":
        return None
    if options.timestamps == "CHARACTER":
        return "characters"
    if config.tokens != "model":
        return config.tokens
    return "tokens" if options.model_id.startswith("inworld-tts-2") else "words"


class Speaking:
    """One synthesis under way.

    Args:
        text: The text as it was sent.
        options: The settings in force.
        voice: The voice.
        encoder: The encoder, which nothing else uses meanwhile.
        services: The parts of the server.
        client: In whose turn.
        sizes: The sizes of its chunks.
    """

    def __init__(
        self,
        text: str,
        options: Options,
        voice: Voice,
        encoder: Encoder,
        services: Services,
        client: Hashable,
        sizes: ChunkSizes,
    ) -> None:
        config = services.config
        self._stretches = stretches(text, options, voice, config.job_characters)
        self._options = options
        self._encoder = encoder
        self._synthesizer = services.synthesizer
        self._client = client
        self._rate = options.sample_rate_hz
        self._chunker = Chunker(sizes)
        style = style_of(options, config)
        phonetic = options.model_id not in _WITHOUT_PHONES
        self._timeline = Timeline(text, style, phonetic=phonetic) if style else None
        self._characters = len(text)
        self._known_s = 0.0
        self._sent_s = 0.0
        self._unsent_s = 0.0

    async def chunks(self) -> AsyncGenerator[Chunk, None]:
        """Yield the chunks in order.

        Raises:
            EngineFailed: If a piece of the text could not be spoken.
        """
        self._encoder.begin()
        async with aclosing(self._speeches()) as speeches:
            async for stretch, speech in speeches:
                for piece in self._cut(stretch, speech):
                    if (chunk := await self._encode(piece)) is not None:
                        yield chunk
                if self._options.timestamps_follow and (alone := self._timestamps_alone(self._sent_s)) is not None:
                    yield alone
        rest = self._chunker.finish() or [b""]
        for index, piece in enumerate(rest, start=1):
            if (chunk := await self._encode(piece, finish=index == len(rest))) is not None:
                yield chunk
        if (alone := self._timestamps_alone(None)) is not None:
            yield alone

    async def _speeches(self) -> AsyncGenerator[tuple[Stretch, Speech | None], None]:
        """Yield what was spoken, in order; the next stretch is spoken meanwhile, and not the one behind it."""
        following = iter(self._stretches)
        ahead: deque[asyncio.Task[Speech | None]] = deque()
        try:
            for stretch in self._stretches:
                for next_one in islice(following, _LOOKAHEAD - len(ahead)):
                    ahead.append(asyncio.create_task(self._speak(next_one.request), name="speak a stretch"))
                yield stretch, await ahead.popleft()
        finally:
            for task in ahead:
                task.cancel()
            await asyncio.gather(*ahead, return_exceptions=True)

    async def _speak(self, request: SpeechRequest | None) -> Speech | None:
        return await self._synthesizer.speak(request, self._client) if request else None

    def _cut(self, stretch: Stretch, speech: Speech | None) -> list[bytes]:
        """Take in what was spoken and return the pieces that are full."""
        pcm = (speech.pcm if speech else b"") + bytes(2 * round(stretch.pause_s * self._rate))
        start_s = self._known_s
        self._known_s += len(pcm) / (2 * self._rate)
        if self._timeline is not None:
            words = [word.shifted(stretch.start, start_s) for word in speech.words] if speech else []
            self._timeline.add(words, stretch.end, self._known_s)
        return self._chunker.push(pcm)

    async def _encode(self, pcm: bytes, *, finish: bool = False) -> Chunk | None:
        """Return the chunk for a piece, None if the encoder keeps it to itself for now."""
        duration_s = len(pcm) / (2 * self._rate)
        self._sent_s += duration_s
        self._unsent_s += duration_s

        def work() -> bytes:
            return self._encoder.encode(pcm) + (self._encoder.finish() if finish else b"")

        audio = await asyncio.to_thread(work) if self._encoder.heavy else work()
        return self._chunk(audio, None if finish else self._sent_s) if audio else None

    def _chunk(self, audio: bytes, until_s: float | None) -> Chunk:
        timestamps = None
        if self._timeline is not None and not self._options.timestamps_follow:
            timestamps = self._timeline.take(until_s)
        characters, self._characters = self._characters, 0
        duration_s, self._unsent_s = self._unsent_s, 0.0
        return Chunk(audio, duration_s, characters, timestamps)

    def _timestamps_alone(self, until_s: float | None) -> Chunk | None:
        timestamps = self._timeline.take(until_s) if self._timeline is not None else None
        return Chunk(b"", 0.0, 0, timestamps) if timestamps is not None else None


def _request(spoken: str, options: Options, voice: Voice, language: str | None) -> SpeechRequest:
    wanted = language or options.language or language_of(spoken, voice.language)
    return SpeechRequest(
        voice.engine,
        voice.engine_voice(wanted),
        spoken,
        options.sample_rate_hz,
        options.speaking_rate or 1.0,
        voice.pitch,
    )
