"""The server's health, read with suspicion."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.speech_stage import Stage
from voxgrid.speech.load import LocalLoad, parse

HEALTH = {
    "synthesis": {
        "engines": {
            "espeak": {"queueDepth": 0, "oldestQueuedMs": 0.0, "busyWorkers": 1, "workers": 1},
            "neural": {"queueDepth": 7, "oldestQueuedMs": 2300.0, "busyWorkers": 1, "workers": 1},
        }
    }
}


def test_the_engine_that_is_worst_off_counts():
    load = parse(HEALTH)
    assert load == LocalLoad("neural", 7, 2300.0, 1, 1)
    assert load.is_bottleneck
    assert str(load) == ("Local speech is the bottleneck: 7 texts wait for 1 neural worker, the oldest for 2.3 s.")


async def test_what_lasts_is_said_and_taken_back(tmp_path):
    stage = Stage(tmp_path)
    await stage.start()
    loads = []
    stage.controller.loadChanged.connect(loads.append)
    busy = parse(HEALTH)
    for load in (busy, LocalLoad(), busy):
        stage.controller._load_changed(load)
    assert stage.said == []
    stage.controller._load_changed(replace(busy, oldest_ms=3000.0))
    assert "the oldest for 3.0 s" in stage.said[0]
    assert stage.notices[-1].hint.endswith("eSpeak voices are lighter.")
    assert not replace(busy, engine="eSpeak").hint.endswith("lighter.")
    stage.controller._load_changed(LocalLoad())
    assert stage.notices[-1].resolved
    assert len(loads) == 5
    await stage.controller.close()


def test_idle_is_no_bottleneck():
    assert not LocalLoad().is_bottleneck


@pytest.mark.parametrize("health", [None, [], {}, {"synthesis": None}, {"synthesis": {"engines": {"a": 1}}}])
def test_an_odd_answer_is_an_idle_one(health):
    assert parse(health) == LocalLoad()


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.dictionaries(st.sampled_from(["synthesis", "engines", "espeak", "workers"]), inner, max_size=3),
)


@given(JSON)
def test_any_answer_is_survived(health):
    parse(health)
