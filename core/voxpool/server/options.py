"""The settings of a context, as the server reads and echoes them (sections 3, 4.1 and 5.1).  Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from voxpool.protocol.settings import (
    OPUS_BIT_RATE,
    RANGES,
    RATE_RANGES,
    SENTENCE_BOUNDARY_MODELS,
    Encoding,
    Range,
)
from voxpool.server import jsonvalues, statuses
from voxpool.server.buffering import BufferRules
from voxpool.server.config import ServerConfig
from voxpool.server.encoders import SAMPLE_RATES, available
from voxpool.server.requests import field
from voxpool.server.statuses import Refused

Timestamps = Literal["none", "WORD", "CHARACTER"]

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")
_INTEGERS: Final = ("max_buffer_delay_ms", "buffer_char_threshold")
_UNSPECIFIED: Final = "_UNSPECIFIED"

_ENUMS: Final[dict[str, tuple[str, ...]]] = {
    "timestamp_type": ("TIMESTAMP_TYPE_UNSPECIFIED", "WORD", "CHARACTER"),
    "timestamp_transport_strategy": ("TIMESTAMP_TRANSPORT_STRATEGY_UNSPECIFIED", "SYNC", "ASYNC"),
    "apply_text_normalization": ("APPLY_TEXT_NORMALIZATION_UNSPECIFIED", "ON", "OFF"),
    "auto_mode_strategy": ("AUTO_MODE_STRATEGY_UNSPECIFIED", "CLIENT_SEGMENTED", "SENTENCE_BOUNDARY"),
    "delivery_mode": ("DELIVERY_MODE_UNSPECIFIED", "STABLE", "BALANCED", "CREATIVE", "EXPRESSIVE"),
}
_ENCODINGS: Final = ("AUDIO_ENCODING_UNSPECIFIED", "LINEAR16", "MP3", "OGG_OPUS", "ALAW", "MULAW", "PCM", "WAV", "FLAC")

# The order of the echo, as observed (section 5.1); what was not observed follows.
_ECHO: Final = (
    "voice_id",
    "audio_config",
    "temperature",
    "model_id",
    "timestamp_type",
    "timestamp_transport_strategy",
    "max_buffer_delay_ms",
    "buffer_char_threshold",
    "apply_text_normalization",
    "auto_mode",
    "auto_mode_strategy",
    "language",
    "delivery_mode",
    "lipsync_config",
    "synthesis_context",
    "pronunciation_dictionary_settings",
)
_NULL_WHEN_UNSET: Final = frozenset({"audio_config", "synthesis_context", "pronunciation_dictionary_settings"})


@dataclass(frozen=True, slots=True)
class Options:
    """What a context was created with; None is what the client left to the server.

    Attributes:
        voice_id: Name of the voice.
        model_id: Name of the model.
        audio_encoding: Encoding as the client named it; an unknown name counts as unset.
        sample_rate_hertz: Sample rate.
        bit_rate: Bit rate of a compressed encoding.
        speaking_rate: Speed.
        temperature: Accepted and without effect on local voices.
        timestamp_type: Granularity of timestamps.
        timestamp_transport_strategy: With or after the audio.
        max_buffer_delay_ms: Delay timer.
        buffer_char_threshold: Flush threshold.
        apply_text_normalization: OFF turns verbatim tags off.
        auto_mode: Whether the server decides when to speak.
        auto_mode_strategy: How.
        language: BCP-47 code.
        delivery_mode: Accepted and without effect on local voices.
        lipsync_config: Accepted and without effect (section 17, 10: its shape is unknown).
        synthesis_context: Echoed.
        pronunciation_dictionary_settings: Echoed.
    """

    voice_id: str = ""
    model_id: str = ""
    audio_config: dict[str, Any] | None = None
    audio_encoding: str | None = None
    sample_rate_hertz: int | None = None
    bit_rate: int | None = None
    speaking_rate: float | None = None
    temperature: float | None = None
    timestamp_type: str | None = None
    timestamp_transport_strategy: str | None = None
    max_buffer_delay_ms: int | None = None
    buffer_char_threshold: int | None = None
    apply_text_normalization: str | None = None
    auto_mode: bool | None = None
    auto_mode_strategy: str | None = None
    language: str | None = None
    delivery_mode: str | None = None
    lipsync_config: dict[str, Any] | None = None
    synthesis_context: dict[str, Any] | None = None
    pronunciation_dictionary_settings: dict[str, Any] | None = None

    @property
    def encoding(self) -> Encoding:
        """The encoding in force; the default is MP3 (section 4.1)."""
        return Encoding(self.audio_encoding) if self.audio_encoding else Encoding.MP3

    @property
    def sample_rate_hz(self) -> int:
        """The sample rate in force.  The default is 48000, where the encoding has only one rate that one."""
        allowed = RATE_RANGES.get(self.encoding, RANGES["sample_rate_hz"])
        return self.sample_rate_hertz or min(48000, int(allowed.high))

    @property
    def timestamps(self) -> Timestamps:
        """The granularity in force."""
        return self.timestamp_type if self.timestamp_type in ("WORD", "CHARACTER") else "none"  # type: ignore[return-value]

    @property
    def timestamps_follow(self) -> bool:
        """Whether timestamps come after their audio; unspecified means with it (section 4.1, doc-guide)."""
        return self.timestamp_transport_strategy == "ASYNC"

    @property
    def verbatim(self) -> bool:
        """Whether ``<verbatim>`` is markup."""
        return self.apply_text_normalization != "OFF"

    def rules(self, config: ServerConfig) -> BufferRules:
        """Return how this context's text is buffered."""
        sentences = self.auto_mode_strategy == "SENTENCE_BOUNDARY"
        return BufferRules(
            mode=("sentences" if sentences else "segmented") if self.auto_mode else "manual",
            threshold=self.buffer_char_threshold or 1000,
            delay_s=(self.max_buffer_delay_ms or 0) / 1000,
            cut_at_word=config.threshold_cut == "word",
            auto_ignores_delay=config.auto_mode_ignores_delay,
        )

    def echo(self) -> dict[str, Any]:
        """Return what ``contextCreated`` says: what the client set and nothing it did not (section 5.1)."""
        echoed: dict[str, Any] = {}
        for name in _ECHO:
            value = getattr(self, name)
            if value is not None or name in _NULL_WHEN_UNSET:
                first, *rest = name.split("_")
                echoed[first + "".join(part.capitalize() for part in rest)] = value
        return echoed


