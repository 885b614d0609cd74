"""What speaking costs."""

import pytest

from voxpool.stress.cost import PAID_CAP, cap_of, estimate, price_of
from voxpool.stress.scenario import scenario_from

TEXTS = [{"text": "x" * 20}, {"text": "y" * 40}]


def test_an_own_price_wins_and_an_unknown_model_is_priced_high():
    assert price_of("inworld-tts-1.5-mini", 0.0) == 5.0
    assert price_of("inworld-tts-1.5-mini", 2.0) == 2.0
    assert price_of("mystery") == 35.0


@pytest.mark.parametrize(
    ("load", "behaviour", "characters"),
    [
        ({"profile": "rate", "rate": 2, "duration_s": 10}, {"kind": "one_shot"}, 2 * 10 * 30),
        ({"profile": "burst", "count": 7}, {"kind": "one_shot"}, 7 * 30),
        ({"profile": "concurrency", "concurrency": 5, "utterances": 9}, {"kind": "one_shot"}, 9 * 30),
        ({"profile": "burst", "count": 7}, {"kind": "conversing", "turns_least": 2, "turns_most": 4}, 7 * 30 * 3),
        # Five voices for ten seconds, at fifteen characters a second.
        ({"profile": "concurrency", "concurrency": 5, "duration_s": 10}, {"kind": "one_shot"}, 5 * 10 * 15),
    ],
)
def test_worked_estimates(load, behaviour, characters):
    scenario = scenario_from({"load": load, "behaviour": behaviour, "texts": TEXTS})
    about = estimate(scenario, paid=True)

    assert about.characters == characters
    assert about.usd == pytest.approx(characters * 35 / 1e6)
    assert not about.capped
    assert estimate(scenario, paid=False).usd == 0.0


def test_what_costs_money_has_a_cap_even_without_one():
    search = scenario_from({"load": {"profile": "search"}, "thresholds": ["errors.rate < 1"]})

    assert cap_of(search, paid=False) is None
    assert cap_of(search, paid=True) == PAID_CAP
    assert estimate(search, paid=True).characters == PAID_CAP
    assert estimate(search, paid=True).capped
    assert estimate(search, paid=False).characters is None
    assert cap_of(search.with_(max_characters=10), paid=True) == 10
