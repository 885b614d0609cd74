"""A burst: its texts, its voices, its price."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxassets.texts import WELCOME, SampleText, text_sets
from voxgrid.speech.burst import MOST, FirePlan, Shot, cast, texts_for
from voxpool.voices import Voice

VOICES = (
    Voice("Joe", "Joe", ("en",), "", ("neural", "en-US")),
    Voice("Ashley", "Ashley", ("en",), "", ("espeak", "en-US")),
    Voice("Clive", "Clive", ("en",), "", ("espeak", "en-GB")),
    Voice("espeak-en-gb-scotland", "English (Scotland)", ("en",), "", ("espeak", "en-gb-scotland")),
    Voice("espeak-sw", "Swahili", ("sw",), "", ("espeak", "sw")),
    Voice("Josef", "Josef", ("de",), "", ("espeak", "de-DE")),
)


def plan(texts, *, paid=True, cap=1000, price=10.0):
    return FirePlan(tuple(Shot(text, "Joe") for text in texts), "inworld-tts-2", price, cap, paid)


def test_the_bundled_texts_are_there():
    assert [each.name for each in text_sets()] == [
        "short-replies",
        "numbers-and-names",
        "long-paragraphs",
        "languages",
    ]
    for each in text_sets():
        assert each.title
        assert len({sample.text for sample in each.texts}) == len(each.texts) >= 6
        assert all(0 < len(sample.text) <= 2000 for sample in each.texts)
    assert {sample.language for sample in text_sets()[-1].texts} >= {"de-DE", "fr-FR", "zh-CN"}
    assert not any(sample.text.startswith(("[", "#")) for each in text_sets() for sample in each.texts)
    assert WELCOME


@given(st.integers(-5, 900), st.sampled_from(["typed", "short-replies", "nonsense"]))
def test_as_many_texts_as_were_asked_for_within_the_bounds(n, source):
    texts = texts_for(source, "mine", n)
    assert len(texts) == max(1, min(MOST, n))
    assert (source == "typed") == all(sample.text == "mine" for sample in texts)


def test_texts_differ_as_long_as_the_set_lasts():
    texts = texts_for("short-replies", "", 60)
    assert len({sample.text for sample in texts}) == 60


def test_a_burst_rotates_light_voices_of_the_language():
    shots = cast([SampleText(str(n)) for n in range(4)], VOICES, "Joe", on_purpose=False)
    assert [shot.voice for shot in shots] == ["Ashley", "Clive", "Ashley", "Clive"]


def test_a_text_is_spoken_by_a_voice_of_its_language():
    texts = [SampleText("", language) for language in ("de-DE", "en-GB", "fr-FR", "sw-KE")]
    voices = [shot.voice for shot in cast(texts, VOICES, "Joe", on_purpose=False)]
    assert voices == ["Josef", "Clive", "Joe", "espeak-sw"]


def test_a_voice_chosen_on_purpose_speaks_everything():
    shots = cast([SampleText("a"), SampleText("b", "de-DE")], VOICES, "Joe", on_purpose=True)
    assert [shot.voice for shot in shots] == ["Joe", "Joe"]
    assert cast([SampleText("a")], (), "Mine", on_purpose=False)[0].voice == "Mine"


def test_what_it_costs_and_what_is_too_much():
    fine = plan(["x" * 100] * 10)
    assert fine.characters == 1000
    assert fine.usd == pytest.approx(0.01)
    assert fine.refusal == ""
    much = plan(["x" * 100] * 11)
    assert "1,100 characters" in much.refusal
    assert "cap of 1,000" in much.refusal
    assert plan(["x" * 100] * 11, paid=False).refusal == ""
    assert plan(["x"], paid=False).usd == 0.0
