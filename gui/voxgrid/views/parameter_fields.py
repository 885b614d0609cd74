"""What the lists of the parameter form offer, and how its fields are laid out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from PySide6.QtWidgets import QComboBox, QGridLayout

from voxgrid.models.parameters import SAMPLE_RATES

Choices: TypeAlias = tuple[tuple[str, str], ...]

LABEL_WIDTH: Final = 78
"""Width of the column of labels, in pixels."""

DELIVERY: Final[Choices] = (
    ("DELIVERY_MODE_UNSPECIFIED", "Service's own"),
    ("STABLE", "Stable"),
    ("BALANCED", "Balanced"),
    ("CREATIVE", "Creative"),
)
ENCODINGS: Final[Choices] = tuple(
    (name, name) for name in ("PCM", "LINEAR16", "WAV", "MP3", "OGG_OPUS", "FLAC", "MULAW", "ALAW")
)
AUTO: Final[Choices] = (
    ("", "Off"),
    ("CLIENT_SEGMENTED", "I send sentences"),
    ("SENTENCE_BOUNDARY", "Service finds them"),
)
TIMESTAMPS: Final[Choices] = (
    ("WORD", "Words"),
    ("CHARACTER", "Characters"),
    ("TIMESTAMP_TYPE_UNSPECIFIED", "None"),
)
TRANSPORT: Final[Choices] = (
    ("TIMESTAMP_TRANSPORT_STRATEGY_UNSPECIFIED", "Service's own"),
    ("SYNC", "With the audio"),
    ("ASYNC", "After the audio"),
)
NORMALISE: Final[Choices] = (
    ("APPLY_TEXT_NORMALIZATION_UNSPECIFIED", "Automatic"),
    ("ON", "On"),
    ("OFF", "Off"),
)
RATES: Final[Choices] = tuple((str(rate), f"{rate / 1000:g} kHz") for rate in SAMPLE_RATES)


def grid() -> QGridLayout:
    """Return the layout of a column of labels and a column of fields."""
    made = QGridLayout()
    made.setContentsMargins(0, 0, 0, 0)
    made.setHorizontalSpacing(10)
    made.setVerticalSpacing(6)
    made.setColumnMinimumWidth(0, LABEL_WIDTH)
    made.setColumnStretch(1, 1)
    return made


def combo_setter(combo: QComboBox) -> Callable[[Any], None]:
    """Return a function that shows a value in a list, and adds it when the list does not offer it."""

    def show(value: Any) -> None:
        index = combo.findData(str(value))
        if index < 0:
            combo.addItem(str(value), str(value))
            index = combo.count() - 1
        combo.setCurrentIndex(index)

    return show
