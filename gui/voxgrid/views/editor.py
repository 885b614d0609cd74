"""The text editor of the playground, in which words light up while they sound."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QResizeEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QTextEdit, QWidget

from voxgrid.models.playground import Span, WordMap
from voxgrid.theme import Theme

_NOTE_HEIGHT: Final = 14


class SpeechEditor(QPlainTextEdit):
    """Plain text with up to two highlights: what was heard, and the word that sounds now.

    Args:
        theme: Colours.
        parent: Qt parent.

    Signals:
        speakRequested(): Ctrl+Enter.
    """

    speakRequested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._words: WordMap | None = None
        self._spoken_text = ""
        self._shown = 0
        self._offset = 0
        self.setObjectName("editor")
        self.setAccessibleName("Text to speak")
        self.setPlaceholderText("Type what to say, then press Ctrl+Enter.")
        self.setTabChangesFocus(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.textChanged.connect(self._follow_edit)
        theme.changed.connect(self._repaint_words)
        self._note = QLabel(self)
        self._note.setObjectName("character_count")
        self._note.setProperty("role", "small")
        self._note.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        # Room at the bottom for the note, so that no line of text is ever under it.
        self.setViewportMargins(0, 0, 0, _NOTE_HEIGHT)

    @property
    def words(self) -> WordMap | None:
        """The words that are followed, or None."""
        return self._words

    def show_note(self, text: str) -> None:
        """Show a few words in the corner."""
        self._note.setText(text)
        self._place_note()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the note in its corner."""
        super().resizeEvent(event)
        self._place_note()

    @property
    def text_to_speak(self) -> str:
        """The selected text, or all of it when nothing (or nothing but spaces) is selected."""
        # Qt writes the ends of paragraphs in a selection as U+2029.
        selected = self.textCursor().selectedText().replace("\u2029", "\n")
        return selected if selected.strip() else self.toPlainText()

    def follow(self, text: str) -> bool:
        """Begin to light up words of ``text``; whether that text stands in the editor."""
        self.unfollow()
        start = self.toPlainText().find(text, self._selection_start())
        if start < 0:
            start = self.toPlainText().find(text)
        if start < 0:
            return False
        self._offset = start
        self._spoken_text = text
        self._words = WordMap(text)
        return True

    def unfollow(self) -> None:
        """No word is lit."""
        self._words = None
        self._shown = 0
        self.setExtraSelections([])

    def show_position(self, seconds: float) -> None:
        """Light up what sounds at a moment of the followed utterance's audio."""
        if self._words is None:
            return
        begun = self._words.at(seconds)
        if begun != self._shown:
            was_in_view = self._is_in_view()
            self._shown = begun
            self._repaint_words()
            if was_in_view:
                self._bring_into_view()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+Enter speaks; everything else edits."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and event.modifiers() & (
            Qt.KeyboardModifier.ControlModifier
        ):
            if not event.isAutoRepeat():
                self.speakRequested.emit()
            return
        super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Leave Esc to the window's own shortcut."""
        override = event.type() is QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.ignore()
            return False
        return super().event(event)

    def _place_note(self) -> None:
        self._note.adjustSize()
        self._note.move(self.width() - self._note.width() - 10, self.height() - self._note.height() - 5)

    def _selection_start(self) -> int:
        """Return the first selected character's index, so that the selected one of several occurrences is found."""
        cursor = self.textCursor()
        if not cursor.hasSelection():
            return 0
        before = QTextCursor(self.document())
        before.setPosition(cursor.selectionStart(), QTextCursor.MoveMode.KeepAnchor)
        return len(before.selectedText())

    def _word_rect(self) -> QRect | None:
        lit = self.extraSelections()
        return self.cursorRect(lit[-1].cursor) if lit else None

    def _is_in_view(self) -> bool:
        """Whether the word that sounds is in view: a person who scrolled away is left alone."""
        rect = self._word_rect()
        return rect is None or self.viewport().rect().contains(rect.center())

    def _bring_into_view(self) -> None:
        """Scroll, line by line, until the word that sounds is in view; the caret stays where it is."""
        bar = self.verticalScrollBar()
        for _ in range(bar.maximum()):
            rect = self._word_rect()
            if rect is None or rect.bottom() <= self.viewport().height() or bar.value() >= bar.maximum():
                return
            bar.setValue(bar.value() + 1)

    def _follow_edit(self) -> None:
        """Go on where the spoken text stands now; let it go when it was changed itself."""
        if self._words is None:
            return
        self._offset = self.toPlainText().find(self._spoken_text)
        if self._offset < 0:
            self.unfollow()
        else:
            self._repaint_words()

    def _repaint_words(self) -> None:
        spans = self._words.spans[: self._shown] if self._words is not None else ()
        if not spans:
            self.setExtraSelections([])
            return
        tokens = self._theme.tokens
        heard = self._select(spans[0].start, spans[-1].end, tokens.color("generating", 0.16), None)
        now = self._select_word(spans[-1])
        self.setExtraSelections([heard, now])

    def _select_word(self, span: Span) -> QTextEdit.ExtraSelection:
        tokens = self._theme.tokens
        return self._select(span.start, span.end, tokens.color("generating"), tokens.color("background"))

    def _select(self, start: int, end: int, back: QColor, front: QColor | None) -> QTextEdit.ExtraSelection:
        selection = QTextEdit.ExtraSelection()
        look = QTextCharFormat()
        look.setBackground(back)
        if front is not None:
            look.setForeground(front)
        cursor = QTextCursor(self.document())
        cursor.setPosition(self._position(start))
        cursor.setPosition(self._position(end), QTextCursor.MoveMode.KeepAnchor)
        selection.format = look
        selection.cursor = cursor
        return selection

    def _position(self, index: int) -> int:
        """Return Qt's position, in UTF-16 units, of a character of the spoken text."""
        return _utf16(self.toPlainText()[: self._offset]) + _utf16(self._spoken_text[:index])


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