def read(body: dict[str, Any], base: Options | None = None) -> Options:
    """Read the object of a ``create``, an ``update_config`` or a REST request.

    Args:
        body: The object in either naming style.
        base: Settings to change, for an update.

    Raises:
        Malformed: If a field has the wrong JSON type.
    """
    given: dict[str, Any] = {}
    for name in ("voice_id", "model_id", "language"):
        # An empty text is what protobuf has for one that is not set.
        given[name] = jsonvalues.string(field(body, name)) or None
    for name in _INTEGERS:
        given[name] = jsonvalues.integer(field(body, name))
    for name, accepted in _ENUMS.items():
        given[name] = jsonvalues.enumerated(field(body, name), accepted)
    for name in ("lipsync_config", "synthesis_context", "pronunciation_dictionary_settings", "audio_config"):
        given[name] = jsonvalues.message(field(body, name))
    given["temperature"] = jsonvalues.number(field(body, "temperature"))
    given["auto_mode"] = jsonvalues.boolean(field(body, "auto_mode"))
    if given["audio_config"] is not None:
        audio, echoed = _audio(given["audio_config"])
        given |= audio
        given["audio_config"] = ((base and base.audio_config) or {}) | echoed
    changes = {name: value for name, value in given.items() if value is not None}
    return replace(base or Options(), **changes)


def check(options: Options, config: ServerConfig) -> None:
    """Refuse what the service refuses.

    Raises:
        Refused: With the status to answer.
    """
    if not options.model_id:
        raise Refused(statuses.invalid("model_id is required."))
    if not options.voice_id:
        raise Refused(statuses.invalid("voice_id is required."))
    if options.model_id not in config.models:
        raise Refused(statuses.unsupported_model(options.model_id))
    if options.language is not None and not _LANGUAGE.fullmatch(options.language):
        raise Refused(statuses.invalid(f"language: {options.language} is not supported."))
    _check_numbers(options)
    _check_encoding(options)
    if (
        options.auto_mode
        and options.auto_mode_strategy == "SENTENCE_BOUNDARY"
        and options.model_id not in SENTENCE_BOUNDARY_MODELS
    ):
        raise Refused(statuses.invalid(f"auto_mode_strategy SENTENCE_BOUNDARY is not supported by {options.model_id}."))


def _check_encoding(options: Options) -> None:
    encoding, rate = options.encoding, options.sample_rate_hz
    if not available(encoding):
        raise Refused(statuses.invalid(f"audio_encoding: {encoding} needs PyAV on this server (voxgrid[local])."))
    rates = SAMPLE_RATES.get(encoding)
    if rates is not None and rate not in rates:
        listed = ", ".join(map(str, rates))
        raise Refused(statuses.invalid(f"sample_rate_hertz: {rate} is not supported by {encoding}, only {listed}."))


def _check_numbers(options: Options) -> None:
    rates = RATE_RANGES.get(options.encoding, RANGES["sample_rate_hz"])
    bits = OPUS_BIT_RATE if options.encoding is Encoding.OGG_OPUS else RANGES["bit_rate"]
    compressed = options.encoding in (Encoding.OGG_OPUS, Encoding.MP3)
    for name, allowed, applies in (
        ("sample_rate_hertz", rates, True),
        ("bit_rate", bits, compressed),
        ("speaking_rate", RANGES["speaking_rate"], True),
        ("temperature", RANGES["temperature"], True),
        ("buffer_char_threshold", RANGES["buffer_char_threshold"], True),
        ("max_buffer_delay_ms", RANGES["max_buffer_delay_ms"], True),
    ):
        value = getattr(options, name)
        if applies and value and not allowed.low <= value <= allowed.high:
            raise Refused(statuses.invalid(_out_of_range(name, value, allowed)))


def _out_of_range(name: str, value: float, allowed: Range) -> str:
    return f"{name}: {value:g} is not supported, it should be {allowed.describe()}."


def _audio(body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields of an ``audioConfig`` and its echo."""
    values: dict[str, Any] = {
        "audio_encoding": jsonvalues.enumerated(field(body, "audio_encoding"), _ENCODINGS),
        "sample_rate_hertz": jsonvalues.integer(field(body, "sample_rate_hertz")),
        "bit_rate": jsonvalues.integer(field(body, "bit_rate")),
        "speaking_rate": jsonvalues.number(field(body, "speaking_rate")),
    }
    names = ("audioEncoding", "sampleRateHertz", "bitRate", "speakingRate")
    echoed = {name: value for name, value in zip(names, values.values(), strict=True) if value is not None}
    encoding = values["audio_encoding"]
    if encoding is not None and encoding.endswith(_UNSPECIFIED):
        values["audio_encoding"] = None
    return values, echoed
