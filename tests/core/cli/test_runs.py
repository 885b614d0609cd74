"""voxpool runs: list, show, compare, export, delete."""

import csv
import json
import sqlite3
import tomllib
from dataclasses import replace

import pytest

from support.runs import make_result
from voxpool.cli import main
from voxpool.stress.scenario import read_scenario
from voxpool.stress.store import RunStore


@pytest.fixture
def runs(tmp_path, capsys):
    store = RunStore(tmp_path / "runs.sqlite")
    store.save(make_result(1, name="before", count=400, search=True))
    store.save(make_result(2, name="after", count=400, slow=1.6))
    store.note("run-0002", "new region")

    def call(*arguments):
        code = main(["runs", "--store", str(store.path), *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out, said.err

    call.store = store
    return call


def test_the_list_has_a_line_for_each_run(runs):
    code, out, _ = runs("list")
    lines = out.splitlines()
    assert code == 0
    assert [line.split()[0] for line in lines] == ["id", "run-0002", "run-0001"]
    assert "✕ FAILED" in lines[1]
    assert lines[1].endswith("after (new region)")
    assert " 65 " in lines[2]


def test_long_ids_are_written_as_short_as_they_may_be(runs):
    for run_id in ("0123456789abcdef", "0123456789abcdee", "fedcba9876543210"):
        runs.store.save(replace(make_result(3, count=5), run_id=run_id))
    shown = {line.split()[0] for line in runs("list")[1].splitlines()[1:]}
    assert shown == {"0123456789abcdef", "0123456789abcdee", "fedcba98", "run-0001", "run-0002"}
    assert runs("show", "fedcba98")[0] == 0


@pytest.mark.parametrize("arguments", [["export", "{}", "--csv", "{}"], ["compare", "run-0001", "{}", "--html", "{}"]])
def test_an_exported_run_is_not_written_over(runs, tmp_path, arguments):
    file = tmp_path / "kept.json"
    assert runs("export", "run-0001", "--json", file, "--texts")[0] == 0
    before = file.read_bytes()
    code, _, said = runs(*(str(file) if each == "{}" else each for each in arguments))
    assert (code, "which is read and would be lost" in said) == (2, True)
    assert file.read_bytes() == before


def test_without_the_extra_it_says_what_to_install(runs, monkeypatch):
    monkeypatch.setattr("voxpool.cli.extras.find_spec", lambda name: None if name == "plotly" else name)
    said = "voxpool: this needs the extra 'tools' (plotly is missing): pip install 'voxgrid[tools]'\n"
    assert runs("list")[::2] == (1, said)


def test_the_list_is_searched_and_printed_as_json(runs):
    assert [each["run_id"] for each in json.loads(runs("list", "--json", "new", "region")[1])] == ["run-0002"]
    assert runs("list", "nowhere")[:2] == (0, "no run matches\n")


def test_a_summary_begins_with_the_verdict(runs):
    _, out, _ = runs("show", "run-0001")
    assert out.startswith("✕ FAILED: before\n  ttfa_ms.p95 < 300 did not hold")
    assert "65 utterances at once are safe" in out
    assert runs("show", "last")[1].startswith("✕ FAILED: after")


def test_a_comparison_says_what_is_more_than_noise(runs, tmp_path):
    page = tmp_path / "comparison.html"
    code, out, _ = runs("compare", "run-0001", "run-0002", "--html", page)
    assert code == 0
    assert out.startswith("after against before: slower at p50, p90")
    assert page.read_text().startswith("<!doctype html>")
    assert runs("compare", "last")[::2] == (2, "voxpool: a comparison needs at least two runs\n")


def test_every_kind_of_export_is_written(runs, tmp_path):
    files = {kind: tmp_path / f"out.{kind}" for kind in ("html", "json", "csv", "trace", "scenario")}
    code, out, _ = runs("export", "run-0001", *(part for kind, file in files.items() for part in (f"--{kind}", file)))
    assert code == 0
    assert out.split() == [str(file) for file in files.values()]
    assert "FAILED" in files["html"].read_text()
    assert json.loads(files["json"].read_text())["run_id"] == "run-0001"
    with files["csv"].open(newline="") as file:
        assert len(list(csv.reader(file))) == 401
    assert json.loads(files["trace"].read_text())["traceEvents"]
    assert not [file for file in files.values() if "caller" in file.read_text()]
    # What was exported can be shown and compared again.
    assert runs("show", files["json"])[1] == runs("show", "run-0001")[1]


def test_an_exported_scenario_has_texts_only_when_asked_and_can_be_run_either_way(runs, tmp_path):
    file, with_texts = tmp_path / "plain.toml", tmp_path / "texts.toml"
    scenario = {
        "name": "one",
        "load": {"profile": "burst", "count": 1},
        "texts": [{"text": "My number is 4711."}, {"set": "short-replies"}],
    }
    runs.store.save(replace(make_result(4, count=5), scenario=scenario))
    assert runs("export", "run-0004", "--scenario", file)[0] == 0
    assert runs("export", "run-0004", "--scenario", with_texts, "--texts")[0] == 0
    assert tomllib.loads(with_texts.read_text()) == scenario
    assert file.read_text().startswith("# The texts were left out")
    assert "4711" not in file.read_text()
    first, second = read_scenario(file).texts
    assert len(first.text) == len("My number is 4711.")
    assert second.set == "short-replies"


def test_what_has_no_texts_does_not_say_that_they_were_left_out(runs, tmp_path):
    file = tmp_path / "plain.toml"
    runs.store.save(replace(make_result(4, count=5), scenario={"name": "one", "texts": [{"set": "short-replies"}]}))
    assert runs("export", "run-0004", "--scenario", file)[0] == 0
    assert "left out" not in file.read_text()


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_an_export_is_printed_for_a_dash(runs, tmp_path, kind):
    file = tmp_path / "same"
    runs("export", "run-0001", f"--{kind}", file)
    code, out, err = runs("export", "run-0001", f"--{kind}", "-")
    assert (code, err) == (0, "")
    assert out == file.read_bytes().decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--csv", "{0}/x", "--json", "{0}/x"), "--json and --csv both name {0}/x; give each a file of its own"),
        (("--csv", "{0}/no/x"), "{0}/no/x cannot be written (No such file or directory); choose another file"),
        (("--csv", "{0}"), "{0} cannot be written (Is a directory); choose another file"),
    ],
    ids=["same", "nowhere", "folder"],
)
def test_an_export_that_cannot_be_written_is_wrong_use(runs, tmp_path, arguments, said):
    code, out, err = runs("export", "last", *(each.format(tmp_path) for each in arguments))
    assert (code, out, err) == (2, "", f"voxpool: {said.format(tmp_path)}\n")
    assert [file.name for file in tmp_path.iterdir() if "runs.sqlite" not in file.name] == []


