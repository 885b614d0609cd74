"""What speaking costs, estimated: list prices for a million characters, and what a scenario would send."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from voxpool.stress.scenario import Scenario

LIST_PRICES_USD: Final = {
    "inworld-tts-2": 35.0,
    "inworld-tts-2-flash": 35.0,
    "inworld-tts-1.5-max": 10.0,
    "inworld-tts-1.5-mini": 5.0,
}
"""US dollars for a million characters as third parties quoted them in late 2026: for an estimate, not for a bill."""

PAID_CAP: Final = 50_000
"""Characters that a run may send to a service that costs money, when the scenario names no cap of its own."""

CHARACTERS_PER_SECOND: Final = 15.0
"""What speech takes, about: for estimates of length from a text, and of text from a length."""

_UNKNOWN_MODEL_USD: Final = max(LIST_PRICES_USD.values())


def price_of(model: str, own_price: float = 0.0) -> float:
    """Return US dollars for a million characters: the person's own price if it is set, else the list price."""
    return own_price or LIST_PRICES_USD.get(model, _UNKNOWN_MODEL_USD)


def cap_of(scenario: Scenario, *, paid: bool) -> int | None:
    """Return how many characters a run may send, or None for any number."""
    return scenario.max_characters or (PAID_CAP if paid else None)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a scenario would send, before it does.

    Attributes:
        characters: Expected characters, with the cap applied; None when nobody can know (without a cap).
        usd: What they would cost by the list, None as well.
        capped: Whether the cap would end the run.
    """

    characters: int | None
    usd: float | None
    capped: bool = False


def estimate(scenario: Scenario, *, paid: bool, own_price: float = 0.0) -> Estimate:
    """Return what a scenario would send.

    An open load is known up to chance.  How much a closed one sends depends on how fast the service is: it is
    reckoned as if audio came at the speed at which it is heard, so a faster service sends more, up to the cap.

    Raises:
        ScenarioError: If the texts of the scenario cannot be used.
    """
    from voxpool.stress.shapes import Search
    from voxpool.stress.words import Mix

    mix, plan, cap = Mix(scenario), scenario.plan, cap_of(scenario, paid=paid)
    expected = plan.expected
    wanted: float | None
    if isinstance(scenario.load, Search):
        wanted = None
    elif expected is not None:
        wanted = expected * scenario.behaviour.utterances * mix.mean_characters
    elif math.isinf(plan.duration_s):
        wanted = None
    else:
        wanted = plan.area(0.0, plan.duration_s) * CHARACTERS_PER_SECOND
    capped = cap is not None and (wanted is None or wanted > cap)
    characters = cap if capped else None if wanted is None else round(wanted)
    usd = None if characters is None else characters * mix.mean_price(own_price) / 1e6 if paid else 0.0
    return Estimate(characters, usd, capped)
