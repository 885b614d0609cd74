"""The dock of the time line: the moment in large figures, how to play, and the line."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QButtonGroup, QHBoxLayout, QLabel, QToolButton, QWidget

from voxgrid.theme import Theme, mono_font
from voxgrid.views.timeline_canvas import TimelineCanvas
from voxgrid.views.widgets import label, restyle, tool_button

_LOW: Final = (58, 64)
_HIGH: Final = (86, 112)
"""Pixels that it takes at least and at most, as a strip and with the line below the buttons."""
_STRIP: Final = 1000
"""From this width on, the line stands beside the buttons."""
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
        self._play = tool_button("Play", "timeline_play", "Play the recording", "compact")
        self._live = tool_button("Back to live", "timeline_live", "Back to what is now", "compact")
        self._whole = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._whole.setContentsMargins(8, 2, 8, 4)
        self._whole.setSpacing(6)
        self._bar = self._controls()
        self._whole.addLayout(self._bar)
        self._whole.addWidget(self.canvas, 1)
        self.setFocusProxy(self.canvas)
        self._lay_out(self._whole.direction())
        self.show_state(moment="", playing=False)

    def _lay_out(self, direction: QBoxLayout.Direction) -> None:
        directions = QBoxLayout.Direction
        strip = direction is directions.LeftToRight
        lowest, highest = _LOW if strip else _HIGH
        self._whole.setDirection(direction)
        self._bar.setDirection(directions.TopToBottom if strip else directions.LeftToRight)
        self.setMinimumHeight(lowest)
        self.setMaximumHeight(highest)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Become a strip where it is wide enough."""
        super().resizeEvent(event)
        directions = QBoxLayout.Direction
        wanted = directions.LeftToRight if event.size().width() >= _STRIP else directions.TopToBottom
        if wanted is not self._whole.direction():
            self._lay_out(wanted)

    def _controls(self) -> QBoxLayout:
        head, row = QHBoxLayout(), QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self._moment)
        head.addWidget(self._source, 1)
        row.setSpacing(4)
        earlier = tool_button("‹ error", "timeline_earlier", "To the error or mark before", "compact")
        later = tool_button("error ›", "timeline_later", "To the next error or mark", "compact")
        earlier.clicked.connect(lambda: self.troubleRequested.emit(False))
        later.clicked.connect(lambda: self.troubleRequested.emit(True))
        self._play.clicked.connect(self.playRequested)
        self._play.setMinimumWidth(QFontMetrics(self._play.font()).horizontalAdvance("Pause") + 16)
        for button in (earlier, self._play, later):
            row.addWidget(button)
        self._speeds = QButtonGroup(self)
        for speed in SPEEDS:
            button = tool_button(f"{speed}×", f"timeline_speed_{speed}", f"Play {speed} times as fast", "compact")
            button.setCheckable(True)
            button.setChecked(speed == 1)
            self._speeds.addButton(button, speed)
            row.addWidget(button)
        self._speeds.idClicked.connect(self.speedChosen)
        self._mark = tool_button("Mark", "timeline_mark", "Set a mark now", "compact")
        self._mark.clicked.connect(self.markRequested)
        self._live.clicked.connect(self.liveRequested)
        row.addWidget(self._mark)
        row.addWidget(self._live)
        both = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        both.setSpacing(4)
        both.addLayout(head, 1)
        both.addLayout(row)
        return both

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
