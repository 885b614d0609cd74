"""The scenario that is being edited: plain data, checked as a whole, faithful to a file."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxgrid.models.lab.draft import (
    AS_LOADED,
    FILE,
    TYPED,
    Draft,
    Extras,
    VoiceSource,
    check_threshold,
    draft_of,
    first_wrong_threshold,
    read_mix,
)
from voxgrid.models.lab.fields import CALLERS, LOADS
from voxpool.stress.scenario import scenario_from
from voxpool.stress.scenarios import bundled, names

EXTRAS = Extras("Hello there.", {"voice": "Joe", "speaking_rate": 1.2}, ("Ashley", "Clive"))


@pytest.mark.parametrize("caller", CALLERS, ids=lambda kind: kind.tag)
@pytest.mark.parametrize("load", LOADS, ids=lambda kind: kind.tag)
def test_every_load_with_every_caller_begins_as_a_scenario(load, caller):
    scenario = replace(Draft(), load=load.tag, caller=caller.tag).scenario(EXTRAS)
    assert scenario.to_dict()["load"]["profile"] == load.tag
    assert scenario.to_dict()["behaviour"]["kind"] == caller.tag


@pytest.mark.parametrize("name", names())
def test_a_file_that_is_opened_and_saved_is_the_same_scenario(name):
    scenario = bundled(name)
    assert draft_of(scenario).scenario(EXTRAS) == scenario


def test_what_the_form_has_no_field_for_survives():
    scenario = scenario_from(
        {
            "name": "Mine",
            "description": "Why",
            "load": {"profile": "burst", "count": 5},
            "texts": [{"text": "One.", "weight": 2.0}, {"set": "short-replies"}],
            "voices": [{"voice": "Joe", "weight": 2.0}, {"voice": "Ashley", "temperature": 0.5}],
            "thresholds": ["errors.rate < 0.1", {"check": "ttfa_ms.p95 < 900", "abort": True}],
            "faults": [{"at_s": 1.0, "fault": {"place": "now", "effect": "drop"}}],
            "max_samples": 77,
            "pool": {"max_connections": 3, "placement": "packed"},
        }
    )
    draft = draft_of(scenario)
    assert (draft.texts, draft.voices) == (AS_LOADED, VoiceSource.AS_LOADED)
    assert draft.thresholds == "errors.rate < 0.1\nttfa_ms.p95 < 900 abort"
    assert draft.scenario(EXTRAS) == scenario


def test_going_to_another_load_and_back_loses_nothing():
    draft = replace(Draft(), load="ramp").with_load("end", 77.0)
    there = replace(draft, load="burst").with_load("count", 9)
    assert replace(there, load="ramp").scenario(EXTRAS).load.end == 77.0
    assert there.scenario(EXTRAS).load.count == 9


def test_an_optional_field_is_left_out():
    draft = Draft().with_load("utterances", 20).with_load("duration_s", None)
    assert draft.scenario(EXTRAS).load.duration_s is None
    with pytest.raises(ValueError, match="never end"):
        draft.with_load("utterances", None).scenario(EXTRAS)


def test_voices_come_from_where_was_chosen():
    def voices(**more):
        return [dict(each) for each in replace(Draft(), **more).scenario(EXTRAS).voices]

    assert voices() == [{"voice": "Ashley", "speaking_rate": 1.2}, {"voice": "Clive", "speaking_rate": 1.2}]
    assert voices(voices=VoiceSource.PLAYGROUND) == [{"voice": "Joe", "speaking_rate": 1.2}]
    mixed = voices(voices=VoiceSource.MIX, mix="Ashley 3, Old Joe")
    assert [(each["voice"], each["weight"]) for each in mixed] == [("Ashley", 3.0), ("Old Joe", 1.0)]
    with pytest.raises(ValueError, match="name at least one"):
        voices(voices=VoiceSource.MIX, mix=" , ")


def test_texts_come_from_where_was_chosen():
    assert replace(Draft(), texts=TYPED).scenario(EXTRAS).texts[0].text == "Hello there."
    assert replace(Draft(), texts=FILE, file="lines.txt").scenario(EXTRAS).texts[0].file == "lines.txt"
    with pytest.raises(ValueError, match="no text in the playground"):
        replace(Draft(), texts=TYPED).scenario(Extras())
    with pytest.raises(ValueError, match="choose the file"):
        replace(Draft(), texts=FILE).scenario(EXTRAS)


def test_a_wrong_threshold_is_named_with_its_line():
    assert first_wrong_threshold("ttfa_ms.p95 < 400\n\nnonsense") == (2, check_threshold("nonsense"))
    assert check_threshold("ttfa_ms.p95 < 400 abort") == ""
    assert "expected one of" in check_threshold("ttfa_ms.p42 < 400")
    with pytest.raises(ValueError, match="threshold 2: expected a condition"):
        replace(Draft(), thresholds="errors.rate < 1\nx").scenario(EXTRAS)


def test_pool_limits_are_written_only_where_they_differ():
    draft = Draft().with_pool("max_connections", 4).with_pool("max_generations", 9).with_pool("max_generations", None)
    assert draft.to_dict(EXTRAS)["pool"] == {"max_connections": 4}


@given(st.text(max_size=60))
def test_no_mix_of_voices_raises_anything_but_a_sentence(mix):
    found, refused = [], ""
    try:
        found = read_mix(mix)
    except ValueError as error:
        refused = str(error)
    assert bool(found) is not bool(refused)
    assert not refused or refused.startswith("voices: ")
    assert all(name and weight > 0 for name, weight in found)
