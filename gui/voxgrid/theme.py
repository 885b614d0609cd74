"""Colours and fonts of the window: dark, light, or whatever the system prefers.

Views never spell a colour.  They ask ``theme.tokens`` when they paint and repaint when ``theme.changed`` is
emitted; plain widgets are styled by the palette and one style sheet, both made from the same tokens.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from string import Template
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

import voxassets
from voxpool.events import SlotState

UI_FONTS: Final = ("DejaVu Sans", "Noto Sans", "Segoe UI", "Helvetica Neue", "Arial")
NARROW_FONTS: Final = ("DejaVu Sans Condensed", "Noto Sans Display Condensed", "Arial Narrow", *UI_FONTS)
MONO_FONTS: Final = ("DejaVu Sans Mono", "Noto Sans Mono", "Menlo", "Consolas", "Courier New")
UI_PIXELS: Final = 12
SMALL_PIXELS: Final = 11
TINY_PIXELS: Final = 10


class ThemeMode(StrEnum):
    """What the user asked for."""

    DARK = "dark"
    LIGHT = "light"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Tokens:
    """Every colour of one theme, as ``#rrggbb``.

    Attributes:
        dark: Whether text is light on dark.
        background: Behind everything.
        panel: Docks, bars.
        raised: Buttons, fields.
        hover: Raised things under the pointer.
        line: Hairlines and borders.
        text: Text.
        muted: Secondary text.
        faint: Hints, disabled text, empty cells.
        accent: Focus, selection, the main action.
        on_accent: Text on the accent colour.
        good: Success.
        warning: Something to notice.
        bad: An error.
        reserved, creating, open, generating, draining, closing, zombie, failed: The states of a slot.
    """

    dark: bool
    background: str
    panel: str
    raised: str
    hover: str
    line: str
    text: str
    muted: str
    faint: str
    accent: str
    on_accent: str
    good: str
    warning: str
    bad: str
    reserved: str
    creating: str
    open: str
    generating: str
    draining: str
    closing: str
    zombie: str
    failed: str

    def state(self, state: SlotState) -> str:
        """Return the colour of a slot state; an empty slot is faint."""
        return self.faint if state is SlotState.EMPTY else str(getattr(self, state.value))

    def color(self, name: str, alpha: float = 1.0) -> QColor:
        """Return a token as a colour.

        Args:
            name: The token's name.
            alpha: Opacity, 0 to 1.
        """
        color = QColor(getattr(self, name))
        color.setAlphaF(alpha)
        return color


DARK: Final = Tokens(
    dark=True,
    background="#0e1116",
    panel="#151a21",
    raised="#1b2129",
    hover="#232b35",
    line="#262e38",
    text="#e6e9ee",
    muted="#8a94a3",
    faint="#5b6675",
    accent="#5aa9ff",
    on_accent="#08121f",
    good="#1fbf8f",
    warning="#e6a23c",
    bad="#ff6b57",
    reserved="#6b7686",
    creating="#e6a23c",
    open="#56b4e9",
    generating="#1fbf8f",
    draining="#b58cff",
    closing="#7d8aa0",
    zombie="#f0e442",
    failed="#ff6b57",
)
# The same hues, darkened until each reads on white (4.5:1 against the panel; asserted in tests/gui/test_theme.py).
LIGHT: Final = Tokens(
    dark=False,
    background="#eef1f5",
    panel="#f8f9fb",
    raised="#ffffff",
    hover="#e6ebf2",
    line="#d3dae3",
    text="#161b22",
    muted="#566170",
    faint="#8b96a5",
    accent="#0b63c5",
    on_accent="#ffffff",
    good="#00735a",
    warning="#935500",
    bad="#c22a17",
    reserved="#5b6675",
    creating="#935500",
    open="#0068a5",
    generating="#00735a",
    draining="#7140c9",
    closing="#55627a",
    zombie="#776800",
    failed="#c22a17",
)


def blend(front: str, back: str, share: float) -> QColor:
    """Return an opaque mix of two colours.

    Args:
        front: Colour on top.
        back: Colour below.
        share: How much of ``front``, 0 to 1.
    """
    a, b = QColor(front), QColor(back)
    return QColor.fromRgbF(
        a.redF() * share + b.redF() * (1 - share),
        a.greenF() * share + b.greenF() * (1 - share),
        a.blueF() * share + b.blueF() * (1 - share),
    )


def ui_font(pixels: int = UI_PIXELS, *, bold: bool = False) -> QFont:
    """Return the proportional font in a size in (device-independent) pixels."""
    return _font(UI_FONTS, pixels, bold=bold)


def narrow_font(pixels: int = UI_PIXELS) -> QFont:
    """Return the proportional font in its narrow cut, for a cell's few words."""
    return _font(NARROW_FONTS, pixels, bold=False)


def mono_font(pixels: int = UI_PIXELS, *, bold: bool = False) -> QFont:
    """Return the fixed-width font, for numbers that must not jump."""
    font = _font(MONO_FONTS, pixels, bold=bold)
    font.setStyleHint(QFont.StyleHint.Monospace)
    font.setFixedPitch(True)
    return font


