"""The dock of the time line: the moment in large figures, how to play, and the line."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from voxgrid.theme import Theme, mono_font
from voxgrid.views.timeline_canvas import TimelineCanvas
from voxgrid.views.widgets import label, restyle, tool_button

_LOWEST: Final = 92
_HIGHEST: Final = 128
SPEEDS: Final = (1, 2, 8)


class TimelineView(QWidget):
    """Everything about the moment that is shown.

    Args:
        theme: Colours.

    Signals:
        playRequested(): Play, or stop playing.
        speedChosen(int): How many times as fast as it was.
        liveRequested(): Show what is now.
        markRequested(): Set a mark.
        troubleRequested(bool): Go to the next (True) or previous place where something happened.
    """

    playRequested = Signal()
    speedChosen = Signal(int)
    liveRequested = Signal()
    markRequested = Signal()
    troubleRequested = Signal(bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = TimelineCanvas(theme, self)
        self.canvas.liveRequested.connect(self.liveRequested)
        self.canvas.playRequested.connect(self.playRequested)
        self._moment = QLabel("LIVE")
        self._moment.setObjectName("timeline_moment")
        self._moment.setFont(mono_font(13, bold=True))
        self._moment.setMinimumWidth(QFontMetrics(self._moment.font()).horizontalAdvance("PAST 00:00:00.0 "))
        self._source = label("", "small", "timeline_source")
        self._source.setMinimumWidth(40)
        self._source.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self._play = tool_button("Play", "timeline_play", "Play the recording")
        self._live = tool_button("Back to live", "timeline_live", "Back to what is now", "primary")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 6)
        column.setSpacing(4)
        column.addLayout(self._controls())
        column.addWidget(self.canvas, 1)
        self.setFocusProxy(self.canvas)
        self.setMinimumHeight(_LOWEST)
        self.setMaximumHeight(_HIGHEST)
        self.show_state(moment="", playing=False)

    def _controls(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self._moment)
        earlier = tool_button("‹ error", "timeline_earlier", "To the error or mark before")
        later = tool_button("error ›", "timeline_later", "To the next error or mark")
        earlier.clicked.connect(lambda: self.troubleRequested.emit(False))
        later.clicked.connect(lambda: self.troubleRequested.emit(True))
        self._play.clicked.connect(self.playRequested)
        self._play.setMinimumWidth(QFontMetrics(self._play.font()).horizontalAdvance("Pause") + 24)
        for button in (earlier, self._play, later):
            row.addWidget(button)
        self._speeds = QButtonGroup(self)
        for speed in SPEEDS:
            button = tool_button(f"{speed}×", f"timeline_speed_{speed}", f"Play {speed} times as fast")
            button.setCheckable(True)
            button.setChecked(speed == 1)
            self._speeds.addButton(button, speed)
            row.addWidget(button)
        self._speeds.idClicked.connect(self.speedChosen)
        row.addSpacing(8)
        row.addWidget(self._source, 1)
        mark = tool_button("Mark", "timeline_mark", "Set a mark now")
        mark.clicked.connect(self.markRequested)
        self._mark = mark
        self._live.clicked.connect(self.liveRequested)
        row.addWidget(mark)
        row.addWidget(self._live)
        return row

    def show_source(self, text: str, tip: str = "", *, markable: bool = True) -> None:
        """Say what the line is of, and whether marks can be set in it."""
        self._source.setText(QFontMetrics(self._source.font()).elidedText(text, Qt.TextElideMode.ElideRight, 900))
        self._source.setToolTip(tip or text)
        self._mark.setEnabled(markable)

    def show_state(self, moment: str, *, playing: bool) -> None:
        """Show the moment.

        Args:
            moment: As ``"14:03:22.4"``, or "" for now.
            playing: Whether it plays.
        """
        self._moment.setText(f"PAST {moment}" if moment else "LIVE")
        restyle(self._moment, "tone", "past" if moment else "live")
        self._play.setText("Pause" if playing else "Play")
        self._live.setEnabled(bool(moment))

    def buttons(self) -> list[QToolButton]:
        """Return its buttons."""
        return self.findChildren(QToolButton)
