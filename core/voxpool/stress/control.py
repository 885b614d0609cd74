"""Steering a run while it goes on."""

from __future__ import annotations

from collections.abc import Callable

from voxpool.errors import SettingError


class RunControl:
    """Changes the load of a run, or ends it.  Call it on the run's event loop.

    Attributes:
        stopping: Whether it was told to stop.
        draining: Whether what is under way may end by itself; False when it is to be cancelled.
        why: Why it stops, as a sentence, or "".
        gone: Whether it stops because the service is gone: who waits for it, waits for nothing.
        fixed: Why its load has no target that can be edited, or "".
    """

    def __init__(self) -> None:
        self.stopping = False
        self.draining = True
        self.why = ""
        self.gone = False
        self.fixed = ""
        self._on_edit: list[Callable[[float], None]] = []
        self._on_stop: list[Callable[[], None]] = []

    def __repr__(self) -> str:
        state = "running" if not self.stopping else "draining" if self.draining else "stopping"
        return f"<RunControl {state}>"

    def listen(self, on_edit: Callable[[float], None], on_stop: Callable[[], None]) -> None:
        """Be told of edits and of stops: the engine's side."""
        self._on_edit.append(on_edit)
        self._on_stop.append(on_stop)
        if self.stopping:
            on_stop()

    def edit(self, target: float) -> None:
        """Set another target: utterances at once, or per second; it holds for the rest of the run.

        Raises:
            SettingError: If it is not between 0 and 10000, the load has no target, or the run is ending.
        """
        if self.fixed or self.stopping:
            raise SettingError("target", target, f"left alone: {self.fixed or 'the run is ending'}")
        if not 0 <= target <= 10_000:
            raise SettingError("target", target, "between 0 and 10000")
        for act in self._on_edit:
            act(target)

    def stop(self, *, drain: bool = True, why: str = "It was stopped by hand.", gone: bool = False) -> None:
        """End the run.  A second call may turn a drain into an end at once, not the other way round.

        Args:
            drain: Whether what is under way is heard to its end.
            why: For the result, as a sentence.
            gone: Whether that is because the service is gone.
        """
        if self.stopping and (drain or not self.draining):
            return
        self.why = self.why or why
        self.stopping, self.draining, self.gone = True, drain, self.gone or gone
        for act in self._on_stop:
            act()
