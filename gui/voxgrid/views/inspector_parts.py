"""Small widgets of the inspector: the sign of a state, and a text of a few lines."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from voxgrid.models.cell import Look
from voxgrid.theme import Theme
from voxgrid.views.glyphs import draw_glyph
from voxgrid.views.grid_delegate import look_color

_LINES: Final = 7


class Badge(QWidget):
    """The sign of a look."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._look = Look.EMPTY
        self.setFixedSize(14, 14)

    def show_look(self, look: Look) -> None:
        """Show another sign."""
        if look is not self._look:
            self._look = look
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        color = QColor(look_color(self._theme.tokens, self._look))
        draw_glyph(QPainter(self), self._look, QRectF(1, 1, 12, 12), color)


class TextBox(QPlainTextEdit):
    """A text that can be read and copied; as high as it needs, up to a few lines."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setProperty("role", "plain")
        self.setAccessibleName("Text")
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(0)
        self._spoken: int | None = None
        self._ink: QColor | None = None

    def show_text(self, text: str, spoken: int | None = None, ink: QColor | None = None) -> None:
        """Show another text, or the same one spoken further.

        Args:
            text: The text.
            spoken: Characters of it that were spoken, or None where that is not known.
            ink: Colour of what was not spoken yet.
        """
        if text != self.toPlainText():
            self.setPlainText(text)
            self._spoken = None
            self._fit()
        if (spoken, ink) == (self._spoken, self._ink):
            return
        self._spoken, self._ink = spoken, ink
        self.setExtraSelections([] if spoken is None or ink is None else self._marks(spoken, len(text), ink))

    def _marks(self, spoken: int, whole: int, waiting: QColor) -> list[QTextEdit.ExtraSelection]:
        # One selection: of two that touch, Qt paints the second in the colour of the text.
        mark, form, cursor = QTextEdit.ExtraSelection(), QTextCharFormat(), QTextCursor(self.document())
        cursor.setPosition(spoken)
        cursor.setPosition(whole, QTextCursor.MoveMode.KeepAnchor)
        form.setForeground(waiting)
        # The attributes are copies: they are set when they are complete.
        mark.cursor, mark.format = cursor, form
        return [mark] if spoken < whole else []

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break the lines anew."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        lines = max(1, min(_LINES, int(self.document().size().height())))
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + 4)
