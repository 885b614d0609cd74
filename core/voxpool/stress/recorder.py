"""Notes what happens in a run: from the callers' side, and from the pool's events for what callers do not see."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Final

from voxpool.events import (
    ConnectionChanged,
    ConnectionPinged,
    ConnectionState,
    Event,
    Outcome,
    SlotChanged,
    SlotState,
    UtteranceGranted,
)
from voxpool.pool.pool import Pool
from voxpool.pool.stats import PoolStats
from voxpool.stress.cost import price_of
from voxpool.stress.draft import Draft
from voxpool.stress.honesty import LAG_LIMIT_MS, LATE_LIMIT_MS, PERIOD_S
from voxpool.stress.ledger import Ledger
from voxpool.stress.measure import EARLY, Meter, Window, values_of
from voxpool.stress.reach import Reach
from voxpool.stress.result import MarkKind, RunListener, Tick
from voxpool.stress.sample import Sample
from voxpool.stress.thresholds import Counts, Facts

_EVENTS_HELD: Final = 200_000
_GIVE_UP_S: Final = 30.0
"""After this long an ended utterance is written down although its slot is not free."""


class Recorder:
    """Keeps the books of one run.

    Args:
        pool: The pool that is loaded.
        clock: Monotonic seconds; the pool's own.
        most_samples: Samples kept.
        listeners: Who follows the run.
        paid: Whether characters cost money; then list prices, or ``own_price`` for a million.
        own_price: US dollars for a million characters, or 0 for the list price of the model.

    Attributes:
        began: When the run began, on the clock.
        meter: All of the run.
        window: Its last seconds.
        ledger: Samples, ticks and marks.
        uncounted: Phases whose utterances are kept but not counted: the warm-up.
        warm_up: What was left out with them.
        heard: Whether any audio came.
        in_flight: Utterances asked for and not ended.
        reach: Whether the service can be reached.
        signs: Connections that opened and pings that were answered: signs of life that are no frames.
        promised: Characters sent, and those of utterances under way that may still be: what a cap has to hold.
    """

    def __init__(
        self,
        pool: Pool,
        clock: Callable[[], float],
        most_samples: int,
        listeners: Iterable[RunListener] = (),
        *,
        paid: bool = False,
        own_price: float = 0.0,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._paid = paid
        self._own_price = own_price
        self.began = clock()
        self.meter = Meter({"loop_lag_ms": LAG_LIMIT_MS, "late_start_ms": LATE_LIMIT_MS})
        self.window = Window()
        self.ledger = Ledger(most_samples, listeners)
        self.uncounted: set[int] = set()
        self.warm_up = Counts()
        self.heard = False
        self.in_flight: dict[int, Draft] = {}
        self._by_utterance: dict[int, Draft] = {}
        self._releasing: dict[int, Draft] = {}
        self._connecting: dict[int, float] = {}
        self.reach = Reach()
        self.signs = 0
        self._subscription = pool.events.subscribe(_EVENTS_HELD, self._woken)
        self._scheduled_drain = False
        self._outcomes: Counter[Outcome] = Counter()
        self._cut_short = 0
        self._numbers = 0
        self.peak_in_flight = 0
        self.peak_connections = 0
        self.promised = 0
        self._stalls = 0
        self._since = _Since()
        self._follower: Callable[[Sample], None] | None = None

    def __repr__(self) -> str:
        return f"<Recorder {self._numbers} begun, {len(self.in_flight)} in flight, {len(self._releasing)} releasing>"

    @property
    def now_s(self) -> float:
        """Seconds since the run began."""
        return self._clock() - self.began

    @property
    def begun(self) -> int:
        """Utterances begun."""
        return self._numbers

    @property
    def owed(self) -> bool:
        """Whether an utterance waits for nothing but the service: all of its text is with the pool."""
        return any(draft.written for draft in self.in_flight.values())

    @property
    def releasing(self) -> int:
        """Ended utterances whose slots are not free yet."""
        return len(self._releasing)

    @property
    def events_lost(self) -> int:
        """Pool events that came too fast."""
        return self._subscription.lost

    @property
    def _open(self) -> Iterator[Draft]:
        """Those that are not written down yet."""
        return chain(self.in_flight.values(), self._releasing.values())

    @property
    def characters(self) -> int:
        """Characters that sockets took so far, without the warm-up's; text that did not go out costs nothing."""
        under_way = sum(draft.sent_characters for draft in self._open if not draft.warm_up)
        return self.meter.counts.characters + under_way

    @property
    def usd(self) -> float:
        """What these cost, estimated."""
        return self.meter.counts.usd + sum(self._usd_of(draft) for draft in self._open if not draft.warm_up)

    def follow(self, follower: Callable[[Sample], None] | None) -> None:
        """Hand every sample to somebody who looks at a part of the run, until another or nobody does."""
        self._follower = follower

    def unreleased(self) -> list[Sample]:
        """Return the utterances that ended and hold a slot, as they are now."""
        return [draft.sample(self.began) for draft in self._releasing.values()]

    # -- what callers tell -----------------------------------------------------------------------------------

    def next_number(self) -> int:
        """Return the number of the next utterance."""
        self._numbers += 1
        return self._numbers

    def arrived(self) -> None:
        """An utterance was scheduled."""
        self._since.arrivals += 1

    def begins(self, draft: Draft) -> None:
        """The pool was asked for an utterance, or is about to be."""
        draft.warm_up = draft.phase in self.uncounted
        self.in_flight[draft.number] = draft
        if not draft.warm_up:
            self.peak_in_flight = max(self.peak_in_flight, len(self.in_flight))
        self.promised += len(draft.text)
        self._since.late_start_ms = max(self._since.late_start_ms, draft.late_ms)
        counts = self.warm_up if draft.warm_up else self.meter.counts
        counts.started += 1
        if not draft.warm_up:
            self._record("late_start_ms", draft.late_ms)

    def accepted(self, draft: Draft) -> None:
        """The pool took it."""
        if draft.utterance is not None:
            self._by_utterance[draft.utterance.id] = draft

    def first_audio(self, draft: Draft) -> None:
        """Its first audio came."""
        draft.speaking = self.heard = True
        stages = draft.utterance.stages if draft.utterance is not None else None
        if stages is None or stages.first_audio_s is None:
            return
        first = stages.first_audio_s
        corrected_ms = (first - draft.scheduled) * 1000.0
        self._since.ttfa_ms.append(corrected_ms)
        if not draft.warm_up:
            self._record("corrected_ms", corrected_ms)
            self._record("uncorrected_ms", (first - draft.started) * 1000.0)
            if stages.first_text_s is not None:
                self._record("ttfa_ms", (first - stages.first_text_s) * 1000.0)

    def ended(self, draft: Draft) -> None:
        """It is over for its caller."""
        draft.closed = self._clock()
        draft.speaking = False
        self.in_flight.pop(draft.number, None)
        self._since.completions += 1
        if not draft.warm_up:
            self._outcomes[draft.outcome] += 1
            self._cut_short += draft.cut_short
            self._stalls += draft.playback.stalls
        utterance = draft.utterance
        if utterance is None or not utterance.context_id or utterance.stages.slot_free_s is not None:
            self._final(draft)
        else:
            self._releasing[utterance.id] = draft

    def lag(self, late_ms: float) -> None:
        """The event loop was so late."""
        self._since.loop_lag_ms = max(self._since.loop_lag_ms, late_ms)
        self.meter.record("loop_lag_ms", late_ms, PERIOD_S * 1000.0)
        self.window.record(self.now_s, "loop_lag_ms", late_ms)

    def mark(self, kind: MarkKind, text: str, at_s: float | None = None) -> None:
        """Annotate the time line, now or at a time."""
        self.ledger.mark(self.now_s if at_s is None else at_s, kind, text)

    # -- what the pool tells ---------------------------------------------------------------------------------

    def _woken(self) -> None:
        # Not at once: the pool emits in the middle of its work, and tells the utterance a moment later.
        if not self._scheduled_drain:
            self._scheduled_drain = True
            asyncio.get_running_loop().call_soon(self._drain)

    def _drain(self) -> None:
        self._scheduled_drain = False
        for event in self._subscription.drain():
            self._take(event)

    def _take(self, event: Event) -> None:
        if isinstance(event, SlotChanged):
            if not event.new.holds_slot or event.new is SlotState.ZOMBIE:
                self._released(event)
        elif isinstance(event, UtteranceGranted):
            draft = self._by_utterance.get(event.utterance_id)
            if draft is not None:
                draft.row, draft.column, draft.connection_id = event.row, event.column, event.connection_id
        elif isinstance(event, ConnectionChanged):
            self._connection(event)
        elif isinstance(event, ConnectionPinged):
            self.signs += 1

    def _released(self, event: SlotChanged) -> None:
        draft = self._by_utterance.get(event.utterance_id)
        if draft is None or draft.utterance is None or draft.utterance.context_id != event.context_id:
            return
        if event.new is not SlotState.ZOMBIE:
            draft.slot_free = event.at
        if event.utterance_id in self._releasing:
            self._final(draft)

    def _connection(self, event: ConnectionChanged) -> None:
        self.reach.take(event)
        if event.new is ConnectionState.CONNECTING:
            self._connecting[event.connection_id] = event.at
            return
        begun = self._connecting.pop(event.connection_id, None)
        self.signs += event.new is ConnectionState.OPEN
        if event.new is ConnectionState.OPEN and begun is not None:
            self._record("connect_ms", (event.at - begun) * 1000.0)

    # -- the end of each -------------------------------------------------------------------------------------

    def _final(self, draft: Draft) -> None:
        if draft.utterance is not None:
            self._by_utterance.pop(draft.utterance.id, None)
            self._releasing.pop(draft.utterance.id, None)
        sample = draft.sample(self.began)
        sent, usd = sample.paid_characters, self._usd_of(draft)
        # What holds audio and connection is let go here; the sample is plain numbers.
        draft.utterance = None
        self.promised += sent - len(draft.text)
        counts = self.warm_up if draft.warm_up else self.meter.counts
        counts.characters += sent
        counts.usd += usd
        if not draft.warm_up:
            self.meter.count(sample)
            self.window.end(self.now_s, sample)
            for name, value in values_of(sample):
                if name not in EARLY or name == "queue_ms":
                    self._record(name, value)
        self.ledger.sample(sample)
        if self._follower is not None:
            self._follower(sample)

    def _usd_of(self, draft: Draft) -> float:
        price = price_of(draft.turn.words.settings.model, self._own_price) if self._paid else 0.0
        return draft.sent_characters * price / 1e6

    def _record(self, name: str, value: float | None) -> None:
        self.meter.record(name, value)
        self.window.record(self.now_s, name, value)

    def sweep(self, *, everything: bool = False) -> None:
        """Write down those whose slots have not come free for long, or all of them."""
        limit = self._clock() - _GIVE_UP_S
        for draft in [*self._releasing.values()]:
            if everything or (draft.closed or limit) < limit:
                self._final(draft)

    def close(self) -> None:
        """Listen no more, and write down what there is."""
        self._drain()
        self.sweep(everything=True)
        self._subscription.close()

    # -- the live picture ------------------------------------------------------------------------------------

    def _silences(self) -> list[float]:
        """Return how long each listener has waited who hears nothing in mid-utterance now."""
        now = self._clock()
        silences = (draft.playback.silent_s(now) for draft in self.in_flight.values())
        return [silence for silence in silences if silence > 0]

    def live(self) -> Facts:
        """Return what thresholds are asked of while the run goes on: its last seconds.

        With the silences in utterances under way: a long one that stalls is not over for a minute.
        """
        heard = [draft for draft in self.in_flight.values() if draft.speaking and not draft.warm_up]
        ended = self.window.counts
        counts = replace(
            ended,
            stalls=ended.stalls + sum(draft.playback.stalls for draft in heard),
            stalled=ended.stalled + sum(draft.playback.stalls > 0 for draft in heard),
            audio_s=ended.audio_s + sum(draft.utterance.audio_s for draft in heard if draft.utterance is not None),
            under_way=len(heard),
        )
        return _Live(counts, self.window.distribution)

    def tick(self, stats: PoolStats, **more: Any) -> Tick:
        """Write down the run as it is now, and return that.

        Args:
            stats: The pool as it is now.
            more: Fields of the tick that others know.
        """
        since, window = self._since, self.window
        silences = self._silences()
        self._since = _Since()
        self.sweep()
        window.forget(self.now_s)
        if more.get("phase", 0) not in self.uncounted:
            self.peak_connections = max(self.peak_connections, stats.connections_open)
        tick = Tick(
            at_s=self.now_s,
            arrivals=since.arrivals,
            completions=since.completions,
            in_flight=len(self.in_flight),
            slots_held=stats.slots_held,
            generating=sum(draft.speaking for draft in self.in_flight.values()),
            waiting=stats.waiting,
            oldest_wait_s=stats.oldest_wait_s,
            connections=stats.connections_open,
            started=self.meter.counts.started,
            warm_up=self.warm_up.started,
            done=self._outcomes[Outcome.DONE],
            failed=self._outcomes[Outcome.FAILED],
            cancelled=self._outcomes[Outcome.CANCELLED],
            cut_short=self._cut_short,
            ttfa_ms=tuple(since.ttfa_ms),
            ttfa_p50_ms=window.distribution("corrected_ms", "p50"),
            ttfa_p95_ms=window.distribution("corrected_ms", "p95"),
            ttfa_p99_ms=window.distribution("corrected_ms", "p99"),
            errors=self.ledger.errors.counts,
            stalls=self._stalls + sum(draft.playback.stalls for draft in self.in_flight.values() if not draft.warm_up),
            starving=len(silences),
            starved_s=max(silences, default=0.0),
            characters=self.characters,
            usd=self.usd,
            loop_lag_ms=since.loop_lag_ms,
            late_start_ms=since.late_start_ms,
            events_lost=self.events_lost,
            **more,
        )
        self.ledger.tick(tick)
        return tick


@dataclass(frozen=True, slots=True)
class _Live:
    """The plain numbers of now beside the distributions of the last seconds."""

    counts: Counts
    distribution: Callable[[str, str], float | None]


class _Since:
    """What happened since the tick before."""

    __slots__ = ("arrivals", "completions", "late_start_ms", "loop_lag_ms", "ttfa_ms")

    def __init__(self) -> None:
        self.arrivals = 0
        self.completions = 0
        self.ttfa_ms: list[float] = []
        self.late_start_ms = 0.0
        self.loop_lag_ms = 0.0
