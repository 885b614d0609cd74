"""Waveforms in one array of pixels."""

import numpy as np
import pytest
from PySide6.QtGui import QColor

from voxgrid.models.cell import CellState
from voxgrid.models.sound import BARS
from voxgrid.views.wave_sheet import Ink, WaveSheet, premultiplied

BRIGHT, SOFT, FAINT = 0xFF00FF00, 0xFF008800, 0xFF004400
INK = Ink(BRIGHT, SOFT, FAINT)


def cell(filled, level=255, played=None):
    return CellState(0, 0, utterance_id=1, bars=bytes([level]) * filled, total_s=10.0, played_s=played)


def middle_row(sheet, number, pitch):
    image = sheet.image(number)
    y = image.height() // 2
    return [image.pixel(x, y) for x in range(0, image.width(), pitch)]


@pytest.mark.parametrize("bars", [BARS, BARS // 2, BARS // 4, BARS // 8])
def test_what_is_here_is_bright_and_what_is_to_come_is_faint(bars, qapp):
    sheet = WaveSheet(2, bars, 3, 9, 1.0)
    sheet.draw([1], [cell(BARS // 2)], [INK])
    assert middle_row(sheet, 1, 3) == [BRIGHT] * (bars // 2) + [FAINT] * (bars // 2)
    assert not any(middle_row(sheet, 0, 3)), "other cells are not touched"


def test_what_was_not_heard_yet_is_soft_while_somebody_listens(qapp):
    sheet = WaveSheet(1, BARS, 2, 9, 1.0)
    sheet.draw([0], [cell(BARS, played=2.5)], [INK])
    assert middle_row(sheet, 0, 2) == [BRIGHT] * (BARS // 4) + [SOFT] * (BARS - BARS // 4)


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_loud_is_tall_quiet_is_small_and_gaps_stay_clear(ratio, qapp):
    sheet = WaveSheet(2, BARS, 3, 11, ratio)
    sheet.draw([0, 1], [cell(BARS, 255), cell(BARS, 10)], [INK, INK])
    heights = []
    for number in (0, 1):
        image = sheet.image(number)
        column = [image.pixel(0, y) for y in range(image.height())]
        heights.append(np.count_nonzero(column))
    assert heights[0] >= sheet.image(0).height() - 1
    assert 1 <= heights[1] <= 2 + ratio
    step = sheet.image(0).width() // BARS
    assert sheet.image(0).pixel(step - 1, sheet.image(0).height() // 2) == 0


def test_colours_are_stored_as_qt_wants_them():
    assert premultiplied(QColor(255, 0, 0)) == 0xFFFF0000
    assert premultiplied(QColor(255, 255, 255, 0)) == 0
