"""Watches the thresholds of a run: on its last seconds while it goes on, on all of it at the end."""

from __future__ import annotations

from collections.abc import Sequence

from voxpool.stress.control import RunControl
from voxpool.stress.recorder import Recorder
from voxpool.stress.result import MarkKind, ThresholdResult
from voxpool.stress.thresholds import Facts, Threshold, figure


class ThresholdWatch:
    """Notes when thresholds are crossed.

    Args:
        thresholds: The conditions.
        recorder: Keeps the books.
        control: Stopped by one that aborts.
    """

    def __init__(self, thresholds: Sequence[Threshold], recorder: Recorder, control: RunControl) -> None:
        self._thresholds = tuple(thresholds)
        self._recorder = recorder
        self._control = control
        self._crossed: set[int] = set()
        self._first: dict[int, float] = {}
        self.aborted = False

    def __repr__(self) -> str:
        return f"<ThresholdWatch {len(self._crossed)} of {len(self._thresholds)} crossed>"

    def look(self) -> None:
        """Compare the last seconds with every threshold."""
        window = self._recorder.live()
        for index, threshold in enumerate(self._thresholds):
            crossed = threshold.crossed(window)
            if crossed == (index in self._crossed):
                continue
            if not crossed:
                self._crossed.discard(index)
                self._recorder.mark(MarkKind.THRESHOLD, f"{threshold.text} holds again")
                continue
            self._crossed.add(index)
            self._first.setdefault(index, self._recorder.now_s)
            self._recorder.mark(MarkKind.THRESHOLD, f"{threshold.text} is crossed: {figure(threshold.value(window))}")
            if threshold.aborts:
                self.aborted = True
                self._control.stop(drain=False, why=f"The threshold {threshold.text} was crossed.")

    def results(self, facts: Facts) -> tuple[ThresholdResult, ...]:
        """Return what became of each, for what was measured in all."""
        return tuple(self._result(index, threshold, facts) for index, threshold in enumerate(self._thresholds))

    def _result(self, index: int, threshold: Threshold, facts: Facts) -> ThresholdResult:
        value, first = threshold.value(facts), self._first.get(index)
        passed = threshold.holds(value) and not (threshold.aborts and first is not None)
        return ThresholdResult(threshold.text, passed, value, first, threshold.aborts)


def sentence(result: ThresholdResult) -> str:
    """Return why a threshold failed."""
    if result.value is None:
        return f"The threshold {result.text} did not hold: nothing was measured."
    return f"The threshold {result.text} did not hold: {figure(result.value)}."
