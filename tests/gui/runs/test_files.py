"""What a kept run is written as from the window."""

from dataclasses import replace

import pytest

from support.runs import make_result
from voxgrid.runs.files import KINDS, export_to
from voxpool.stress.scenario import read_scenario

SCENARIO = {"name": "one", "load": {"profile": "burst", "count": 1}, "texts": [{"text": "My number is 4711."}]}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("texts", [False, True], ids=["without texts", "with texts"])
def test_texts_are_in_a_file_only_when_asked(tmp_path, kind, texts):
    run = replace(make_result(4, count=5), scenario=SCENARIO)
    run = replace(run, samples=tuple(replace(each, text="My number is 4711.") for each in run.samples))
    file = export_to(tmp_path / "run", kind, texts=texts)([run])
    assert ("number is 4711" in file.read_text(encoding="utf-8")) is texts
    if kind.name == "scenario":
        assert len(read_scenario(file).texts[0].text) == len("My number is 4711.")
