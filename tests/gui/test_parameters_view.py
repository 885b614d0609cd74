"""The form: every field reaches the settings, mistakes stand beside their field."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLineEdit, QSlider, QSpinBox, QWidget

from support.speech_stage import VOICES
from support.views import make_theme
from voxgrid.models.parameters import LABELS, Form, check
from voxgrid.views import parameter_fields
from voxgrid.views.parameters import ParametersView
from voxpool.protocol.settings import (
    AutoModeStrategy,
    DeliveryMode,
    Encoding,
    TextNormalization,
    TimestampTransport,
    TimestampType,
)


@pytest.fixture
def view(qtbot):
    make_theme()
    view = ParametersView(Form())
    qtbot.addWidget(view)
    view.set_voices(VOICES)
    view.resize(260, 700)
    view.show()
    return view


@pytest.fixture
def heard(view):
    changes = []
    view.formChanged.connect(lambda form, verdict: changes.append((form, verdict)))
    return changes


def pick(view, name, value):
    combo = view.findChild(QComboBox, name)
    combo.setCurrentIndex(combo.findData(value))
    combo.activated.emit(combo.currentIndex())


@pytest.mark.parametrize(
    ("choices", "kind"),
    [
        (parameter_fields.DELIVERY, DeliveryMode),
        (parameter_fields.ENCODINGS, Encoding),
        (parameter_fields.AUTO[1:], AutoModeStrategy),
        (parameter_fields.TIMESTAMPS, TimestampType),
        (parameter_fields.TRANSPORT, TimestampTransport),
        (parameter_fields.NORMALISE, TextNormalization),
    ],
)
def test_the_lists_offer_exactly_what_the_protocol_knows(choices, kind):
    assert {value for value, _ in choices} == {each.value for each in kind}


def test_every_field_can_be_found_and_read_aloud(view):
    for name in set(LABELS) - {"auto_mode"}:
        field = view.findChild(QWidget, name)
        assert field is not None, name
        assert field.accessibleName(), name
        assert field.focusPolicy() & Qt.FocusPolicy.TabFocus, name


def test_choices_reach_the_settings(view, heard, qtbot):
    pick(view, "delivery_mode", "CREATIVE")
    pick(view, "encoding", "WAV")
    pick(view, "sample_rate_hz", "16000")
    pick(view, "timestamp_type", "CHARACTER")
    view.findChild(QSlider, "speaking_rate").setValue(120)
    view.findChild(QSpinBox, "buffer_char_threshold").setValue(250)
    language = view.findChild(QLineEdit, "language")
    view.set_more(True)
    qtbot.keyClicks(language, "de-DE")
    settings = heard[-1][1].settings
    assert settings.encoding is Encoding.WAV
    assert settings.sample_rate_hz == 16000
    assert settings.speaking_rate == pytest.approx(1.2)
    assert settings.buffer_char_threshold == 250
    assert settings.language == "de-DE"
    assert settings.delivery_mode.value == "CREATIVE"
    assert settings.timestamp_type.value == "CHARACTER"


def test_a_combination_that_cannot_be_is_said_beside_the_field(view, heard):
    pick(view, "encoding", "MULAW")
    assert view.error("sample_rate_hz") == "MULAW is always 8000 Hz."
    assert heard[-1][1].settings is None
    assert view.findChild(QComboBox, "sample_rate_hz").property("invalid")
    pick(view, "sample_rate_hz", "8000")
    assert view.error("sample_rate_hz") == ""
    assert heard[-1][1].settings is not None
    assert not view.findChild(QComboBox, "sample_rate_hz").property("invalid")


def test_a_mistake_in_the_hidden_part_opens_it(view):
    assert not view.more.isChecked()
    pick(view, "auto_mode_strategy", "SENTENCE_BOUNDARY")
    view.findChild(QComboBox, "model").setEditText("inworld-tts-1.5-max")
    assert view.more.isChecked()
    assert "cannot find sentences" in view.error("auto_mode_strategy")


def test_auto_mode_is_one_list(view, heard):
    pick(view, "auto_mode_strategy", "SENTENCE_BOUNDARY")
    settings = heard[-1][1].settings
    assert settings.auto_mode
    assert settings.auto_mode_strategy is AutoModeStrategy.SENTENCE_BOUNDARY
    assert not view.findChild(QSpinBox, "max_buffer_delay_ms").isEnabled()
    pick(view, "auto_mode_strategy", "")
    assert not heard[-1][1].settings.auto_mode


def test_what_the_model_ignores_is_greyed_out_and_says_why(view):
    temperature = view.findChild(QWidget, "temperature")
    delivery = view.findChild(QWidget, "delivery_mode")
    assert not temperature.isEnabled()
    assert "ignores" in temperature.toolTip()
    assert delivery.isEnabled()
    view.findChild(QComboBox, "model").setEditText("inworld-tts-1.5-max")
    assert temperature.isEnabled()
    assert not delivery.isEnabled()


def test_a_voice_is_found_by_a_part_of_its_line(view, heard, qtbot):
    chosen = []
    view.voiceChosen.connect(chosen.append)
    completer = view.voice.completer()
    completer.setCompletionPrefix("en-gb")
    assert completer.completionCount() == 1
    completer.setCompletionPrefix("neural")
    assert completer.completionCount() == 1
    view.voice.setCurrentIndex(2)
    view.voice.activated.emit(2)
    assert chosen == ["Clive"]
    assert heard[-1][0].voice == "Clive"


def test_a_voice_that_is_not_listed_is_taken_as_typed(view, heard, qtbot):
    view.voice.lineEdit().selectAll()
    qtbot.keyClicks(view.voice.lineEdit(), "my-workspace__clone")
    qtbot.keyClick(view.voice.lineEdit(), Qt.Key.Key_Return)
    assert heard[-1][0].voice == "my-workspace__clone"


def test_no_voice_at_all_is_a_sentence(view, heard, qtbot):
    view.voice.lineEdit().clear()
    qtbot.keyClick(view.voice.lineEdit(), Qt.Key.Key_Return)
    assert "Choose a voice" in view.error("voice")


def test_showing_a_form_reports_nothing_and_shows_everything(view, heard):
    form = replace(
        Form(), voice="Ashley", model="inworld-tts-1.5-mini", temperature=1.2, speaking_rate=0.8, language="pt",
        encoding="MP3", bit_rate=64_000, sample_rate_hz=44100, auto_mode=True, max_buffer_delay_ms=300,
    )  # fmt: skip
    view.set_form(form)
    assert heard == []
    assert view.form == form
    assert view.voice.voice == "Ashley"
    assert view.findChild(QSlider, "speaking_rate").value() == 80
    assert view.findChild(QComboBox, "model").currentText() == "inworld-tts-1.5-mini"
    assert view.findChild(QComboBox, "auto_mode_strategy").currentData() == "CLIENT_SEGMENTED"
    assert check(view.form).settings is not None


def test_an_unusual_rate_is_shown_too(view):
    view.set_form(replace(Form(), sample_rate_hz=12000))
    assert view.findChild(QComboBox, "sample_rate_hz").currentData() == "12000"
