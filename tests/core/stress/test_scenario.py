"""Scenarios: files that can be used, and one sentence for those that cannot."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxassets.texts import text_sets
from voxpool.config import PoolConfig
from voxpool.errors import ScenarioError
from voxpool.protocol.settings import ContextSettings
from voxpool.stress import scenarios
from voxpool.stress.scenario import Scenario, parse_scenario, read_scenario, scenario_from
from voxpool.stress.scenariowords import FAULT
from voxpool.stress.words import Mix

SEARCH = 'thresholds = ["errors.rate < 0.1"]\n[load]\nprofile = "search"\n'
LOAD = '[load]\nprofile = "rate"\nrate = 3\nduration_s = 10\n'

FULL = """
name = "Everything"
description = "All that can be said."
seed = 7
jitter_buffer_ms = 40
warm_up_s = 2
max_characters = 1000
max_samples = 500
thresholds = ["ttfa_ms.p95 < 400", { check = "errors.rate < 0.01", abort = true }]

[load]
profile = "spike"
base = 1
peak = 9

[behaviour]
kind = "conversing"
talk_share = 0.3

[[texts]]
set = "languages"
weight = 2

[[texts]]
text = "Hello."

[[voices]]
voice = "Ashley"
weight = 3

[[voices]]
voice = "Joe"
model = "inworld-tts-1.5-max"
speaking_rate = 1.2
encoding = "OGG_OPUS"

[pool]
max_connections = 4
max_generations = 6

