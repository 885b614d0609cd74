"""What a run would be, beforehand."""

from dataclasses import replace

import pytest

from voxgrid.models.lab.draft import Draft, Extras
from voxgrid.models.lab.estimate import PROCESS, WINDOW, choose_where, estimate
from voxgrid.models.lab.fields import CALLERS, LOADS

TEXT = "x" * 150
EXTRAS = Extras(TEXT, {"voice": "Joe"})
"""Ten seconds of speech, which take 5.4 s to come."""


def _estimate(draft, **more):
    return estimate(replace(draft, texts="typed").scenario(EXTRAS), **more)


def test_a_closed_load_by_hand():
    draft = Draft().with_load("concurrency", 10).with_load("duration_s", 54.0)
    found = _estimate(draft)
    assert found.utterances == 100
    assert found.characters == 15_000
    assert found.at_once == pytest.approx(10)
    assert found.rate == pytest.approx(10 / 5.4)
    assert found.seconds == 54.0


def test_callers_beyond_the_slots_send_no_more_than_the_slots_carry():
    draft = Draft().with_load("concurrency", 50).with_load("duration_s", 54.0).with_pool("max_connections", 2)
    assert _estimate(draft).utterances == 100
    # From nothing to forty: the ten slots are full after a quarter of the time.
    ramp = {"model": "closed", "start": 0.0, "end": 40.0, "ramp_s": 54.0, "hold_s": 0.0}
    climbing = replace(draft, load="ramp", loads={**draft.loads, "ramp": ramp})
    assert _estimate(climbing).utterances == round((10 * 0.75 + 5 * 0.25) * 54.0 / 5.4)


def test_an_open_load_by_hand():
    draft = replace(Draft(), load="rate").with_load("rate", 4.0).with_load("duration_s", 30.0)
    found = _estimate(draft)
    assert (found.utterances, found.characters, found.rate) == (120, 18_000, 4.0)
    assert found.at_once == pytest.approx(4 * 5.4)


@pytest.mark.parametrize("caller", CALLERS, ids=lambda kind: kind.tag)
@pytest.mark.parametrize("load", LOADS, ids=lambda kind: kind.tag)
def test_every_scenario_can_be_estimated(load, caller):
    found = _estimate(replace(Draft(), load=load.tag, caller=caller.tag))
    assert found.utterances >= 1
    assert 0 < found.at_once <= 100
    assert found.words.endswith("costs nothing here.")


def test_what_costs_money_is_held_by_the_cap():
    draft = Draft().with_load("concurrency", 10).with_load("duration_s", 54.0)
    found = _estimate(draft, paid=True, cap=10_000, own_price=20.0)
    assert found.usd == pytest.approx(0.3)
    assert "cap of 10,000" in found.refusal
    assert _estimate(draft, paid=True, cap=15_000).refusal == ""
    assert _estimate(replace(draft, max_characters=9_000), paid=True, cap=10_000).refusal == ""
    assert _estimate(draft, paid=False, cap=10).refusal == ""


def test_a_load_beyond_the_window_goes_to_a_process():
    light = replace(_estimate(Draft()), at_once=10, rate=5)
    heavy = replace(light, at_once=400)
    assert choose_where(light, "auto")[0] == WINDOW
    where, why = choose_where(heavy, "auto")
    assert where == PROCESS
    assert "about 400 contexts at once" in why
    where, why = choose_where(heavy, WINDOW)
    assert where == WINDOW
    assert "may be more than it carries" in why
    assert choose_where(light, PROCESS)[0] == PROCESS
    assert all(
        choose_where(each, wanted)[1].endswith(".") for each in (light, heavy) for wanted in ("auto", WINDOW, PROCESS)
    )
