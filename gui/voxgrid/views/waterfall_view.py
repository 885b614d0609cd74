"""The life of one context as a waterfall: a table whose middle column is drawn."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from voxgrid.items.stage_items import BAR, NAME, TIME, StageItems
from voxgrid.models.stages import StageRow
from voxgrid.theme import Theme, mono_font, ui_font

ROW: int = 20


class _Bars(QStyledItemDelegate):
    """Paints all three columns."""

    def __init__(self, items: StageItems, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._items = items
        self._theme = theme
        self._font = ui_font(11)
        self._mono = mono_font(11)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        tokens = self._theme.tokens
        painter.save()
        if index.column() == BAR:
            self._paint_bar(painter, QRectF(option.rect), self._items.stage(index))
        else:
            name = index.column() == NAME
            painter.setFont(self._font if name else self._mono)
            painter.setPen(QColor(tokens.muted if name else tokens.text))
            align = Qt.AlignmentFlag.AlignLeft if name else Qt.AlignmentFlag.AlignRight
            rect = QRectF(option.rect).adjusted(0, 0, -1, 0)
            painter.drawText(rect, align | Qt.AlignmentFlag.AlignVCenter, str(index.data()))
        painter.restore()

    def _paint_bar(self, painter: QPainter, rect: QRectF, stage: StageRow) -> None:
        area = rect.adjusted(4, 0, -6, 0)
        scale = area.width() / self._items.total_s
        left = area.left() + stage.start_s * scale
        wide = max(3.0, (stage.end_s - stage.start_s) * scale)
        bar = QRectF(min(left, area.right() - 3), rect.center().y() - 3.5, min(wide, area.right() - left + 3), 8)
        color = QColor(self._theme.tokens.state(stage.state))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        color.setAlphaF(0.55 if stage.running else 1.0)
        painter.setBrush(color)
        painter.drawRoundedRect(bar, 2, 2)


class WaterfallView(QTableView):
    """Shows stages; as high as they need.

    Args:
        theme: Colours.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stages = StageItems(self)
        self.setAccessibleName("Stages of this context")
        self.setModel(self._stages)
        self.setItemDelegate(_Bars(self._stages, theme, self))
        self.setShowGrid(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.horizontalHeader().hide()
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(ROW)
        self.verticalHeader().setDefaultSectionSize(ROW)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        head = self.horizontalHeader()
        head.setMinimumSectionSize(10)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head.setSectionResizeMode(BAR, QHeaderView.ResizeMode.Stretch)
        head.resizeSection(NAME, 76)
        head.resizeSection(TIME, 72)
        theme.changed.connect(self.viewport().update)
        self.show_stages(())

    def show_stages(self, stages: tuple[StageRow, ...], total_s: float = 0.0) -> None:
        """Show other stages.

        Args:
            stages: Lines.
            total_s: Seconds that the width stands for; 0 for as long as these stages take.
        """
        before = self._stages.rowCount()
        self._stages.show(stages, total_s)
        if before != len(stages) or not before:
            self.setFixedHeight(ROW * len(stages))
            self.setVisible(bool(stages))
