"""A line for a filter: what may come next is offered while it is typed, and what is wrong is marked."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QCompleter,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from voxgrid.theme import SMALL_PIXELS, Theme, mono_font, ui_font
from voxgrid.views.widgets import restyle
from voxpool.frames.complete import Values, complete, no_values
from voxpool.frames.filter import FilterError, parse_filter
from voxpool.frames.terms import Everything, Term

_POPUP_WIDTH: Final = 420
_PAUSE_MS: Final = 700
"""Who stops typing this long has typed what was meant, in milliseconds."""
_MEANING = Qt.ItemDataRole.UserRole
_HINT: Final = 'Filter: ctx:12-1  type:text|audio  code:>0  gap:>200ms  -dir:out  /regex/  "words"'


class _Candidates(QStyledItemDelegate):
    """Paints what may be typed, and what it means."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(_POPUP_WIDTH - 20, 20)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        tokens = self._theme.tokens
        rect: QRect = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, tokens.color("accent", 0.24))
        inner = rect.adjusted(8, 0, -8, 0)
        centre = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(mono_font(SMALL_PIXELS))
        painter.setPen(tokens.color("text"))
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | centre, str(index.data()))
        inner.setLeft(inner.left() + max(110, painter.fontMetrics().horizontalAdvance(str(index.data())) + 12))
        painter.setFont(ui_font(SMALL_PIXELS))
        painter.setPen(tokens.color("muted"))
        meaning = painter.fontMetrics().elidedText(
            str(index.data(_MEANING) or ""), Qt.TextElideMode.ElideRight, inner.width()
        )
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | centre, meaning)


class FilterField(QLineEdit):
    """Types a filter.  Down or Ctrl+Space offers what may come next, Enter or Tab takes it, Esc leaves it.

    Args:
        theme: Colours.

    Attributes:
        values: Knows the values that make sense now.
        choices: The list of what may come next.

    Signals:
        filtered(object): Another filter is meant: a ``Term``.
        failed(str): It cannot be read, and why; "" when it can again.  A word that is still typed is left alone.
    """

    filtered = Signal(object)
    failed = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.values: Values = no_values
        self._term: Term = Everything()
        self._start = 0
        self._found = self._said = ""
        self._taking = False
        self.pause = QTimer(self)
        self.pause.setSingleShot(True)
        self.pause.setInterval(_PAUSE_MS)
        self.pause.timeout.connect(self._complain)
        self.setObjectName("frames_filter")
        self.setAccessibleName("Filter of frames")
        self.setPlaceholderText(_HINT)
        self.setClearButtonEnabled(True)
        self.setFont(mono_font(SMALL_PIXELS))
        self._candidates = QStandardItemModel(self)
        self._popup = QCompleter(self._candidates, self)
        self._popup.setWidget(self)
        self._popup.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._popup.setMaxVisibleItems(12)
        self.choices = QListView()
        self.choices.setAccessibleName("What may come next")
        self._popup.setPopup(self.choices)
        theme.dress(self.choices)
        self.choices.setItemDelegate(_Candidates(theme, self.choices))
        self._popup.activated.connect(self._take)
        self.textChanged.connect(self._read)
        self.textEdited.connect(lambda _text: self.offer())
        self.editingFinished.connect(self._complain)

    @property
    def term(self) -> Term:
        """The filter that is meant: the last one that could be read."""
        return self._term

    @property
    def offered(self) -> list[str]:
        """What is offered now."""
        return [self._candidates.item(row).text() for row in range(self._candidates.rowCount())]

    def offer(self, *, always: bool = False) -> None:
        """Offer what may come next.

        Args:
            always: Also where nothing was typed yet.
        """
        before = self.text()[: self.cursorPosition()]
        completion = complete(self.text(), self.cursorPosition(), self.values)
        typed = before[completion.start :]
        candidates = [each for each in completion.candidates if each.text.strip() != typed.strip() or not typed]
        if not candidates or (not always and not typed and not before.endswith(":")):
            self.choices.hide()
            return
        self._start = completion.start
        self._candidates.clear()
        for candidate in candidates:
            item = QStandardItem(candidate.text)
            item.setData(candidate.meaning, _MEANING)
            item.setData(f"{candidate.text.strip()}: {candidate.meaning}", Qt.ItemDataRole.AccessibleTextRole)
            self._candidates.appendRow(item)
        place = QRect(self.cursorRect().left(), 0, _POPUP_WIDTH, self.height())
        self._popup.complete(place)
        self.choices.setCurrentIndex(self._candidates.index(0, 0))

    def event(self, event: QEvent) -> bool:
        """Esc closes the list of what may come next before it means anything to the window."""
        if (
            event.type() is QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
            and self.choices.isVisible()
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let the list of what may come next have its keys."""
        key, popup = event.key(), self.choices
        if popup.isVisible():
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._take_current()
                return
            if key == Qt.Key.Key_Escape:
                popup.hide()
                return
        elif key == Qt.Key.Key_Down or (
            key == Qt.Key.Key_Space and event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            self.offer(always=True)
            return
        super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Take what is offered with Tab; without an offer Tab goes on to the next widget."""
        if forward and self.choices.isVisible():
            self._take_current()
            return True
        return super().focusNextPrevChild(forward)

    def _take_current(self) -> None:
        candidate = self.choices.currentIndex().data() or ""
        self.choices.hide()
        self._take(candidate)

    def _take(self, candidate: str) -> None:
        if not candidate:
            return
        text, cursor = self.text(), self.cursorPosition()
        self._taking = True
        try:
            self.setText(text[: self._start] + candidate + text[cursor:])
        finally:
            self._taking = False
        self.setCursorPosition(self._start + len(candidate))
        if candidate.endswith((":", " ")):
            self.offer()

    def _read(self, text: str) -> None:
        try:
            term = parse_filter(text)
        except FilterError as error:
            self._found = str(error)
            if self._found != self._said:
                self._wait_or_complain(text)
            return
        self._found = ""
        self._complain()
        if term != self._term:
            self._term = term
            self.filtered.emit(term)

    def _wait_or_complain(self, text: str) -> None:
        """Leave whoever is in the middle of a word alone: ``code:`` is no mistake, it only wants its number."""
        before = text[: self.cursorPosition()]
        if (self.isModified() or self._taking) and before and not before[-1].isspace():
            self._tell("")
            self.pause.start()
        else:
            self._complain()

    def _complain(self) -> None:
        """Say now what is wrong, if anything is."""
        self.pause.stop()
        self._tell(self._found)

    def _tell(self, problem: str) -> None:
        if problem != self._said:
            self._said = problem
            restyle(self, "invalid", bool(problem))
            self.failed.emit(problem)
