"""What a run would be, beforehand: how many utterances, characters and dollars, and whether the window can carry it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Final

from voxpool.stress.behaviours import Conversing, Feeding, Interrupting
from voxpool.stress.cost import CHARACTERS_PER_SECOND
from voxpool.stress.scenario import Scenario
from voxpool.stress.shapes import Search, Segment
from voxpool.stress.words import Mix

WINDOW: Final = "window"
PROCESS: Final = "process"
CARRIED: Final = 60.0
"""Contexts at once that the window carries beside its pictures and its recording.

Measured on two cores: at 100 its lag was 10 to 15 ms at p99, and 4 ms in a process of its own; a run above 20 ms is
invalid.
"""
CARRIED_RATE: Final = 50.0
"""Utterances that begin in a second, likewise."""
_FIRST_AUDIO_S: Final = 0.4
_FASTER_THAN_HEARD: Final = 2.0
"""Audio comes about this much faster than it is heard."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A run, estimated.

    Attributes:
        utterances: How many; of a search, how many if it goes all the way.
        characters: Characters sent.
        usd_per_million: Price of a million characters.
        model: The model that speaks, or the first of several.
        at_once: Most slots held at once.
        rate: Most utterances that begin in a second.
        seconds: How long the load takes, or None when nobody knows.
        paid: Whether it costs money.
        cap: Most characters that the person allows, where it costs money.
    """

    utterances: int
    characters: int
    usd_per_million: float
    model: str
    at_once: float
    rate: float
    seconds: float | None
    paid: bool = False
    cap: int = 0

    @property
    def usd(self) -> float:
        """Estimated cost in US dollars."""
        return self.characters * self.usd_per_million / 1e6 if self.paid else 0.0

    @property
    def what(self) -> str:
        """What is about to happen, as a verb and its object."""
        return f"Run about {self.utterances:,} utterances"

    @property
    def verb(self) -> str:
        """What the button says that makes it happen."""
        return "Start the run"

    @property
    def refusal(self) -> str:
        """Why it may not begin, as a sentence, or ""."""
        if not self.paid or self.characters <= self.cap:
            return ""
        return (
            f"About {self.characters:,} characters are more than the cap of {self.cap:,} that you set; make the run "
            "shorter, give it a cap of its own, or raise yours in the endpoint settings."
        )

    @property
    def words(self) -> str:
        """What it would be, in a sentence."""
        cost = f"about ${self.usd:,.2f}" if self.paid else "costs nothing here"
        return f"About {self.utterances:,} utterances, {self.characters:,} characters; {cost}."


def estimate(scenario: Scenario, *, own_price: float = 0.0, paid: bool = False, cap: int = 0) -> Estimate:
    """Return what a scenario would be.

    Args:
        scenario: The scenario.
        own_price: US dollars for a million characters, or 0 for list prices.
        paid: Whether characters cost money.
        cap: Most characters that the person allows.

    Raises:
        ScenarioError: If its texts cannot be used.
    """
    mix = Mix(scenario)
    length = mix.mean_characters
    busy_s, cycle_s = _seconds_each(scenario, length)
    utterances, seconds = _count(scenario, busy_s, cycle_s)
    characters = math.ceil(utterances * length)
    if scenario.max_characters is not None:
        characters = min(characters, scenario.max_characters)
    slots = scenario.pool_config.slots
    peak, rate = _peaks(scenario, busy_s, cycle_s)
    settings, _ = scenario.mix[0]
    return Estimate(
        max(1, round(characters / length)),
        characters,
        mix.mean_price(own_price),
        settings.model,
        min(peak, slots),
        rate,
        seconds,
        paid,
        cap,
    )


def choose_where(estimated: Estimate, wanted: str) -> tuple[str, str]:
    """Return where a run goes, ``WINDOW`` or ``PROCESS``, and why in a line.

    Args:
        estimated: The run.
        wanted: ``"auto"``, ``WINDOW`` or ``PROCESS``.
    """
    heavy = estimated.at_once > CARRIED or estimated.rate > CARRIED_RATE
    begun = f", {estimated.rate:.0f} begun each second," if estimated.rate >= 1 else ""
    load = f"about {estimated.at_once:.0f} contexts at once{begun}"
    if wanted == WINDOW:
        risk = f": {load} may be more than it carries, and the result would say so" if heavy else ", as you chose"
        return WINDOW, f"Runs in this window{risk}."
    if wanted == PROCESS:
        return PROCESS, "Runs in a process of its own, as you chose: its sound cannot be listened to."
    if heavy:
        return PROCESS, f"Runs in a process of its own: {load} are more than this window carries."
    return WINDOW, f"Runs in this window, which carries it: {load.removesuffix(',')}."


def _seconds_each(scenario: Scenario, length: float) -> tuple[float, float]:
    """Return how long an utterance holds a slot, and how long a caller takes from one to the next."""
    audio_s = length / CHARACTERS_PER_SECOND
    busy_s = _FIRST_AUDIO_S + audio_s / _FASTER_THAN_HEARD
    behaviour = scenario.behaviour
    if isinstance(behaviour, Conversing):
        talked_s = audio_s * (1 - behaviour.talk_share) / behaviour.talk_share
        return busy_s, max(busy_s, _FIRST_AUDIO_S + audio_s) + behaviour.think_s + talked_s
    if isinstance(behaviour, Feeding):
        busy_s = max(busy_s, behaviour.first_token_s + length / 4 / behaviour.tokens_per_s)
    if isinstance(behaviour, Interrupting):
        cut_s = _FIRST_AUDIO_S + (behaviour.least_s + behaviour.most_s) / 2
        share = (
            behaviour.share * behaviour.restarts / (behaviour.restarts + 1) if behaviour.restarts else behaviour.share
        )
        busy_s = share * min(cut_s, busy_s) + (1 - share) * busy_s
    return busy_s, busy_s


def _count(scenario: Scenario, busy_s: float, cycle_s: float) -> tuple[float, float | None]:
    """Return how many utterances, and how long their load takes."""
    load = scenario.load
    # Who waits for a slot sends nothing: no more of them get on with it than hold all slots.
    at_work = scenario.pool_config.slots * cycle_s / busy_s
    if isinstance(load, Search):
        closed = load.model == "closed"
        level, area, seconds = load.start, 0.0, (load.settle_s + load.hold_s) * load.repeats
        while True:
            area += (min(level, at_work) if closed else level) * seconds
            if level >= load.most:
                break
            level = min(load.most, level * load.factor)
        return (area / cycle_s if closed else area * scenario.behaviour.utterances), None
    plan = scenario.plan
    most, seconds = plan.most, plan.duration_s
    if plan.model == "open":
        found = plan.expected or 0.0
        calls = found if math.isfinite(found) else float(most or 0)
        return calls * scenario.behaviour.utterances, seconds if math.isfinite(seconds) else None
    if math.isinf(seconds):
        return float(most or 0) * scenario.behaviour.utterances, None
    by_time = sum(map(partial(_area_below, at_work), plan.segments)) / cycle_s
    return (by_time if most is None else min(by_time, most * scenario.behaviour.utterances)), seconds


def _area_below(top: float, segment: Segment) -> float:
    """Return the integral of a target, as far as it is below ``top``."""
    low, high = sorted((segment.begin, segment.end))
    seconds = segment.end_s - segment.begin_s
    if high <= top:
        return (low + high) / 2.0 * seconds
    if low >= top:
        return top * seconds
    over = (high - top) / (high - low)
    return (top * over + (low + top) / 2.0 * (1.0 - over)) * seconds


def _peaks(scenario: Scenario, busy_s: float, cycle_s: float) -> tuple[float, float]:
    load = scenario.load
    peak, model = (load.most, load.model) if isinstance(load, Search) else (scenario.plan.peak, scenario.plan.model)
    if model == "closed":
        at_once = min(peak * busy_s / cycle_s, scenario.pool_config.slots)
        return at_once, at_once / busy_s
    volley = max((count for _, count in scenario.plan.volleys), default=0)
    return max(peak * scenario.behaviour.utterances * busy_s, volley), peak
