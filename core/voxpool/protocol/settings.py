"""What a context is created with: names, types, ranges and defaults of protocol.md section 4.1.

The service ignores unknown names and unknown enum strings silently, and a wrong JSON type makes the whole
``create`` fail (sections 3 and 13, numbers 3 and 26).  So everything is validated here, before it is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from enum import Enum, StrEnum
from typing import Any, Final

from voxpool.errors import SettingError, UnknownSetting


class Encoding(StrEnum):
    """Audio encodings of section 7."""

    PCM = "PCM"
    LINEAR16 = "LINEAR16"
    WAV = "WAV"
    MP3 = "MP3"
    OGG_OPUS = "OGG_OPUS"
    MULAW = "MULAW"
    ALAW = "ALAW"
    FLAC = "FLAC"


class TimestampType(StrEnum):
    """Granularity of timestamps (section 8)."""

    NONE = "TIMESTAMP_TYPE_UNSPECIFIED"
    WORD = "WORD"
    CHARACTER = "CHARACTER"


class TimestampTransport(StrEnum):
    """Whether timestamps travel with their audio or after it (section 8)."""

    UNSPECIFIED = "TIMESTAMP_TRANSPORT_STRATEGY_UNSPECIFIED"
    SYNC = "SYNC"
    ASYNC = "ASYNC"


class AutoModeStrategy(StrEnum):
    """Who finds the sentences in auto mode (section 6.3)."""

    CLIENT_SEGMENTED = "CLIENT_SEGMENTED"
    SENTENCE_BOUNDARY = "SENTENCE_BOUNDARY"


class TextNormalization(StrEnum):
    """Whether numbers and abbreviations are written out before synthesis."""

    AUTO = "APPLY_TEXT_NORMALIZATION_UNSPECIFIED"
    ON = "ON"
    OFF = "OFF"


class DeliveryMode(StrEnum):
    """Expressiveness; only ``inworld-tts-2`` heeds it."""

    UNSPECIFIED = "DELIVERY_MODE_UNSPECIFIED"
    STABLE = "STABLE"
    BALANCED = "BALANCED"
    CREATIVE = "CREATIVE"


MODELS: Final = ("inworld-tts-2", "inworld-tts-2-flash", "inworld-tts-1.5-max", "inworld-tts-1.5-mini")
"""Models of section 12, the current default first.  Others are sent as they are."""

SENTENCE_BOUNDARY_MODELS: Final = frozenset({"inworld-tts-2", "inworld-tts-2-flash"})


@dataclass(frozen=True, slots=True)
class Range:
    """The accepted numbers of one setting.

    Attributes:
        low: Smallest accepted value.
        high: Largest accepted value.
        unit: Unit in words, for messages and labels.
    """

    low: float
    high: float
    unit: str = ""

    def describe(self) -> str:
        """Return the range in words."""
        return f"between {self.low:g} and {self.high:g}" + (f" {self.unit}" if self.unit else "")


RANGES: Final[dict[str, Range]] = {
    "sample_rate_hz": Range(8000, 48000, "Hz"),
    "bit_rate": Range(32_000, 320_000, "bit/s"),
    "speaking_rate": Range(0.5, 1.5),
    "temperature": Range(0.0, 2.0),
    "max_buffer_delay_ms": Range(0, 600_000, "ms"),
    "buffer_char_threshold": Range(0, 2000, "characters"),
}
"""Numeric ranges of section 4.1 (the upper bound of ``max_buffer_delay_ms`` is the service's inactivity limit)."""

RATE_RANGES: Final[dict[Encoding, Range]] = {
    Encoding.MP3: Range(16000, 48000, "Hz"),
    Encoding.MULAW: Range(8000, 8000, "Hz"),
    Encoding.ALAW: Range(8000, 8000, "Hz"),
}
"""Sample rates narrower than the general range, by encoding (section 7)."""

OPUS_BIT_RATE: Final = Range(32_000, 192_000, "bit/s")


@dataclass(frozen=True, slots=True)
class ContextSettings:
    """Everything that ``create`` may carry (section 4.1).  ``None`` means: leave it to the service.

    Attributes:
        voice: ``voiceId``, case-sensitive.
        model: ``modelId``.
        encoding: ``audioConfig.audioEncoding``; PCM is headerless 16 bit little-endian mono.
        sample_rate_hz: ``audioConfig.sampleRateHertz``, 8000 to 48000.
        bit_rate: ``audioConfig.bitRate`` in bit/s, for compressed encodings.
        speaking_rate: ``audioConfig.speakingRate``, 0.5 to 1.5.
        temperature: 0 to 2, 0 meaning the default; ignored by ``inworld-tts-2*``.
        delivery_mode: Only heeded by ``inworld-tts-2``.
        timestamp_type: Word or character times, or none.
        timestamp_transport: With the audio or after it.
        max_buffer_delay_ms: Idle time after which buffered text is spoken; None or 0 means no timer.
        buffer_char_threshold: Characters that trigger a flush; None or 0 means 1000.
        auto_mode: The service decides when to speak.
        auto_mode_strategy: How it finds sentences.
        text_normalization: Write out numbers and abbreviations.
        language: BCP-47 code, or None to detect.
    """

    voice: str = "Ashley"
    model: str = "inworld-tts-2"
    encoding: Encoding = Encoding.PCM
    sample_rate_hz: int = 24000
    bit_rate: int | None = None
    speaking_rate: float | None = None
    temperature: float | None = None
    delivery_mode: DeliveryMode = DeliveryMode.UNSPECIFIED
    timestamp_type: TimestampType = TimestampType.NONE
    timestamp_transport: TimestampTransport = TimestampTransport.UNSPECIFIED
    max_buffer_delay_ms: int | None = None
    buffer_char_threshold: int | None = None
    auto_mode: bool = False
    auto_mode_strategy: AutoModeStrategy = AutoModeStrategy.CLIENT_SEGMENTED
    text_normalization: TextNormalization = TextNormalization.AUTO
    language: str | None = None

    def __post_init__(self) -> None:
        """Refuse what the service would refuse, or silently ignore.

        Raises:
            SettingError: Naming the field, the value and what is accepted.
        """
        _check_types(self)
        for name, allowed in RANGES.items():
            _check_range(name, getattr(self, name), allowed)
        _check_range("sample_rate_hz", self.sample_rate_hz, RATE_RANGES.get(self.encoding, RANGES["sample_rate_hz"]))
        if self.encoding is Encoding.OGG_OPUS:
            _check_range("bit_rate", self.bit_rate, OPUS_BIT_RATE)
        if not self.voice.strip():
            raise SettingError("voice", self.voice, "the name of a voice")
        if not self.model.strip():
            raise SettingError("model", self.model, "the name of a model")
        if self.uses_sentence_boundary and self.model not in SENTENCE_BOUNDARY_MODELS:
            raise SettingError(
                "auto_mode_strategy", self.auto_mode_strategy.value, f"CLIENT_SEGMENTED for {self.model}"
            )

    @property
    def uses_sentence_boundary(self) -> bool:
        """Whether the service is asked to find sentence ends itself."""
        return self.auto_mode and self.auto_mode_strategy is AutoModeStrategy.SENTENCE_BOUNDARY

    def with_(self, **changes: Any) -> ContextSettings:
        """Return a copy with some settings changed.

        Raises:
            SettingError: For an unknown name or a refused value.
        """
        known = {field.name for field in fields(self)}
        for name in changes:
            if name not in known:
                raise UnknownSetting(name, changes[name], ", ".join(sorted(known)))
        return replace(self, **changes)


_INTEGERS: Final = ("sample_rate_hz", "bit_rate", "max_buffer_delay_ms", "buffer_char_threshold")
_NUMBERS: Final = ("speaking_rate", "temperature")
_STRINGS: Final = ("voice", "model")
_REQUIRED: Final = frozenset({"voice", "model", "sample_rate_hz"})
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
"""The shape of a BCP-47 code; whether the service knows it, it says itself."""
_ENUMS: Final[dict[str, type[Enum]]] = {
    "encoding": Encoding,
    "timestamp_type": TimestampType,
    "timestamp_transport": TimestampTransport,
    "auto_mode_strategy": AutoModeStrategy,
    "text_normalization": TextNormalization,
    "delivery_mode": DeliveryMode,
}


def _check_types(settings: ContextSettings) -> None:
    """Coerce enum strings and refuse wrong types: one wrong JSON type loses the whole context (section 3)."""
    for name, kind in _ENUMS.items():
        try:
            object.__setattr__(settings, name, kind(getattr(settings, name)))
        except ValueError:
            accepted = ", ".join(str(member.value) for member in kind)
            raise SettingError(name, getattr(settings, name), f"one of {accepted}") from None
    for names, kinds, words in (
        (_INTEGERS, (int,), "a whole number"),
        (_NUMBERS, (int, float), "a number"),
        (_STRINGS, (str,), "a text"),
    ):
        for name in names:
            value = getattr(settings, name)
            if value is None and name not in _REQUIRED:
                continue
            if isinstance(value, bool) or not isinstance(value, kinds):
                raise SettingError(name, value, words)
            if isinstance(value, str):
                check_unicode(name, value)
    if not isinstance(settings.auto_mode, bool):
        raise SettingError("auto_mode", settings.auto_mode, "True or False")
    language = settings.language
    if language is not None and not (isinstance(language, str) and _LANGUAGE.fullmatch(language)):
        raise SettingError("language", language, "a BCP-47 code such as en-US, or None")


def check_unicode(name: str, text: str) -> None:
    """Check that a text can be sent.

    Raises:
        SettingError: If it holds half of a surrogate pair, which no JSON can carry.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise SettingError(name, text, "valid Unicode, without half surrogate pairs") from None


def _check_range(name: str, value: float | None, allowed: Range) -> None:
    if value is not None and not allowed.low <= value <= allowed.high:
        raise SettingError(name, value, allowed.describe())
