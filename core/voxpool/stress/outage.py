"""Says when the service of a run is out of reach, and ends a run that waits for it too long."""

from __future__ import annotations

from voxpool.stress.control import RunControl
from voxpool.stress.recorder import Recorder
from voxpool.stress.result import MarkKind


class OutageWatch:
    """Looks at what the recorder knows of the pool's connections.

    Args:
        recorder: Keeps the books.
        control: Stopped when the service stays away.
        limit_s: How long it may, in seconds.

    Attributes:
        trouble: What is wrong, as a sentence without a beginning, or "".
    """

    def __init__(self, recorder: Recorder, control: RunControl, limit_s: float) -> None:
        self._recorder = recorder
        self._control = control
        self._limit_s = limit_s
        self._since: float | None = None
        self.trouble = ""

    def __repr__(self) -> str:
        return f"<OutageWatch since {self._since}, at most {self._limit_s:g} s>"

    def look(self) -> None:
        """Note what changed, and end the run if it is time."""
        recorder, reach, before = self._recorder, self._recorder.reach, self._since
        now = recorder.began + recorder.now_s
        self._since = reach.since
        self.trouble = "" if reach.since is None else self._sentence(reach.since, reach.why)
        if before is not None and reach.since != before:
            recorder.mark(MarkKind.SERVICE, f"in reach again, {now - before:.1f} s after it went out of reach")
        if self.trouble and reach.since != before:
            recorder.mark(MarkKind.SERVICE, self.trouble)
        if reach.gone_for(self._limit_s, now):
            why = f"The service was out of reach for {self._limit_s:g} s: {ended(reach.why)}"
            self._control.stop(drain=False, why=why)

    def _sentence(self, since: float, why: str) -> str:
        since_s = since - self._recorder.began
        return (
            f"out of reach since {since_s:.1f} s, tried again and again, and the run ends at "
            f"{since_s + self._limit_s:.1f} s unless that helps: {ended(why)}"
        )


def ended(words: str) -> str:
    """Return words as the end of a sentence."""
    return words if words.endswith((".", "?", "!")) else f"{words}."
