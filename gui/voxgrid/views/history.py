"""The last finished utterances: replay, save, copy as code."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QModelIndex, QPoint, QRect, QSize, QStandardPaths, Qt, QTimer
from PySide6.QtGui import QAction, QGuiApplication, QPainter
from PySide6.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QListView,
    QMenu,
    QSpinBox,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from voxgrid import settings as remembered
from voxgrid.items.history_items import RECORD_ROLE, HistoryItems, Index
from voxgrid.models import history
from voxgrid.speech.controller import SpeechController
from voxgrid.speech.record import RUN, UtteranceRecord
from voxgrid.theme import SMALL_PIXELS, Theme, mono_font, ui_font
from voxgrid.views.widgets import give_room, tool_button
from voxpool.events import Outcome

_MOST_SHOWN: Final = 200
_ROOM_FOR_VOICE: Final = 150


class HistoryView(QWidget):
    """A list, newest first; Enter or double click replays, Ctrl+S saves, Ctrl+C copies as Python.

    Args:
        controller: What it drives.
        theme: Colours of what is painted.
        parent: Qt parent.
    """

    def __init__(self, controller: SpeechController, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("history")
        self._controller = controller
        self.items = HistoryItems(self)
        self.list = QListView()
        self.list.setModel(self.items)
        self.list.setObjectName("history_list")
        self.list.setAccessibleName("Finished utterances, newest first")
        self.list.setItemDelegate(_RowDelegate(theme, self.list))
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._menu)
        self.list.activated.connect(lambda _index: self.replay())
        self.list.selectionModel().currentChanged.connect(self._enable)
        self._make_actions()
        self._build()
        self.setFocusProxy(self.list)
        self._show_kept()
        # A burst ends hundreds of utterances within a second: the list is filled once for all of them.
        self._refill = QTimer(self)
        self._refill.setSingleShot(True)
        self._refill.setInterval(120)
        self._refill.timeout.connect(self.refill)
        controller.recordEnded.connect(self._later)
        controller.recordsRemoved.connect(self._later)
        theme.changed.connect(self.list.viewport().update)
        self._enable()

    # --- intents -----------------------------------------------------------------------------------------

    @property
    def chosen(self) -> UtteranceRecord | None:
        """The record of the current row."""
        return self.items.record(self.list.currentIndex().row())

    def replay(self) -> None:
        """Hear the chosen utterance."""
        if self.chosen is not None:
            self._controller.replay(self.chosen.id)

    def save(self) -> None:
        """Ask for a file and save the chosen utterance as WAV."""
        record = self.chosen
        if record is None:
            return
        dialog = QFileDialog(self, "Save as WAV", str(_suggest(record)), "WAV (*.wav)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("wav")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self._controller.save(record.id, Path(path)))
        # open() and not exec(): a nested event loop inside the asyncio loop would stall every connection.
        dialog.open()

    def copy_python(self) -> None:
        """Copy the chosen utterance as a program."""
        endpoint = self._controller.endpoint.endpoint
        if self.chosen is not None and endpoint is not None:
            QGuiApplication.clipboard().setText(history.as_python(self.chosen, endpoint.url))

    def choose(self, row: int) -> None:
        """Make a row the current one; -1 for none."""
        self.list.setCurrentIndex(self.items.index(row) if row >= 0 else QModelIndex())

    def refill(self) -> None:
        """Show what is kept now; the current row stays the same utterance."""
        chosen = self.chosen
        self.items.show(
            [record for record in self._controller.records.finished() if record.source != RUN][:_MOST_SHOWN]
        )
        self.choose(self.items.row_of(chosen))
        self._show_kept()
        self._enable()

    # --- building ----------------------------------------------------------------------------------------

    def _make_actions(self) -> None:
        self.replay_action = self._action("Replay", "Space", self.replay)
        self.save_action = self._action("Save as WAV…", "Ctrl+S", self.save)
        self.copy_action = self._action("Copy as Python", "Ctrl+C", self.copy_python)

    def _action(self, text: str, keys: str, act: object) -> QAction:
        action = QAction(text, self)
        action.setShortcut(keys)
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(act)
        self.list.addAction(action)
        return action

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 2, 12, 8)
        layout.setSpacing(6)
        layout.addWidget(self.list, 1)
        row = QHBoxLayout()
        row.setSpacing(4)
        self._buttons = []
        for text, name, action in (
            ("Replay", "replay", self.replay_action),
            ("Save…", "save", self.save_action),
            ("Copy", "copy_python", self.copy_action),
        ):
            button = tool_button(text, name, role="compact")
            button.setToolTip(f"{action.text()} ({action.shortcut().toString()})")
            button.clicked.connect(action.trigger)
            self._buttons.append(button)
            row.addWidget(button)
        row.addStretch(1)
        self._kept = self._keep_button()
        row.addWidget(self._kept)
        layout.addLayout(row)

    def _keep_button(self) -> QToolButton:
        """Says what is kept; its menu sets how much may be."""
        button = tool_button("", "kept", "What is kept", "flat")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        action = QWidgetAction(menu)
        action.setDefaultWidget(self._bounds())
        menu.addAction(action)
        button.setMenu(menu)
        return button

    def _bounds(self) -> QWidget:
        store = self._controller.store
        holder = QWidget()
        form = QFormLayout(holder)
        self.keep_count, self.keep_mb = QSpinBox(), QSpinBox()
        for spin, name, title, setting, most, unit in (
            (self.keep_count, "keep_count", "Keep at most", remembered.KEEP_COUNT, 5000, " utterances"),
            (self.keep_mb, "keep_mb", "and at most", remembered.KEEP_MB, 8192, " MB"),
        ):
            spin.setObjectName(name)
            spin.setAccessibleName(title + unit)
            spin.setRange(8, most)
            spin.setSuffix(unit)
            spin.setValue(store.get(setting))
            give_room(spin)
            spin.editingFinished.connect(self._bounds_chosen)
            form.addRow(title, spin)
        return holder

    # --- acting ------------------------------------------------------------------------------------------

    def _later(self, _record: object) -> None:
        if not self._refill.isActive():
            self._refill.start()

    def _show_kept(self) -> None:
        kept = self._controller.records.kept()
        self._kept.setText(f"{kept.bytes / 1e6:.0f} MB")
        said = f"{kept}, in memory and never on disk until you save it; click to set how much"
        self._kept.setToolTip(said)
        self._kept.setAccessibleDescription(said)

    def _enable(self) -> None:
        record = self.chosen
        has_sound = record is not None and bool(record.bytes)
        self.replay_action.setEnabled(has_sound)
        self.save_action.setEnabled(has_sound)
        self.copy_action.setEnabled(record is not None)
        for button, action in zip(self._buttons, (self.replay_action, self.save_action, self.copy_action), strict=True):
            button.setEnabled(action.isEnabled())

    def _bounds_chosen(self) -> None:
        self._controller.set_bounds(self.keep_count.value(), self.keep_mb.value())

    def _menu(self, at: QPoint) -> None:
        if self.chosen is None:
            return
        menu = QMenu(self)
        menu.addActions([self.replay_action, self.save_action, self.copy_action])
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.list.viewport().mapToGlobal(at))


class _RowDelegate(QStyledItemDelegate):
    """Paints a row: text on the left, time to first audio on the right in figures that do not jump."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """One line."""
        return QSize(100, 22)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one record."""
        record = index.data(RECORD_ROLE)
        tokens = self._theme.tokens
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, tokens.color("accent", 0.22))
        inner = rect.adjusted(6, 0, -6, 0)
        failed = record.outcome is Outcome.FAILED
        painter.setFont(mono_font(SMALL_PIXELS))
        painter.setPen(tokens.color("failed" if failed else "text"))
        figures = history.first_audio(record)
        centre = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(inner, Qt.AlignmentFlag.AlignRight | centre, figures)
        inner.setRight(inner.right() - painter.fontMetrics().horizontalAdvance(figures) - 8)
        if inner.width() > _ROOM_FOR_VOICE:
            painter.setFont(ui_font(SMALL_PIXELS))
            painter.setPen(tokens.color("muted"))
            voice = painter.fontMetrics().elidedText(record.settings.voice, Qt.TextElideMode.ElideRight, 70)
            painter.drawText(inner, Qt.AlignmentFlag.AlignRight | centre, voice)
            inner.setRight(inner.right() - painter.fontMetrics().horizontalAdvance(voice) - 8)
        width = inner.width()
        painter.setFont(ui_font())
        painter.setPen(tokens.color("text" if record.bytes else "faint"))
        text = painter.fontMetrics().elidedText(history.title(record), Qt.TextElideMode.ElideRight, width)
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | centre, text)


def _suggest(record: UtteranceRecord) -> Path:
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MusicLocation)
    words = "".join(each if each.isalnum() else " " for each in record.text[:40]).split()
    return Path(folder or Path.home()) / f"{'-'.join(words[:5]).lower() or 'utterance'}.wav"
