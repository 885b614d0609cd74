"""Asks before a burst costs money."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from voxgrid.views.widgets import label


class Costly(Protocol):
    """What costs money."""

    @property
    def what(self) -> str:
        """A verb and its object: ``"Fire 60 utterances"``."""

    @property
    def verb(self) -> str:
        """What the button says: ``"Fire ×60"``."""

    @property
    def characters(self) -> int:
        """Characters in all texts."""

    @property
    def usd(self) -> float:
        """Estimated cost in US dollars."""

    @property
    def usd_per_million(self) -> float:
        """Price of a million characters."""

    @property
    def model(self) -> str:
        """The model that would speak."""

    @property
    def cap(self) -> int:
        """Most characters that the person allows."""


class CostDialog(QDialog):
    """Shows characters and estimated cost of a burst or a run; its button goes on, everything else does not.

    Args:
        plan: What is about to begin.
        where: The endpoint's name.
        parent: Qt parent.
    """

    def __init__(self, plan: Costly, where: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("cost_dialog")
        self.setWindowTitle("This costs money")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        layout.addWidget(label(f"{plan.what} at {where}?", "title"))
        facts = QLabel(summary(plan))
        facts.setObjectName("cost_summary")
        facts.setWordWrap(True)
        layout.addWidget(facts)
        note = label(
            f"An estimate with ${plan.usd_per_million:g} for a million characters of {plan.model}; the provider's bill "
            "counts. Price and cap are set in the endpoint settings.",
            "small",
        )
        note.setWordWrap(True)
        layout.addWidget(note)
        layout.addWidget(self._buttons(plan.verb))
        self.setMinimumWidth(420)

    def _buttons(self, verb: str) -> QDialogButtonBox:
        # Its own parent from the start: what a button looks like is asked when it is made, and our style says no icon.
        buttons = QDialogButtonBox(self)
        fire = buttons.addButton(verb, QDialogButtonBox.ButtonRole.AcceptRole)
        fire.setObjectName("cost_fire")
        fire.setAutoDefault(False)
        cancel = buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        # Enter must not spend money by accident.
        cancel.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        return buttons


def summary(plan: Costly) -> str:
    """Return characters, cost and cap in one sentence."""
    return (
        f"{plan.characters:,} characters, about {money(plan.usd)}. Your cap for one burst or run is {plan.cap:,} "
        "characters."
    )


def money(usd: float) -> str:
    """Return an amount in US dollars with as many digits as it needs."""
    return f"${usd:,.2f}" if usd >= 0.01 else f"${usd:.4f}"
