"""Colours that can be read, in both themes."""

from dataclasses import fields

import pytest
from PySide6.QtGui import QColor, QFontInfo

from voxgrid.theme import DARK, LIGHT, Theme, ThemeMode, make_style_sheet, mono_font
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


def test_digits_are_equally_wide():
    assert QFontInfo(mono_font(11)).fixedPitch()