def test_an_export_without_a_file_says_what_to_give(runs):
    assert runs("export", "last")[::2] == (
        2,
        "voxpool: say what to write: --html, --json, --csv, --trace or --scenario, each with a file\n",
    )


def test_deleting_finds_all_before_the_first_one_goes(runs):
    code, _, err = runs("delete", "run-0001", "run-9")
    assert (code, err) == (1, "voxpool: There is no kept run run-9; voxpool runs list shows what there is.\n")
    assert len(runs.store.list()) == 2
    assert runs("delete", "run-0001")[1] == "deleted run-0001\n"
    assert [each.run_id for each in runs.store.list()] == ["run-0002"]


@pytest.mark.parametrize(
    ("which", "said"),
    [("run-", "2 runs begin with run-; write more of the id."), ("", "There is no kept run ;")],
)
def test_a_run_that_is_not_clear_is_one_sentence(runs, which, said):
    code, _, err = runs("show", which)
    assert code == 1
    assert err.startswith(f"voxpool: {said}")


def test_a_file_that_is_no_run_is_one_sentence(runs, tmp_path):
    for number, text in enumerate(("nonsense", "[]", '{"run_id": 5}')):
        file = tmp_path / f"{number}.json"
        file.write_text(text)
        code, _, err = runs("show", file)
        assert code == 1
        assert "is no exported run" in err


VERBS = [
    ("list",),
    ("show", "last"),
    ("compare", "last", "last"),
    ("export", "last", "--csv", "out.csv"),
    ("delete", "last"),
]


def stranger(path):
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()


def stranger_with_a_log(path):
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")
    with db:
        db.execute("CREATE TABLE theirs (x)")
    # As after a crash: what is in the log is not in the file.
    files = [(file, file.read_bytes()) for file in path.parent.glob(f"{path.name}*") if "-shm" not in file.name]
    db.close()
    for file, data in files:
        file.write_bytes(data)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(lambda path: path.write_text('{"notes": []}'), "is something else", id="notes"),
        pytest.param(lambda path: path.touch(), "is something else", id="empty"),
        pytest.param(stranger, "belongs to another program", id="foreign"),
        pytest.param(stranger_with_a_log, "belongs to another program", id="log"),
        pytest.param(lambda path: path.mkdir(), "cannot be read (Is a directory)", id="folder"),
        pytest.param(lambda path: None, "cannot be read (No such file or directory)", id="mistyped"),
    ],
)
def test_a_file_that_is_not_ours_is_refused_and_left_alone(tmp_path, monkeypatch, capfd, verb, make, said):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "theirs"
    make(path)
    before = {file.name: file.is_file() and file.read_bytes() for file in tmp_path.iterdir()}
    code = main(["runs", "--store", str(path), *verb])
    out, err = capfd.readouterr()
    assert (code, out) == (2, "")
    assert err == f"voxpool: --store must name a file of kept runs, but {path} {said}\n"
    assert err.count("\n") == 1
    assert said in err
    assert {file.name: file.is_file() and file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_damaged_store_is_said_and_left_alone(runs):
    data = bytearray(runs.store.path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    runs.store.path.write_bytes(data)
    code, out, err = runs("list")
    assert (code, out) == (1, "")
    assert err == f"voxpool: Kept runs cannot be read: {runs.store.path} is damaged.\n"
    assert runs.store.path.read_bytes() == data


def test_a_summary_says_what_of_the_warm_up_was_left_out_and_what_it_cost(runs):
    plain = make_result(3, count=5)
    runs.store.save(replace(plain, warm_up=1, warm_up_characters=1, cost_usd=0.0, peak_connections=1))
    out = runs("show", "run-0003")[1]
    assert "\n1 of the warm-up left out (1 character)\n" in out
    assert f"{plain.characters:,} characters, which cost nothing; " in out
    assert "on 1 connection\n" in out
    assert "of the warm-up" not in runs("show", "run-0001")[1]
