"""The form of what a context is created with: what is set, what is inert, and what is wrong with it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

from voxpool.errors import SettingError
from voxpool.protocol.settings import (
    AutoModeStrategy,
    ContextSettings,
    DeliveryMode,
    Encoding,
    TextNormalization,
    TimestampTransport,
    TimestampType,
)

SAMPLE_RATES: Final = (8000, 16000, 22050, 24000, 32000, 44100, 48000)
COMPRESSED: Final = frozenset({Encoding.MP3, Encoding.OGG_OPUS})
"""Encodings with a bit rate (protocol.md section 7)."""

OPUS_RATES: Final = (8000, 12_000, 16_000, 24_000, 48_000)
"""All the sample rates that Opus has."""

LABELS: Final = {
    "voice": "Voice",
    "model": "Model",
    "delivery_mode": "Delivery",
    "temperature": "Temperature",
    "speaking_rate": "Rate",
    "encoding": "Encoding",
    "sample_rate_hz": "Sample rate",
    "bit_rate": "Bit rate",
    "buffer_char_threshold": "Buffer",
    "max_buffer_delay_ms": "Max delay",
    "auto_mode": "Auto mode",
    "auto_mode_strategy": "Auto mode",
    "timestamp_type": "Timestamps",
    "timestamp_transport": "Sent",
    "language": "Language",
    "text_normalization": "Normalise",
}

_TOGETHER: Final = (
    ("voice",),
    ("speaking_rate",),
    ("temperature",),
    ("buffer_char_threshold",),
    ("max_buffer_delay_ms",),
    ("encoding", "sample_rate_hz", "bit_rate"),
    ("model", "auto_mode", "auto_mode_strategy"),
)
"""Fields that can only be judged together, each group alone, so that one mistake does not hide another."""

_BCP47: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?(-[A-Za-z0-9]{5,8})*")


@dataclass(frozen=True, slots=True)
class Form:
    """What the form holds.  Zero or empty means: leave it to the service.

    Attributes: as in ``ContextSettings``; numbers are plain so that an unacceptable one can be shown.
    """

    voice: str = "Joe"
    model: str = "inworld-tts-2"
    delivery_mode: str = DeliveryMode.UNSPECIFIED.value
    temperature: float = 0.0
    speaking_rate: float = 1.0
    encoding: str = Encoding.PCM.value
    sample_rate_hz: int = 24000
    bit_rate: int = 0
    buffer_char_threshold: int = 0
    max_buffer_delay_ms: int = 0
    auto_mode: bool = False
    auto_mode_strategy: str = AutoModeStrategy.CLIENT_SEGMENTED.value
    timestamp_type: str = TimestampType.WORD.value
    timestamp_transport: str = TimestampTransport.UNSPECIFIED.value
    language: str = ""
    text_normalization: str = TextNormalization.AUTO.value

    def to_text(self) -> str:
        """Return the form as a text to remember."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Form:
        """Read a remembered form; what cannot be read is as new."""
        try:
            stored = json.loads(text)
        except ValueError:
            stored = {}
        form = cls()
        if not isinstance(stored, dict):
            return form
        known: dict[str, Any] = {
            field.name: stored[field.name]
            for field in fields(cls)
            if type(stored.get(field.name)) is type(getattr(form, field.name))
        }
        return replace(form, **known)


@dataclass(frozen=True, slots=True)
class Checked:
    """The verdict on a form.

    Attributes:
        settings: What may be sent, or None while something is wrong.
        errors: A sentence for each field that is wrong.
        inert: For each field that has no effect now, why.
    """

    settings: ContextSettings | None
    errors: dict[str, str]
    inert: dict[str, str]


def check(form: Form) -> Checked:
    """Judge a form: everything that the service would refuse or silently ignore is found here."""
    inert = _inert(form)
    values = _values(form, inert)
    errors: dict[str, str] = {}
    for group in _TOGETHER:
        error = _try({name: values[name] for name in group})
        if error is not None:
            errors.setdefault(error.field, _sentence(error, form))
    if form.encoding == Encoding.OGG_OPUS.value and form.sample_rate_hz not in OPUS_RATES:
        errors.setdefault("sample_rate_hz", "OGG_OPUS has 8, 12, 16, 24 and 48 kHz only.")
    if form.language and not _BCP47.fullmatch(form.language):
        errors["language"] = "A language is written like en-US or pt; empty lets the service detect it."
    if errors:
        return Checked(None, errors, inert)
    return Checked(ContextSettings(**values), {}, inert)


def _inert(form: Form) -> dict[str, str]:
    found = {}
    if form.model.startswith("inworld-tts-2"):
        found["temperature"] = f"{form.model} ignores the temperature."
    if form.model != "inworld-tts-2":
        found["delivery_mode"] = "Only inworld-tts-2 heeds the delivery mode."
    if form.auto_mode:
        found["max_buffer_delay_ms"] = "Auto mode ignores the longest delay."
    else:
        found["auto_mode_strategy"] = "Only auto mode has a strategy."
    if form.encoding not in COMPRESSED:
        found["bit_rate"] = f"{form.encoding} has no bit rate of its own."
    if form.timestamp_type == TimestampType.NONE.value:
        found["timestamp_transport"] = "There are no timestamps to send."
    return found


def _values(form: Form, inert: dict[str, str]) -> dict[str, Any]:
    """Return what ``ContextSettings`` takes: inert and empty fields as None or their default."""
    values = asdict(form)
    values["speaking_rate"] = None if form.speaking_rate == 1.0 else form.speaking_rate
    for name in ("temperature", "bit_rate", "buffer_char_threshold", "max_buffer_delay_ms", "language"):
        values[name] = values[name] or None
    untouched = asdict(ContextSettings())
    for name in inert:
        values[name] = untouched[name]
    return values


def _try(values: dict[str, Any]) -> SettingError | None:
    try:
        ContextSettings(**values)
    except SettingError as error:
        return error
    return None


def _sentence(error: SettingError, form: Form) -> str:
    label = LABELS.get(error.field, error.field)
    if error.field == "voice":
        return "Choose a voice, or type the name of one."
    if error.field == "model":
        return "Choose a model, or type the name of one."
    if error.field == "auto_mode_strategy":
        return f"{form.model} cannot find sentences itself: choose “I send sentences”, or a tts-2 model."
    if error.field == "sample_rate_hz" and form.encoding in ("MULAW", "ALAW"):
        return f"{form.encoding} is always 8000 Hz."
    return f"{label} must be {error.expected}."
