"""One synthesis: from a text and its settings to a stream of encoded chunks, for the socket and for REST."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from voxpool.server import markup
from voxpool.server.chunking import Chunker, ChunkSizes
from voxpool.server.config import ServerConfig
from voxpool.server.encoders import Encoder
from voxpool.server.options import Options
from voxpool.server.scripts import language_of
from voxpool.server.sentences import phrase_cut, pieces, speakable
from voxpool.server.services import Services
from voxpool.server.speech import Speech, SpeechRequest
from voxpool.server.timestamps import Style, Timeline
from voxpool.server.voices import Voice

_LOW_S: Final = 3.0
_SLOW_ENGINES: Final = frozenset({"neural"})
_LONG_BEGINNING: Final = 70
_SHORT_BEGINNING: Final = (20, 80)
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
        if voice.engine in _SLOW_ENGINES and not found:
            spans = _with_a_short_beginning(piece.spoken, spans)
        for start, end in spans:
            spoken = piece.spoken[start:end]
            request = _request(spoken, options, voice, piece.language) if speakable(spoken) else None
            pause_s = piece.pause_s if (start, end) == spans[-1] else 0.0
            found.append(Stretch(piece.start + start, piece.start + end, request, pause_s))
    return found


def _with_a_short_beginning(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Speak the first phrase of a long sentence alone: a voice that needs a tenth of real time is heard sooner."""
    start, end = spans[0]
    if end - start <= _LONG_BEGINNING:
        return spans
    cut = phrase_cut(text[start:end], *_SHORT_BEGINNING)
    return spans if cut is None else [(start, start + cut), (start + cut, end), *spans[1:]]


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
        self._ahead = _Ahead(self._speak, self._stretches)
        self._known_s = 0.0
        self._stretch_s = 0.0
        self._sent_s = 0.0
        self._unsent_s = 0.0

    async def chunks(self) -> AsyncGenerator[Chunk, None]:
        """Yield the chunks in order.

        Raises:
            EngineFailed: If a piece of the text could not be spoken.
        """
        self._encoder.begin()
        try:
            for stretch in self._stretches:
                self._take_in(stretch, await self._ahead.take())
                while (piece := self._chunker.take()) is not None:
                    if self._running_low():
                        self._ahead.start()
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
        finally:
            await self._ahead.close()

    async def _speak(self, stretch: Stretch) -> Speech | None:
        return await self._synthesizer.speak(stretch.request, self._client) if stretch.request else None

    def _running_low(self) -> bool:
        """Whether it is time to speak the next stretch: not earlier, so that a slow reader holds little."""
        held_s = self._chunker.held_bytes / (2 * self._rate)
        return held_s <= max(_LOW_S, self._stretch_s / 2)

    def _take_in(self, stretch: Stretch, speech: Speech | None) -> None:
        """Take what was spoken to be cut, and its words to be told."""
        start_s = self._known_s
        for pcm in (speech.pcm if speech else b"", bytes(2 * round(stretch.pause_s * self._rate))):
            self._chunker.push(pcm)
            self._known_s += len(pcm) / (2 * self._rate)
        self._stretch_s = self._known_s - start_s
        if self._timeline is not None:
            words = [word.shifted(stretch.start, start_s) for word in speech.words] if speech else []
            self._timeline.add(words, stretch.end, self._known_s)

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


class _Ahead:
    """Speaks stretches in order, one of them before it is asked for.

    Args:
        speak: Speaks a stretch.
        stretches: All of them.
    """

    def __init__(
        self, speak: Callable[[Stretch], Coroutine[Any, Any, Speech | None]], stretches: Iterable[Stretch]
    ) -> None:
        self._speak = speak
        self._following = iter(stretches)
        self._task: asyncio.Task[Speech | None] | None = None

    def start(self) -> None:
        """Begin the next stretch, if there is one and it has not begun."""
        if self._task is None and (stretch := next(self._following, None)) is not None:
            self._task = asyncio.create_task(self._speak(stretch), name="speak a stretch")

    async def take(self) -> Speech | None:
        """Return the next stretch, spoken; there must be one."""
        self.start()
        task, self._task = self._task, None
        assert task is not None  # noqa: S101 - takers count the stretches
        return await task

    async def close(self) -> None:
        """Forget what was begun and not taken."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
