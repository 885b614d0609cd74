"""Asks before a burst costs money."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from voxgrid.speech.burst import FirePlan
from voxgrid.views.widgets import label


class CostDialog(QDialog):
    """Shows characters and estimated cost of a burst; "Fire" goes on, everything else does not.

    Args:
        plan: The burst.
        where: The endpoint's name.
        parent: Qt parent.
    """

    def __init__(self, plan: FirePlan, where: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("cost_dialog")
        self.setWindowTitle("This costs money")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        layout.addWidget(label(f"Fire {len(plan.shots)} utterances at {where}?", "title"))
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
        layout.addWidget(self._buttons(len(plan.shots)))
        self.setMinimumWidth(420)

    def _buttons(self, count: int) -> QDialogButtonBox:
        buttons = QDialogButtonBox()
        fire = buttons.addButton(f"Fire ×{count}", QDialogButtonBox.ButtonRole.AcceptRole)
        fire.setObjectName("cost_fire")
        fire.setAutoDefault(False)
        cancel = buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        # Enter must not spend money by accident.
        cancel.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        return buttons


def summary(plan: FirePlan) -> str:
    """Return characters, cost and cap in one sentence."""
    return (
        f"{plan.characters:,} characters, about {money(plan.usd)}. Your cap for one burst is {plan.cap:,} characters."
    )


def money(usd: float) -> str:
    """Return an amount in US dollars with as many digits as it needs."""
    return f"${usd:,.2f}" if usd >= 0.01 else f"${usd:.4f}"
