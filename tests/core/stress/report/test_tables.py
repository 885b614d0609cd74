"""JSON and CSV: complete, readable again, without keys, without texts, and no formula for a spreadsheet."""

import csv
import io
import json
import tomllib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.runs import MADE_UP_KEY, TEXT, make_result
from voxpool.stress.report.tables import FORMAT, scenario_toml, to_csv, to_json
from voxpool.stress.result import RunResult

SMALL = make_result(count=2)


@pytest.fixture(scope="module")
def result():
    return make_result(count=60, search=True)


def test_json_is_read_again_as_the_same_run(result):
    text = to_json(result, texts=True)
    assert json.loads(text)["format"] == FORMAT
    assert RunResult.from_dict(json.loads(text)) == result


def test_a_column_tells_the_warm_up(result):
    first, *rest = result.samples
    rows = list(csv.DictReader(io.StringIO(to_csv(replace(result, samples=(replace(first, warm_up=True), *rest))))))
    assert [row["warm_up"] for row in rows] == ["True"] + ["False"] * len(rest)


@pytest.mark.parametrize("write", [to_json, to_csv])
def test_texts_only_when_asked(result, write):
    assert "secret order number" in write(result, texts=True)
    said = write(result)
    assert "secret order number" not in said
    assert "caller" not in said
    assert "another text" not in said


@pytest.mark.parametrize("write", [to_json, to_csv])
def test_keys_never(result, write):
    spoilt = replace(
        result,
        scenario={"api_key": MADE_UP_KEY},
        samples=tuple(replace(sample, error=f"Bearer {MADE_UP_KEY}") for sample in result.samples),
    )
    assert MADE_UP_KEY not in write(spoilt, texts=True)


def test_a_line_for_each_utterance(result):
    lines = list(csv.DictReader(io.StringIO(to_csv(result))))
    assert [int(line["number"]) for line in lines] == [sample.number for sample in result.samples]
    for line, sample in zip(lines, result.samples, strict=True):
        assert line["outcome"] == sample.outcome.value
        if sample.corrected_ms is None:
            assert line["corrected_ms"] == ""
        else:
            assert float(line["corrected_ms"]) == pytest.approx(sample.corrected_ms)
    assert "text" not in lines[0]
    assert "label" not in lines[0]


@settings(max_examples=50)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30).map(lambda text: "=1+1|cmd" + text)
    | st.text("=+-@\t\r\n ＝x", min_size=1, max_size=8)
)
def test_no_cell_begins_as_a_formula(text):
    spoilt = replace(SMALL, samples=tuple(replace(each, text=text, label=text, error=text) for each in SMALL.samples))
    for line in csv.DictReader(io.StringIO(to_csv(spoilt, texts=True), newline="")):
        for name in ("text", "label", "error"):
            assert not line[name].lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))
            assert line[name].removeprefix("'") == text


def test_the_scenario_is_a_file_that_can_be_run_again(result):
    scenario = {"name": "x", "none": None, "load": {"rate": 3.0, "none": None}, "texts": [{"text": TEXT}], "key": "abc"}
    assert tomllib.loads(scenario_toml(replace(result, scenario=scenario))) == {
        "name": "x",
        "load": {"rate": 3.0},
        "texts": [{"text": TEXT}],
        "key": "***",
    }


def test_a_text_source_keeps_its_name_and_loses_its_words(result):
    scenario = {"texts": [{"set": "short-replies", "weight": 2.0}, {"text": TEXT}], "load": {"text": TEXT, "rate": 3}}
    said = json.loads(to_json(replace(result, scenario=scenario)))["scenario"]
    assert said == {
        "texts": [{"set": "short-replies", "weight": 2.0}, {"text": "(left out)"}],
        "load": {"text": "(left out)", "rate": 3},
    }
