"""Paints one cell: a plate, two lines, a waveform.  Everything that can be kept between paints is kept."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QPixmap, QStaticText
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from voxgrid.items.grid_items import GridItems
from voxgrid.models.cell import CellState, Look
from voxgrid.models.grid import Place
from voxgrid.models.sentences import cell_age, second_line, shows_wave
from voxgrid.models.wording import millis
from voxgrid.theme import Theme, Tokens, blend, mono_font, narrow_font
from voxgrid.views.glyphs import draw_glyph, draw_note
from voxgrid.views.grid_layout import CellLayout, cell_layout
from voxgrid.views.wave_sheet import Ink, WaveSheet, premultiplied
from voxpool.events import SlotState

_PAST: Final = frozenset({Look.DONE, Look.CANCELLED})
"""Looks of a slot that is free again: what was there last is dimmed."""

PlateKey = tuple[Look, bool, bool, bool, bool]


def look_color(tokens: Tokens, look: Look) -> str:
    """Return the colour of a look."""
    if look is Look.DONE:
        return tokens.muted
    if look in (Look.EMPTY, Look.CANCELLED):
        return tokens.faint
    return tokens.state(SlotState(look.value))


class GridDelegate(QStyledItemDelegate):
    """Paints cells.

    Args:
        items: The cells.
        theme: Colours.
        parent: The view.

    Attributes:
        hovered: The cell under the pointer, or None.
        current: The cell that the keyboard is at, or None.
        selected: Selected cells.
        focused: Whether the view has the keyboard.
        now: Monotonic moment that ages are shown for, in seconds.
    """

    def __init__(self, items: GridItems, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._items = items
        self._theme = theme
        self._layout = cell_layout(118, 28)
        self._ratio = 1.0
        self.hovered: Place | None = None
        self.current: Place | None = None
        self.selected: set[Place] = set()
        self.focused = False
        self.now = time.monotonic()
        self._reset()
        theme.changed.connect(self._reset)

    @property
    def layout(self) -> CellLayout:
        """Where things go."""
        return self._layout

    def resize(self, width: int, height: int, ratio: float) -> None:
        """Take another size of cell, in logical pixels, and device pixel ratio."""
        if (width, height, ratio) != (self._layout.width, self._layout.height, self._ratio):
            self._layout, self._ratio = cell_layout(width, height), ratio
            self._reset()

    def _reset(self) -> None:
        tokens, layout = self._theme.tokens, self._layout
        self._plates: dict[PlateKey, QPixmap] = {}
        self._font = narrow_font(layout.font_px)
        self._mono = mono_font(layout.mono_px)
        self._small = narrow_font(layout.mono_px)
        self._metrics = QFontMetrics(self._font)
        self._small_metrics = QFontMetrics(self._small)
        mono_metrics = QFontMetrics(self._mono)
        self._digit = mono_metrics.horizontalAdvance("0")
        self._first_y = layout.baseline - mono_metrics.ascent()
        self._second_y = layout.second - mono_metrics.ascent()
        self._words_y = layout.second - self._small_metrics.ascent()
        self._text_pen = QPen(QColor(tokens.text))
        self._muted_pen = QPen(QColor(tokens.muted))
        self._faint_pen = QPen(QColor(tokens.faint))
        self._pens = {look: QPen(QColor(look_color(tokens, look))) for look in Look}
        self._inks = {look: _ink(tokens, look) for look in Look}
        self._note = _note_pixmap(tokens, self._ratio)
        # Bounded, and kept per size: texts are laid out once and then only drawn.
        self._static = lru_cache(maxsize=2048)(_static_text)
        self._elided = lru_cache(maxsize=2048)(self._elide)
        model = self._items.model
        self._sheet = WaveSheet(model.slots, layout.bars, layout.pitch, layout.wave.height(), self._ratio)
        self.draw_waves((cell.row, cell.column) for cell in model.cells())

    def rebuild(self) -> None:
        """Start over for a model of another shape."""
        self._reset()

    def draw_waves(self, places: Iterable[Place]) -> None:
        """Put the waveforms of some cells into pixels, all at once; paint uses them."""
        model = self._items.model
        cells = [model.cell(*place) for place in places]
        cells = [cell for cell in cells if shows_wave(cell.look)]
        self._sheet.draw(
            [cell.row * model.columns + cell.column for cell in cells], cells, [self._inks[cell.look] for cell in cells]
        )

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw a cell where Qt wants it."""
        self.paint_cell(painter, option.rect.x(), option.rect.y(), self._items.cell(index))

    def paint_cell(self, painter: QPainter, x: int, y: int, cell: CellState) -> None:
        """Draw a cell with the top left of its section at a point."""
        look = cell.look
        painter.drawPixmap(x, y, self._plate(cell, look))
        if not cell.utterance_id:
            return
        if self._layout.flat:
            self._paint_only(painter, x, y, cell, look)
            return
        self._paint_first(painter, x, y, cell, look)
        self._paint_second(painter, x, y, cell, look)

    def _paint_only(self, painter: QPainter, x: int, y: int, cell: CellState, look: Look) -> None:
        """Draw the one line of a flat cell: what went wrong, else what is said."""
        if shows_wave(look) or look in _PAST:
            self._paint_first(painter, x, y, cell, look)
        else:
            layout = self._layout
            painter.setPen(self._pens[look])
            painter.setFont(self._small)
            text = self._elided(second_line(cell, self.now), layout.right - layout.text_x, True)
            painter.drawStaticText(x + layout.text_x, y + layout.baseline - self._small_metrics.ascent(), text)
        if cell.listening:
            painter.drawPixmap(x + self._layout.note.x(), y + self._layout.note.y(), self._note)

    def _paint_first(self, painter: QPainter, x: int, y: int, cell: CellState, look: Look) -> None:
        layout = self._layout
        # The mark of a flat cell that is heard takes the place of its latency.
        latency = "" if layout.flat and cell.listening else self._latency(cell.ttfa_ms)
        room = layout.right - layout.text_x - (len(latency) * self._digit + 5 if latency else 0)
        painter.setPen(self._muted_pen if look in _PAST else self._text_pen)
        painter.setFont(self._font)
        top = y + layout.baseline - self._metrics.ascent()
        painter.drawStaticText(x + layout.text_x, top, self._elided(cell.snippet, room, False))
        if latency:
            painter.setPen(self._muted_pen)
            painter.setFont(self._mono)
            left = x + layout.right - len(latency) * self._digit
            painter.drawStaticText(left, y + self._first_y, self._static(latency))

    def _latency(self, ttfa_ms: float | None) -> str:
        if ttfa_ms is None:
            return ""
        if self._layout.roomy:
            return millis(ttfa_ms)
        # A small cell says 175 where a large one says 175 ms; the tool tip names the unit.
        return f"{ttfa_ms:.0f}" if ttfa_ms < 999.5 else f"{ttfa_ms / 1000:.1f}s"

    def _paint_second(self, painter: QPainter, x: int, y: int, cell: CellState, look: Look) -> None:
        layout = self._layout
        shown = "" if look in (Look.CLOSING, Look.ZOMBIE) else cell_age(cell, self.now)
        if shows_wave(look):
            image = self._sheet.image(cell.row * self._items.model.columns + cell.column)
            painter.drawImage(x + layout.wave.x(), y + layout.wave.y(), image)
        else:
            painter.setPen(self._pens[look])
            painter.setFont(self._small)
            room = layout.right - layout.text_x - (len(shown) * self._digit + 4 if shown else 0)
            text = self._elided(second_line(cell, self.now), room, True)
            painter.drawStaticText(x + layout.text_x, y + self._words_y, text)
        if cell.listening:
            painter.drawPixmap(x + layout.note.x(), y + layout.note.y(), self._note)
        elif shown:
            painter.setPen(self._faint_pen)
            painter.setFont(self._mono)
            left = x + layout.right - len(shown) * self._digit
            painter.drawStaticText(left, y + self._second_y, self._static(shown))

    def _elide(self, text: str, room: int, small: bool) -> QStaticText:
        metrics = self._small_metrics if small else self._metrics
        return _static_text(metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, room)))

    def _plate(self, cell: CellState, look: Look) -> QPixmap:
        place = (cell.row, cell.column)
        at = place == self.current
        trouble = look is Look.EMPTY and self._items.model.rows[cell.row].troubled
        key = (look, place == self.hovered, place in self.selected, at and self.focused, trouble)
        plate = self._plates.get(key)
        if plate is None:
            plate = self._plates[key] = self._make_plate(key)
        return plate

    def _make_plate(self, key: PlateKey) -> QPixmap:
        look, hovered, selected, focused, trouble = key
        layout, tokens = self._layout, self._theme.tokens
        pixmap = QPixmap(round(layout.width * self._ratio), round(layout.height * self._ratio))
        pixmap.setDevicePixelRatio(self._ratio)
        pixmap.fill(QColor(tokens.background))
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(layout.plate).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setBrush(_fill(tokens, look, hovered))
        painter.setPen(_border(tokens, look, selected, trouble))
        painter.drawRoundedRect(rect, layout.radius, layout.radius)
        if focused or selected:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens.accent), 2 if focused else 1))
            painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), layout.radius, layout.radius)
        if look is not Look.EMPTY:
            draw_glyph(painter, look, QRectF(layout.glyph), QColor(look_color(tokens, look)))
        painter.end()
        return pixmap


