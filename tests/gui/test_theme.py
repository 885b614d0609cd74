"""Colours that can be read, in both themes."""

from dataclasses import fields

import pytest
import shiboken6
from PySide6.QtGui import QColor, QFontInfo, QPalette
from PySide6.QtWidgets import QDialog, QLabel, QWidget

from voxgrid.theme import DARK, LIGHT, Theme, ThemeMode, make_style_sheet, mono_font
from voxgrid.views.filter_field import FilterField
from voxgrid.views.voice_chooser import VoiceChooser
from voxpool.events import SlotState


def luminance(color):
    parts = [part / 255 for part in (color.red(), color.green(), color.blue())]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    high, low = sorted((luminance(QColor(a)), luminance(QColor(b))), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("back", ["background", "panel", "raised"])
@pytest.mark.parametrize("front", ["text", "muted", "accent", "bad", "warning", "good"])
def test_text_can_be_read(tokens, front, back):
    assert contrast(getattr(tokens, front), getattr(tokens, back)) >= 4.5


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("state", [state for state in SlotState if state is not SlotState.EMPTY])
def test_signs_of_states_can_be_seen(tokens, state):
    assert contrast(tokens.state(state), tokens.background) >= 3.0


def test_states_have_colours_of_their_own():
    for tokens in (DARK, LIGHT):
        colors = [tokens.state(state) for state in SlotState]
        assert len(set(colors)) == len(colors)


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
def test_the_style_sheet_is_filled_in_and_every_colour_is_one(tokens):
    sheet = make_style_sheet(tokens)
    assert "$" not in sheet
    assert all(QColor(getattr(tokens, field.name)).isValid() for field in fields(tokens) if field.name != "dark")


def test_switching_repaints_and_says_so(qapp):
    theme = Theme(qapp)
    theme.apply()
    seen = []
    theme.changed.connect(lambda: seen.append(theme.tokens))
    theme.set_mode(ThemeMode.LIGHT)
    assert seen == [LIGHT]
    assert qapp.palette().window().color() == QColor(LIGHT.background)
    theme.set_mode(ThemeMode.DARK)
    assert theme.tokens is DARK


def test_windows_wear_the_sheet_and_the_application_none(qapp, qtbot):
    theme = Theme(qapp)
    theme.apply()
    window, gone = QWidget(), QWidget()
    qtbot.addWidget(window)
    for each in (window, gone):
        theme.dress(each)
        assert each.styleSheet() == make_style_sheet(DARK)
    inside, hidden, later = QLabel(window), QDialog(window), QDialog(window)
    for each in (window, hidden):
        each.show()
    hidden.hide()
    shiboken6.delete(gone)
    for tokens, mode in ((LIGHT, ThemeMode.LIGHT), (DARK, ThemeMode.DARK), (LIGHT, ThemeMode.LIGHT)):
        theme.set_mode(mode)
        for each in (inside, hidden, later):
            each.show()
            assert each.palette().color(QPalette.ColorRole.WindowText) == QColor(tokens.text)
            each.hide()
    # A sheet of the application's is told to every widget there is: a third of a second of the event loop's.
    assert qapp.styleSheet() == ""
    theme.set_mode(ThemeMode.DARK)


def test_lists_that_open_as_windows_of_their_own_wear_it_too(stage):
    window = stage.parts.window
    stage.parts.theme.set_mode(ThemeMode.LIGHT)
    views = [each for each in window.findChildren(QWidget) if isinstance(each, FilterField | VoiceChooser)]
    assert {type(each) for each in views} == {FilterField, VoiceChooser}
    for each in views:
        assert each.choices.parent() is None
        assert each.choices.styleSheet() == window.styleSheet() == make_style_sheet(LIGHT)
    stage.parts.theme.set_mode(ThemeMode.DARK)


def test_digits_are_equally_wide():
    assert QFontInfo(mono_font(11)).fixedPitch()
