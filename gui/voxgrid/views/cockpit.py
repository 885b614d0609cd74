"""The middle of the window: notifications, legend, grid, queue, small charts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from voxgrid.items.grid_items import GridItems
from voxgrid.models.grid import GridModel
from voxgrid.notifications import Notifications
from voxgrid.theme import Theme
from voxgrid.views.grid_legend import GridLegend
from voxgrid.views.grid_rows import WIDTH
from voxgrid.views.grid_view import GridView
from voxgrid.views.notification_bar import NotificationBar
from voxgrid.views.queue_view import QueueView
from voxgrid.views.trends import Trends

_ROOM_FOR_TRENDS: Final = 560
"""Below this height the small charts give their place to the grid."""


class Cockpit(QWidget):
    """Holds the views of the pool.

    Args:
        theme: Colours.
        notifications: What the bar shows.
        clock: Monotonic time in seconds, for ages.
    """

    def __init__(
        self,
        theme: Theme,
        notifications: Notifications,
        clock: Callable[[], float] = time.monotonic,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("cockpit")
        self.items = GridItems(GridModel(), clock, self)
        self.notification_bar = NotificationBar(notifications, self)
        self.legend = GridLegend(theme, WIDTH, self)
        self.grid = GridView(self.items, theme, self)
        self.queue = QueueView(theme, clock, self)
        self.trends = Trends(theme, self)
        self._spared = False
        column = QVBoxLayout(self)
        column.setContentsMargins(2, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.notification_bar)
        column.addWidget(self.legend)
        column.addWidget(self.grid, 1)
        column.addWidget(self.queue)
        column.addWidget(self.trends)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the small charts out where the grid needs the room."""
        super().resizeEvent(event)
        self._show_trends()

    def spare_trends(self, spare: bool) -> None:
        """Leave the small charts out, however much room there is, while others show the same."""
        self._spared = spare
        self._show_trends()

    def _show_trends(self) -> None:
        self.trends.setVisible(not self._spared and self.height() >= _ROOM_FOR_TRENDS)
