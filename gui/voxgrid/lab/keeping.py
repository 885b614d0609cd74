"""Has a run of the lab kept from its beginning on: a crash costs its last second at most."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from voxgrid.runs import keeper_for
from voxpool.stress.result import RunListener, RunResult, Verdict

if TYPE_CHECKING:
    from voxgrid.features import Desk
    from voxpool.stress.recording import Recording
    from voxpool.stress.scenario import Scenario


class Keeping:
    """Keeps one run after the other.

    Args:
        desk: The window, which has a keeper of runs.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._recording: Recording | None = None
        self._head = RunResult(run_id="", name="", began_at=0.0, wall_s=0.0)

    def begin(self, scenario: Scenario, url: str) -> RunListener:
        """Begin to keep a run, and return its listener."""
        self._head = RunResult(
            run_id=uuid.uuid4().hex,
            name=scenario.name,
            began_at=time.time(),
            wall_s=0.0,
            url=url,
            seed=scenario.seed,
            scenario=scenario.to_dict(),
        )
        self._recording = keeper_for(self._desk).begin(self._head)
        return self._recording

    def finish(self, result: RunResult | None, problem: str) -> RunResult:
        """Keep a result under the number that the run began with, and return it.

        Args:
            result: What the engine returned, or None when it returned nothing: then the run is aborted.
            problem: Why there is none, as a sentence, or "".
        """
        if result is None:
            result = replace(self._head, verdict=Verdict.ABORTED, reasons=(problem or "It was cut short.",))
        result = replace(result, run_id=self._head.run_id)
        recording, self._recording = self._recording, None
        if recording is not None:
            keeper_for(self._desk).finish(recording, result)
        return result
