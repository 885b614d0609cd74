"""What a speech engine is asked for and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phone:
    """One spoken sound.

    Attributes:
        symbol: The sound in IPA.
        start_s: Seconds from the start of the speech.
        duration_s: Length in seconds.
    """

    symbol: str
    start_s: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class Word:
    """One run of non-space characters and when it sounds.

    Attributes:
        start: Index of its first character in the text.
        end: Index behind its last character.
        start_s: Seconds from the start of the speech to where the word begins to sound.
        end_s: Seconds to where it has ended.
        phones: Its sounds in order; empty if the engine does not know them.
    """

    start: int
    end: int
    start_s: float
    end_s: float
    phones: tuple[Phone, ...] = ()

    def shifted(self, characters: int, seconds: float) -> Word:
        """Return the same word, further on in the text and in time."""
        return Word(
            self.start + characters,
            self.end + characters,
            self.start_s + seconds,
            self.end_s + seconds,
            tuple(Phone(phone.symbol, phone.start_s + seconds, phone.duration_s) for phone in self.phones),
        )


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """One piece of text to be spoken; also the key under which the result is cached.

    Attributes:
        engine: Name of the engine.
        voice: The engine's own name of the voice.
        text: What to speak, without markup.
        sample_rate_hz: Wanted sample rate.
        speed: Speaking rate, 1.0 being the voice's own.
        pitch: Pitch of the voice from 0 to 100, 50 being its own.
    """

    engine: str
    voice: str
    text: str
    sample_rate_hz: int
    speed: float = 1.0
    pitch: int = 50


@dataclass(frozen=True, slots=True)
class Speech:
    """Spoken text.

    Attributes:
        pcm: 16 bit little-endian mono samples.
        sample_rate_hz: Samples per second.
        words: Its words in order; times lie within the audio and never run backwards.
    """

    pcm: bytes
    sample_rate_hz: int
    words: tuple[Word, ...]

    @property
    def duration_s(self) -> float:
        """Length of the audio in seconds."""
        return len(self.pcm) / (2 * self.sample_rate_hz)


class EngineFailed(Exception):
    """An engine could not speak a text.  The message is one sentence and names no path."""


class WorkerDied(EngineFailed):
    """The worker process ended while it had work; the work may be tried again."""
