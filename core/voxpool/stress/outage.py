"""Says when the service of a run is out of reach or silent, and ends a run that waits for it too long."""

from __future__ import annotations

from typing import Final

from voxpool.pool.stats import PoolStats
from voxpool.stress.control import RunControl
from voxpool.stress.reach import Silence
from voxpool.stress.recorder import Recorder
from voxpool.stress.result import MarkKind

_NOTABLE_S: Final = 3.0
"""A shorter silence is nothing to speak of: one utterance alone may wait as long for its first audio."""


class OutageWatch:
    """Looks at what the recorder knows of the pool's connections, and at whether anything comes from them.

    Args:
        recorder: Keeps the books.
        control: Stopped when the service stays away.
        limit_s: How long it may, in seconds; a silence at least as long as is worth a word.

    Attributes:
        trouble: What is wrong, as a sentence without a beginning, or "".
        silences: How often it fell silent while it was in reach.
    """

    def __init__(self, recorder: Recorder, control: RunControl, limit_s: float) -> None:
        self._recorder = recorder
        self._control = control
        self._limit_s = limit_s
        self._since: float | None = None
        self._silence = Silence()
        self._silent_s = 0.0
        self.trouble = ""
        self.silences = 0

    def __repr__(self) -> str:
        return f"<OutageWatch since {self._since}, silent for {self._silent_s:.1f} s, at most {self._limit_s:g} s>"

    @property
    def silent_s(self) -> float:
        """How long nothing has come from a service that is in reach and owes something; 0 while that is short."""
        return self._silent_s if self._since is None else 0.0

    @property
    def times(self) -> int:
        """How often the service went out of reach or fell silent."""
        return self._recorder.reach.times + self.silences

    @property
    def present(self) -> bool:
        """Whether the service is out of reach or silent now."""
        return self._recorder.reach.since is not None or self._silent_s > 0

    def look(self, stats: PoolStats) -> None:
        """Note what changed, and end the run if it is time.

        Args:
            stats: The pool as it is now.
        """
        recorder = self._recorder
        now = recorder.began + recorder.now_s
        self._listen(stats, now)
        self._reach(now)

    def _listen(self, stats: PoolStats, now: float) -> None:
        recorder, before = self._recorder, self._silent_s
        if recorder.reach.since is not None and before:
            # It went away after it had fallen silent: that was the beginning of it.
            return
        due = recorder.owed and stats.slots_held > 0
        self._silence.look(now, recorder.signs + stats.frames_received, due=due)
        self._silent_s = self._silence.lasts_s if self._silence.lasts_s >= _NOTABLE_S else 0.0
        if self._since is not None or recorder.reach.since is not None:
            return
        self.trouble = self._silent_sentence() if self._silent_s else ""
        if self._silent_s and not before:
            self.silences += 1
            recorder.mark(MarkKind.SERVICE, self.trouble)
        elif before and not self._silent_s:
            recorder.mark(MarkKind.SERVICE, f"heard again, after {before:.1f} s of silence")
        if self._silent_s >= max(self._limit_s, _NOTABLE_S):
            why = f"The service was silent for {self._silent_s:.0f} s: {_NOTHING}."
            self._control.stop(drain=False, why=why, gone=True)

    def _reach(self, now: float) -> None:
        recorder, reach, before = self._recorder, self._recorder.reach, self._since
        self._since = reach.since
        if reach.since is not None:
            self.trouble = self._sentence(reach.since, reach.why)
        if before is not None and reach.since != before:
            recorder.mark(MarkKind.SERVICE, f"in reach again, {now - before:.1f} s after it went out of reach")
            self._silent_s = 0.0
        if reach.since is None:
            self.trouble = "" if before is not None else self.trouble
        elif reach.since != before:
            recorder.mark(MarkKind.SERVICE, self.trouble)
        if reach.gone_for(self._limit_s, now, self._silent_s):
            why = f"The service was out of reach for {self._limit_s:g} s: {ended(reach.why)}"
            self._control.stop(drain=False, why=why, gone=True)

    def _silent_sentence(self) -> str:
        now_s, waiting = self._recorder.now_s, len(self._recorder.in_flight)
        ends_s = now_s + max(self._limit_s, _NOTABLE_S) - self._silent_s
        return (
            f"silent: nothing has come from any connection for {self._silent_s:.0f} s while {waiting} utterances are "
            f"in flight, and the run ends at {ends_s:.1f} s unless that changes."
        )

    def _sentence(self, since: float, why: str) -> str:
        since_s = since - self._recorder.began
        return (
            f"out of reach since {since_s:.1f} s, tried again and again, and the run ends at "
            f"{since_s + self._limit_s - self._silent_s:.1f} s unless that helps: {ended(why)}"
        )


_NOTHING: Final = "nothing came from any connection while utterances were in flight"


def ended(words: str) -> str:
    """Return words as the end of a sentence."""
    return words if words.endswith((".", "?", "!")) else f"{words}."
