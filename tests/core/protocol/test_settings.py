from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given

from support import protocol_strategies as some
from voxpool.errors import SettingError
from voxpool.protocol.settings import RANGES, ContextSettings, Encoding, TimestampType


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("edge", ["low", "high"])
def test_the_edges_of_a_range_are_accepted_and_what_is_beyond_is_not(name: str, edge: str) -> None:
    allowed = RANGES[name]
    number = float if name in ("speaking_rate", "temperature") else int
    value, beyond = number(getattr(allowed, edge)), number(1) if edge == "high" else number(-1)
    assert getattr(ContextSettings(**{name: value}), name) == value
    with pytest.raises(SettingError) as caught:
        ContextSettings(**{name: value + beyond})
    assert caught.value.field == name
    assert allowed.describe() in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sample_rate_hz", "24000"),
        ("sample_rate_hz", 24000.0),
        ("sample_rate_hz", True),
        ("sample_rate_hz", None),
        ("speaking_rate", "1"),
        ("speaking_rate", math.nan),
        ("speaking_rate", math.inf),
        ("temperature", False),
        ("voice", ""),
        ("voice", "  "),
        ("voice", None),
        ("voice", 7),
        ("model", ""),
        ("encoding", "FLURB"),
        ("encoding", None),
        ("timestamp_type", True),
        ("text_normalization", True),
        ("delivery_mode", "WILD"),
        ("auto_mode", 1),
        ("auto_mode", None),
        ("language", 7),
        ("language", ""),
    ],
)
def test_what_the_service_would_refuse_or_ignore_is_refused_here(field: str, value: Any) -> None:
    """A wrong JSON type loses the whole create, an unknown enum string is silently replaced (section 3)."""
    with pytest.raises(SettingError) as caught:
        ContextSettings(**{field: value})
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("encoding", "rate", "accepted"),
    [
        (Encoding.PCM, 8000, True),
        (Encoding.PCM, 48000, True),
        (Encoding.MP3, 8000, False),
        (Encoding.MP3, 16000, True),
        (Encoding.MULAW, 8000, True),
        (Encoding.MULAW, 16000, False),
        (Encoding.ALAW, 24000, False),
        (Encoding.OGG_OPUS, 48000, True),
    ],
)
def test_rates_by_encoding(encoding: Encoding, rate: int, accepted: bool) -> None:
    if accepted:
        assert ContextSettings(encoding=encoding, sample_rate_hz=rate).sample_rate_hz == rate
    else:
        with pytest.raises(SettingError, match="sample_rate_hz"):
            ContextSettings(encoding=encoding, sample_rate_hz=rate)


def test_opus_has_a_bit_rate_range_of_its_own() -> None:
    ContextSettings(encoding=Encoding.MP3, bit_rate=320_000)
    with pytest.raises(SettingError, match="bit_rate"):
        ContextSettings(encoding=Encoding.OGG_OPUS, bit_rate=320_000)


def test_names_of_enums_become_members() -> None:
    settings = ContextSettings(encoding="WAV", timestamp_type="WORD")  # type: ignore[arg-type]
    assert settings.encoding is Encoding.WAV
    assert settings.timestamp_type is TimestampType.WORD


@pytest.mark.parametrize(
    ("model", "accepted"),
    [("inworld-tts-2", True), ("inworld-tts-2-flash", True), ("inworld-tts-1.5-max", False)],
)
def test_sentence_boundary_needs_a_model_that_has_it(model: str, accepted: bool) -> None:
    changes = {"model": model, "auto_mode": True, "auto_mode_strategy": "SENTENCE_BOUNDARY"}
    if accepted:
        assert ContextSettings().with_(**changes).uses_sentence_boundary
    else:
        with pytest.raises(SettingError, match="CLIENT_SEGMENTED"):
            ContextSettings().with_(**changes)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(SettingError, match="voice"):
        ContextSettings().with_(speed=2)


@given(some.contexts)
def test_settings_are_values(settings: ContextSettings) -> None:
    assert settings.with_() == settings
    assert hash(settings.with_()) == hash(settings)
