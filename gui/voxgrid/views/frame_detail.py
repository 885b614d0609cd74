"""What is in the chosen frame, or the difference between two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QRegularExpression
from PySide6.QtGui import QSyntaxHighlighter, QTextCharFormat, QTextDocument
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from voxgrid.models import frame_words as words
from voxgrid.models.frame_list import FrameList
from voxgrid.theme import SMALL_PIXELS, Theme, mono_font
from voxgrid.views.widgets import label, tool_button
from voxpool.frames.compare import Side, compare, pretty
from voxpool.frames.export import shown_json
from voxpool.frames.record import KIND_MEANINGS, FrameRecord

SHOWN_MOST: Final = 60_000
"""Characters shown of one frame; a longer one is copied whole."""
_KEY: Final = QRegularExpression(r'"(?:\\.|[^"\\])*"(?=\s*:)')
_STRING: Final = QRegularExpression(r'"(?:\\.|[^"\\])*"(?!\s*:)')
_NUMBER: Final = QRegularExpression(r"(?<=[\s\[])-?\d[\d.eE+-]*(?=,?$)|\b(?:true|false|null)\b(?=,?$)")
_HINT: Final = "Choose a frame to see what is in it, or two (Ctrl+click) to see how they differ."


class _Colors(QSyntaxHighlighter):
    """Colours JSON, or the lines of a difference."""

    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        super().__init__(document)
        self._theme = theme
        self.difference = False

    def highlightBlock(self, text: str) -> None:
        if self.difference and text[:1] in ("-", "+"):
            self._paint(0, len(text), "bad" if text[0] == "-" else "good")
            return
        if len(text) > 2000:
            # Base64 has nothing to colour, and a pattern would look at every character of it.
            return
        for pattern, token in ((_STRING, "text"), (_NUMBER, "accent"), (_KEY, "muted")):
            found = pattern.globalMatch(text)
            while found.hasNext():
                match = found.next()
                self._paint(match.capturedStart(), match.capturedLength(), token)

    def _paint(self, start: int, length: int, token: str) -> None:
        form = QTextCharFormat()
        form.setForeground(self._theme.tokens.color(token))
        self.setFormat(start, length, form)


class FrameDetail(QWidget):
    """Shows JSON; audio in words until it is asked for.

    Args:
        frames: What is listed, and where audio is while it is kept.
        theme: Colours.
    """

    def __init__(self, frames: FrameList, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._frames = frames
        self._records: tuple[FrameRecord, ...] = ()
        self.head = label("", "heading", "frame_head")
        # What it is stands in the list, too: a narrow dock need not leave it the list's room.
        self.head.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.facts = label("", "small", "frame_facts")
        self.facts.setWordWrap(True)
        self.text = QPlainTextEdit(self)
        self.text.setObjectName("frame_json")
        self.text.setAccessibleName("Content of the chosen frame")
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setFont(mono_font(SMALL_PIXELS))
        self.text.setPlaceholderText(_HINT)
        self.text.setProperty("role", "details")
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self._colors = _Colors(self.text.document(), theme)
        self.whole = tool_button("Show all", "frame_whole", "Show the audio as base64, too", "flat")
        self.whole.setCheckable(True)
        self.whole.toggled.connect(lambda _on: self._show())
        self.copy = tool_button("Copy", "frame_copy", "Copy the chosen frames", "flat")
        row = QHBoxLayout()
        row.setSpacing(2)
        row.addWidget(self.head, 1)
        row.addWidget(self.whole)
        row.addWidget(self.copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 2, 6, 6)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.facts)
        column.addWidget(self.text, 1)
        theme.changed.connect(self._colors.rehighlight)
        self.show_records(())

    @property
    def records(self) -> tuple[FrameRecord, ...]:
        """What is shown."""
        return self._records

    def show_records(self, records: Sequence[FrameRecord]) -> None:
        """Show a frame, the difference between two, or how many there are."""
        self._records = tuple(records)
        self.whole.blockSignals(True)
        self.whole.setChecked(False)
        self.whole.blockSignals(False)
        self._show()

    def _show(self) -> None:
        records = self._records
        self.copy.setEnabled(bool(records))
        self.whole.setVisible(len(records) == 1 and records[0].audio_bytes > 0)
        self._colors.difference = len(records) == 2
        if len(records) == 1:
            self._show_one(records[0])
        elif len(records) == 2:
            self._show_difference(*records)
        else:
            self.head.setText(f"{len(records):,} FRAMES" if records else "FRAME")
            self.facts.setText("")
            self.facts.hide()
            self._put("Copy takes them all; choose one to read it, or two to compare." if records else "")

    def _show_one(self, record: FrameRecord) -> None:
        self.head.setText(f"{record.kind.upper()}: {KIND_MEANINGS[record.kind]}")
        self.facts.setText(words.facts(record, self._frames.store.began_at))
        self.facts.show()
        if not self.whole.isChecked():
            self._put(shown_json(record))
            return
        whole = self._frames.store.whole(record.serial)
        if whole is None:
            self._put(f"The audio of this frame is not kept any more.\n\n{shown_json(record)}")
            return
        text = pretty(whole)
        if len(text) > SHOWN_MOST:
            text = f"{text[:SHOWN_MOST]}\n… {len(text) - SHOWN_MOST:,} characters more: copy it as a raw frame"
        self._put(text)

    def _show_difference(self, first: FrameRecord, second: FrameRecord) -> None:
        lines = compare(shown_json(first), shown_json(second))
        changed = [number for number, line in enumerate(lines) if line.side != Side.BOTH]
        self.head.setText("DIFFERENCE OF TWO FRAMES")
        began_at = self._frames.store.began_at
        equal = "" if changed else "\nThey say the same."
        self.facts.setText(f"− {words.brief(first, began_at)}\n+ {words.brief(second, began_at)}{equal}")
        self.facts.show()
        self._put("\n".join(f"{line.side} {line.text}" for line in lines))
        if changed:
            self.text.verticalScrollBar().setValue(max(0, changed[0] - 3))

    def _put(self, text: str) -> None:
        if text != self.text.toPlainText():
            self.text.setPlainText(text)
            self.text.verticalScrollBar().setValue(0)