def _font(families: tuple[str, ...], pixels: int, *, bold: bool) -> QFont:
    font = QFont()
    font.setFamilies(list(families))
    font.setPixelSize(pixels)
    font.setBold(bold)
    return font


class Theme(QObject):
    """The theme in use.

    The palette and the font are the application's, the style sheet is worn by its windows (``dress``): a sheet of the
    application's own is told to every widget one by one, which cost the event loop 0.2 ms for each and 0.3 s in all
    (measured), where a window tells it to its own in a quarter of that.

    Args:
        app: The application whose palette and font it sets.
        mode: What the user asked for.

    Attributes:
        changed: Emitted after ``tokens`` changed.
    """

    changed = Signal()

    def __init__(self, app: QApplication, mode: ThemeMode = ThemeMode.DARK) -> None:
        super().__init__()
        self._app = app
        self._mode = mode
        self._tokens = DARK
        self._styled = False
        self._dressed: list[QWidget] = []
        app.styleHints().colorSchemeChanged.connect(self._on_system_changed)

    @property
    def tokens(self) -> Tokens:
        """The colours in use."""
        return self._tokens

    @property
    def mode(self) -> ThemeMode:
        """What the user asked for."""
        return self._mode

    def set_mode(self, mode: ThemeMode) -> None:
        """Switch; repaints everything when the colours change."""
        self._mode = mode
        self.apply()

    def dress(self, window: QWidget) -> None:
        """Have a window wear the style sheet, now and in every theme to come.

        What is in it, and dialogs and menus whose parent is in it, wear it too; a popup without a parent does not.
        """
        self._dressed.append(window)
        window.setStyleSheet(make_style_sheet(self._tokens))

    def apply(self) -> None:
        """Give the application the colours and fonts of the mode."""
        self._tokens = self._wanted()
        if not self._styled:
            # Once: a style is told to every widget there is, which the event loop waits for.
            self._styled = True
            self._app.setStyle("Fusion")
            self._app.setFont(ui_font())
        self._app.setPalette(make_palette(self._tokens))
        sheet = make_style_sheet(self._tokens)
        self._dressed = [window for window in self._dressed if isValid(window)]
        for window in self._dressed:
            if window.styleSheet() != sheet:
                window.setStyleSheet(sheet)
        self.changed.emit()

    def _wanted(self) -> Tokens:
        if self._mode is ThemeMode.SYSTEM:
            light = self._app.styleHints().colorScheme() is Qt.ColorScheme.Light
            return LIGHT if light else DARK
        return LIGHT if self._mode is ThemeMode.LIGHT else DARK

    def _on_system_changed(self) -> None:
        if self._mode is ThemeMode.SYSTEM and self._wanted() is not self._tokens:
            self.apply()


def make_palette(tokens: Tokens) -> QPalette:
    """Return the palette, for everything that the style sheet does not reach."""
    palette = QPalette()
    role = QPalette.ColorRole
    colors = {
        role.Window: tokens.background,
        role.WindowText: tokens.text,
        role.Base: tokens.panel,
        role.AlternateBase: tokens.raised,
        role.Text: tokens.text,
        role.PlaceholderText: tokens.faint,
        role.Button: tokens.raised,
        role.ButtonText: tokens.text,
        role.BrightText: tokens.bad,
        role.Highlight: tokens.accent,
        role.HighlightedText: tokens.on_accent,
        role.Link: tokens.accent,
        role.LinkVisited: tokens.draining,
        role.ToolTipBase: tokens.raised,
        role.ToolTipText: tokens.text,
        role.Light: tokens.hover,
        role.Midlight: tokens.raised,
        role.Mid: tokens.line,
        role.Dark: tokens.line,
        role.Shadow: tokens.background,
        role.Accent: tokens.accent,
    }
    for name, value in colors.items():
        palette.setColor(name, QColor(value))
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, QColor(tokens.faint))
    return palette


def make_style_sheet(tokens: Tokens) -> str:
    """Return the style sheet with the tokens filled in."""
    values = {field.name: getattr(tokens, field.name) for field in fields(tokens) if field.name != "dark"}
    values |= {
        "ui": _families(UI_FONTS),
        "mono": _families(MONO_FONTS),
        "small": f"{SMALL_PIXELS}px",
        "tiny": f"{TINY_PIXELS}px",
        "size": f"{UI_PIXELS}px",
        "accent_soft": blend(tokens.accent, tokens.panel, 0.22).name(),
        "bad_soft": blend(tokens.bad, tokens.panel, 0.14).name(),
        "warning_soft": blend(tokens.warning, tokens.panel, 0.14).name(),
        "good_soft": blend(tokens.good, tokens.panel, 0.14).name(),
        "bad_line": blend(tokens.bad, tokens.panel, 0.5).name(),
        "warning_line": blend(tokens.warning, tokens.panel, 0.5).name(),
        "accent_hover": blend(tokens.accent, tokens.text, 0.85).name(),
    }
    return Template(voxassets.style_template()).substitute(values)


def _families(wanted: tuple[str, ...]) -> str:
    """Quote the families that exist here: naming absent ones makes Qt search aliases and warn."""
    present = set(QFontDatabase.families())
    return ", ".join(f'"{name}"' for name in wanted if name in present) or '"sans-serif"'