def _static_text(text: str) -> QStaticText:
    static = QStaticText(text)
    static.setTextFormat(Qt.TextFormat.PlainText)
    static.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
    return static


def _fill(tokens: Tokens, look: Look, hovered: bool) -> QColor:
    if look is Look.EMPTY:
        return blend(tokens.panel, tokens.background, 1.0 if hovered else 0.35)
    if look in _PAST:
        return blend(tokens.raised, tokens.background, 1.0 if hovered else 0.55)
    share = 0.17 if tokens.dark else 0.13
    return blend(look_color(tokens, look), tokens.background, share + (0.1 if hovered else 0.0))


def _border(tokens: Tokens, look: Look, selected: bool, trouble: bool) -> QPen:
    if trouble:
        return QPen(blend(tokens.failed, tokens.background, 0.45), 1, Qt.PenStyle.DashLine)
    if look is Look.EMPTY or look in _PAST:
        return QPen(blend(tokens.line, tokens.background, 0.8), 1)
    return QPen(blend(look_color(tokens, look), tokens.background, 0.7 if selected else 0.42), 1)


def _ink(tokens: Tokens, look: Look) -> Ink:
    color, back = look_color(tokens, look), tokens.background
    past = look in _PAST
    return Ink(
        bright=premultiplied(blend(color, back, 0.55 if past else 1.0)),
        soft=premultiplied(blend(color, back, 0.4 if past else 0.55)),
        faint=premultiplied(blend(color, back, 0.34)),
    )


def _note_pixmap(tokens: Tokens, ratio: float) -> QPixmap:
    pixmap = QPixmap(round(12 * ratio), round(12 * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_note(painter, QRectF(0, 0, 12, 12), QColor(tokens.text))
    painter.end()
    return pixmap
