"""What the form refuses, greys out and remembers."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxgrid.models.parameters import COMPRESSED, LABELS, SAMPLE_RATES, Form, check
from voxpool.protocol.settings import DeliveryMode, Encoding


def test_the_form_as_it_opens_can_be_sent():
    verdict = check(Form())
    assert verdict.settings is not None
    assert verdict.settings.voice == "Joe"
    assert verdict.settings.speaking_rate is None
    assert not verdict.errors


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"voice": "  "}, "voice", "Choose a voice"),
        ({"model": ""}, "model", "Choose a model"),
        ({"encoding": "MULAW"}, "sample_rate_hz", "MULAW is always 8000 Hz."),
        ({"encoding": "MP3", "sample_rate_hz": 8000}, "sample_rate_hz", "16000"),
        ({"encoding": "OGG_OPUS", "sample_rate_hz": 44100}, "sample_rate_hz", "48 kHz only"),
        ({"encoding": "OGG_OPUS", "bit_rate": 256_000}, "bit_rate", "192000"),
        ({"speaking_rate": 1.7}, "speaking_rate", "between 0.5 and 1.5"),
        ({"model": "inworld-tts-1.5-max", "temperature": 2.5}, "temperature", "between 0 and 2"),
        ({"language": "english please"}, "language", "en-US"),
        (
            {"model": "inworld-tts-1.5-max", "auto_mode": True, "auto_mode_strategy": "SENTENCE_BOUNDARY"},
            "auto_mode_strategy",
            "cannot find sentences",
        ),
    ],
)
def test_what_the_service_would_refuse_is_said_beside_its_field(changes, field, said):
    verdict = check(replace(Form(), **changes))
    assert verdict.settings is None
    assert said in verdict.errors[field]
    assert verdict.errors[field].endswith(".")


def test_one_mistake_does_not_hide_another():
    verdict = check(replace(Form(), voice="", encoding="ALAW", language="?"))
    assert set(verdict.errors) == {"voice", "sample_rate_hz", "language"}


@pytest.mark.parametrize("language", ["", "en", "en-US", "pt-BR", "zh-Hans-CN", "es-419"])
def test_languages_that_are_codes_pass(language):
    assert check(replace(Form(), language=language)).settings is not None


def test_what_has_no_effect_is_not_sent():
    form = replace(Form(), temperature=1.3, delivery_mode="CREATIVE")
    two = check(form)
    assert "temperature" in two.inert
    assert two.settings is not None
    assert two.settings.temperature is None
    assert two.settings.delivery_mode is DeliveryMode.CREATIVE
    older = check(replace(form, model="inworld-tts-1.5-max"))
    assert "delivery_mode" in older.inert
    assert older.settings is not None
    assert older.settings.temperature == 1.3
    assert older.settings.delivery_mode is DeliveryMode.UNSPECIFIED


def test_an_inert_value_is_no_mistake():
    verdict = check(replace(Form(), bit_rate=1))
    assert verdict.settings is not None
    assert verdict.settings.bit_rate is None


@pytest.mark.parametrize("encoding", [each.value for each in Encoding])
def test_every_encoding_has_a_rate_that_passes(encoding):
    verdicts = [check(replace(Form(), encoding=encoding, sample_rate_hz=rate)) for rate in SAMPLE_RATES]
    assert any(verdict.settings is not None for verdict in verdicts)


@given(
    st.builds(
        Form,
        voice=st.text(max_size=5),
        speaking_rate=st.floats(0, 3),
        temperature=st.floats(-1, 4),
        encoding=st.sampled_from([each.value for each in Encoding]),
        sample_rate_hz=st.integers(0, 100_000),
        bit_rate=st.integers(0, 500_000),
        buffer_char_threshold=st.integers(0, 5000),
        max_buffer_delay_ms=st.integers(0, 1_000_000),
        auto_mode=st.booleans(),
        model=st.sampled_from(["inworld-tts-2", "inworld-tts-1.5-mini", "", "mine"]),
        language=st.text(max_size=6),
    )
)
def test_a_form_is_either_sendable_or_explained(form):
    verdict = check(form)
    assert (verdict.settings is None) == bool(verdict.errors)
    for name, said in verdict.errors.items():
        assert name in LABELS
        assert said.endswith(".")
        assert "_" not in said.replace("OGG_OPUS", "")


@given(st.builds(Form, voice=st.text(max_size=9), speaking_rate=st.floats(0.5, 1.5), auto_mode=st.booleans()))
def test_a_form_is_remembered(form):
    assert Form.from_text(form.to_text()) == form


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"voice": 3, "speaking_rate": "fast", "auto_mode": 1, "unknown": 2}', "\0"]
)
def test_a_damaged_memory_is_as_new(text):
    assert Form.from_text(text) == Form()


def test_every_field_has_a_label():
    assert {field.name for field in fields(Form)} == set(LABELS)
    assert all(each in Encoding for each in COMPRESSED)