[[faults]]
at_s = 5
fault = { place = "now", effect = "drop" }
"""


def test_everything_is_read():
    scenario = parse_scenario(FULL.encode(), "full.toml")

    assert (scenario.name, scenario.seed, scenario.load.peak, scenario.behaviour.talk_share) == (
        "Everything",
        7,
        9,
        0.3,
    )
    assert scenario.pool_config == PoolConfig(max_connections=4, max_generations=6)
    assert [weight for _, weight in scenario.mix] == [3.0, 1.0]
    assert scenario.mix[1][0] == ContextSettings(
        voice="Joe", model="inworld-tts-1.5-max", speaking_rate=1.2, encoding="OGG_OPUS"
    )
    assert [(each.text, each.aborts) for each in scenario.conditions] == [
        ("ttfa_ms.p95 < 400", False),
        ("errors.rate < 0.01", True),
    ]
    assert scenario.plan.phases == ("warm-up", "before", "spike", "after")


@pytest.mark.parametrize("content", [FULL, LOAD, *(scenarios.toml(name) for name in scenarios.names())])
def test_it_survives_a_file(content):
    scenario = parse_scenario(content.encode(), "x.toml")
    assert parse_scenario(scenario.to_toml().encode(), "y.toml") == scenario


def test_the_bundled_ones_explain_themselves_and_can_be_run():
    assert len(scenarios.names()) >= 8
    for name in scenarios.names():
        scenario = scenarios.bundled(name)
        assert scenario.description.endswith((".", "?"))
        assert scenario.thresholds
        Mix(scenario)
    with pytest.raises(ScenarioError, match="expected one of breaking-point, burst"):
        scenarios.bundled("nothing")


SENTENCES = [
    ("name = ", "x.toml: line 1: this is not TOML: invalid value"),
    ('name = "a"\nload = [', "x.toml: line 2: this is not TOML: invalid value"),
    ("", "x.toml: load: expected a table [load], but it is missing"),
    ("load = 1", "x.toml: load: expected a table, got a whole number"),
    ("[load]\nrate = 1", "x.toml: load.profile: expected one of concurrency, rate, ramp"),
    ('[load]\nprofile = "sing"', "x.toml: load.profile: expected one of concurrency, rate, ramp"),
    ('[load]\nprofile = "rate"', "x.toml: load.rate: expected a number, but it is missing"),
    ('[load]\nprofile = "rate"\nrate = 3', "x.toml: load: expected duration_s, utterances, or both"),
    ('[load]\nprofile = "rate"\nrate = "fast"\nduration_s = 1', "x.toml: load.rate: expected a number, got a text"),
    ('[load]\nprofile = "rate"\nrate = nan\nduration_s = 1', "x.toml: load.rate: expected a number > 0, got nan"),
    ('[load]\nprofile = "rate"\nrate = inf\nduration_s = 1', "x.toml: load.rate: expected a number <= 10000, got inf"),
    ('[load]\nprofile = "concurrency"\nconcurrency = 1.5\nduration_s = 1', "load.concurrency: expected a whole number"),
    (LOAD + "burst = 3", "x.toml: load.burst: not known here; expected one of profile, rate, duration_s"),
    ("speed = 9\n" + LOAD, "x.toml: speed: not known here; expected one of name, description"),
    ("seed = -1\n" + LOAD, "x.toml: seed: expected a whole number >= 0, got -1"),
    ('thresholds = ["soon"]\n' + LOAD, "x.toml: thresholds[0]: expected a condition like 'ttfa_ms.p95 < 400'"),
    ('thresholds = [{ check = "ttfa_ms.p96 < 4" }]\n' + LOAD, "x.toml: thresholds[0]: ttfa_ms has no 'p96'"),
    (
        'thresholds = ["errors.rate < 0.1 abort"]\n' + LOAD,
        "x.toml: thresholds[0]: one that ends the run is written like { check = 'errors.rate < 0.1', abort = true }",
    ),
    ("thresholds = [3]\n" + LOAD, "x.toml: thresholds[0]: expected a text or a table, got a whole number"),
    (LOAD + "[pool]\nmax_connections = 0", "x.toml: pool: max_connections is 0, but must be a whole number"),
    (LOAD + '[pool]\nplacement = "top"', "x.toml: pool: placement is 'top', but must be least_loaded"),
    (LOAD + "[pool]\nsize = 3", "x.toml: pool.size: not known here; expected one of max_connections"),
    (LOAD + '[pool]\nmax_waiters = "many"', "x.toml: pool.max_waiters: expected a whole number, got a text"),
    (
        LOAD + "[[voices]]\nspeaking_rate = 9",
        "x.toml: voices[0]: speaking_rate is 9.0, but must be between 0.5 and 1.5",
    ),
    (LOAD + "[[voices]]\nvoice = 3", "x.toml: voices[0].voice: expected a text, got a whole number"),
    (LOAD + '[[voices]]\nencoding = "MP4"', "x.toml: voices[0].encoding: expected one of PCM, LINEAR16"),
    (LOAD + "[[voices]]\nweight = 0", "x.toml: voices[0].weight: expected a number > 0, got 0"),
    (LOAD + "[[voices]]\npitch = 1", "x.toml: voices[0].pitch: not known here; expected one of weight, voice, model"),
    (LOAD + '[[texts]]\nset = "a"\ntext = "b"', "x.toml: texts[0]: expected exactly one of set, file and text"),
    (LOAD + "[[texts]]\nweight = 1", "x.toml: texts[0]: expected exactly one of set, file and text"),
    (LOAD + '[[texts]]\nsett = "a"', "x.toml: texts[0].sett: not known here; expected one of set, file"),
    (LOAD + '[behaviour]\nkind = "idle"', "x.toml: behaviour.kind: expected one of one_shot, interrupting"),
    (LOAD + '[behaviour]\nkind = "interrupting"\nleast_s = 3\nmost_s = 1', "x.toml: behaviour: expected most_s to be"),
    (
        LOAD + "[[faults]]\nat_s = -1",
        "x.toml: faults[0].at_s: expected a number >= 0, got -1; a fault is written like { at_s = 20, fault = {",
    ),
    (LOAD + "[[faults]]\nat_s = 1", "x.toml: faults[0].fault: expected a table, but it is missing; a fault is written"),
    (
        LOAD + '[[faults]]\nplace = "now"',
        "x.toml: faults[0].place: not known here; expected one of at_s, fault, text;",
    ),
    ('faults = ["audio:drop"]\n' + LOAD, "x.toml: faults[0]: expected a table, got a text; a fault is written like"),
    (
        LOAD + '[[faults]]\nat_s = 1\nfault = { effect = "drop" }',
        "x.toml: faults[0].fault: place is None, but must be a text; a fault is written like",
    ),
    ("texts = []\n" + LOAD, "x.toml: expected at least one [[texts]]"),
    ('[load]\nprofile = "search"', "x.toml: expected thresholds: the search for the breaking point"),
    (SEARCH + "start = 9\nmost = 5", "x.toml: load: expected most to be at least start and step"),
    (SEARCH + "step = 50\nmost = 20", "x.toml: load: expected most to be at least start and step"),
    ("warm_up_s = 2\n" + SEARCH, "x.toml: expected no warm_up_s: each level of a search settles"),
    (LOAD + 'arrivals = "late"', "x.toml: load.arrivals: expected one of poisson, even, got 'late'"),
    ('[load]\nprofile = "ramp"\nend = 2\nramp_s = 1\nmodel = "x"', "x.toml: load.model: expected one of closed, open"),
    (LOAD + '[behaviour]\nkind = "feeding"\nchunking = "x"', "behaviour.chunking: expected one of tokens, sentences"),
    (f"{LOAD}[pool]\nprewarm = {'9' * 5000}", "x.toml: line 6: expected a smaller number, this one has thousands of"),
    (f"{'.'.join('a' * 3000)} = 1", "x.toml: its tables are nested too deeply"),
    ("when = 1979-05-27\n" + LOAD, "x.toml: when: not known here"),
    ("name = 1979-05-27\n" + LOAD, "x.toml: name: expected a text, got a date"),
]


@pytest.mark.parametrize(("content", "sentence"), SENTENCES, ids=[f"{n}" for n in range(len(SENTENCES))])
def test_what_cannot_be_used_is_told_in_a_sentence(content, sentence):
    with pytest.raises(ScenarioError) as refused:
        parse_scenario(content.encode(), "x.toml")

    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_fault_that_a_sentence_shows_can_be_used():
    scenario = parse_scenario(f"faults = [{FAULT}]\n{LOAD}".encode(), "x.toml")
    assert scenario.faults[0].fault == {"place": "now", "effect": "drop", "connection": 1}


def test_what_is_no_text_names_the_line():
    with pytest.raises(ScenarioError, match="line 2: expected text in UTF-8"):
        parse_scenario(b'name = "a"\n\xff\xfe', "x.toml")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
WHOLE = parse_scenario(FULL.encode(), "x.toml").to_dict()


def paths(data, above=()):
    """Every place in nested data."""
    found = [above]
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        found += paths(value, (*above, key))
    return found


def changed(data, path, value):
    """Nested data with something else in one place."""
    if not path:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = changed(data[path[0]], path[1:], value)
    return copy


@given(st.sampled_from(paths(WHOLE)[1:]), values)
def test_anything_anywhere_is_a_scenario_or_one_sentence(path, value):
    try:
        scenario = scenario_from(changed(WHOLE, path, value), "x.toml")
    except ScenarioError as error:
        said = str(error)
    else:
        said = ""
        scenario.plan.target(1.0)
        # By their words: something that is not a number does not equal itself.
        assert repr(scenario_from(scenario.to_dict())) == repr(scenario)
    assert not said or said.startswith("x.toml: ")


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_file_is_a_scenario_or_one_sentence(content):
    said = ""
    try:
        assert isinstance(parse_scenario(content, "x.toml"), Scenario)
    except ScenarioError as error:
        said = str(error)
    assert said.startswith("x.toml: ")


def test_a_file_names_what_has_no_name(tmp_path):
    for name, content in (("my-first.toml", LOAD), ("other.toml", f'name = "A name"\n{LOAD}')):
        (tmp_path / name).write_text(content, encoding="utf-8")
    assert read_scenario(tmp_path / "my-first.toml").name == "my first"
    assert read_scenario(tmp_path / "other.toml").name == "A name"
    assert parse_scenario(LOAD.encode(), "x.toml").name == "Unnamed"


def test_a_file_of_texts_stands_beside_the_scenario(tmp_path):
    (tmp_path / "texts.txt").write_text("\ufeffFirst.\n\n  Second. \n", "utf-8")
    (tmp_path / "x.toml").write_text(LOAD + '[[texts]]\nfile = "texts.txt"\n', "utf-8")
    mix = Mix(read_scenario(tmp_path / "x.toml"))

    assert mix.mean_characters == pytest.approx((len("First.") + len("Second.")) / 2)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "texts[0].file: texts.txt cannot be read: No such file"),
        (b"\n \n", "texts[0].file: expected a text on each line of texts.txt, it is empty"),
        (b"\xff\xfe\xff", "texts[0].file: texts.txt is not text in UTF-8"),
    ],
)
def test_a_file_of_texts_that_cannot_be_used(tmp_path, content, sentence):
    if content is not None:
        (tmp_path / "texts.txt").write_bytes(content)
    (tmp_path / "x.toml").write_text(LOAD + '[[texts]]\nfile = "texts.txt"\n', "utf-8")
    with pytest.raises(ScenarioError) as refused:
        Mix(read_scenario(tmp_path / "x.toml"), "x.toml")
    assert sentence in str(refused.value)


def test_an_unknown_set_names_those_there_are():
    with pytest.raises(ScenarioError, match="expected one of short-replies, numbers-and-names"):
        Mix(parse_scenario((LOAD + '[[texts]]\nset = "poems"').encode(), "x.toml"), "x.toml")


def test_weights_decide_how_often():
    from random import Random

    content = LOAD + '[[texts]]\ntext = "a"\nweight = 3\n[[texts]]\ntext = "b"\n'
    mix, random = Mix(parse_scenario(content.encode(), "x.toml")), Random(1)
    drawn = [mix.draw(random).text for _ in range(4000)]

    assert drawn.count("a") / len(drawn) == pytest.approx(0.75, abs=0.03)


def test_texts_are_spoken_in_their_language():
    from random import Random

    mix, random = Mix(parse_scenario((LOAD + '[[texts]]\nset = "languages"').encode(), "x.toml")), Random(1)
    known = {sample.text: sample.language for each in text_sets() for sample in each.texts}

    for _ in range(50):
        words = mix.draw(random)
        assert words.settings.language == known[words.text]


def test_a_copy_is_checked_again():
    scenario = parse_scenario(LOAD.encode(), "x.toml")

    assert scenario.with_(seed=5).seed == 5
    with pytest.raises(ScenarioError, match="seed: expected"):
        scenario.with_(seed=-5)


def test_what_is_written_is_small_and_readable():
    written = tomllib.loads(parse_scenario(LOAD.encode(), "x.toml").to_toml())
    assert written["load"] == {"profile": "rate", "rate": 3.0, "duration_s": 10.0, "arrivals": "poisson"}


@pytest.mark.parametrize("name", ["nowhere.toml", "."])
def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path, name):
    with pytest.raises(ScenarioError, match="cannot be read") as caught:
        read_scenario(tmp_path / name)
    assert str(tmp_path) in str(caught.value)
