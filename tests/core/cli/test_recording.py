"""``voxpool recording``: what it says, what it writes, and when it asks."""

import json

import pytest

from support.recordings import RecordedPool, make_writer
from voxpool import cli
from voxpool.cli.recording import KINDS
from voxpool.recording.export import FORMATS
from voxpool.recording.replay import BURST


@pytest.fixture
def recorded(tmp_path):
    writer = make_writer(tmp_path, app="voxgrid 1.2")
    for item in RecordedPool(troubles=0.2).busy(4.0):
        writer.write(item)
    writer.close()
    return writer.files[0]


def test_info_says_what_is_in_it(recorded, capsys):
    assert cli.main(["recording", "info", str(recorded), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["recorded by"] == "voxgrid 1.2"
    assert facts["seconds"] == pytest.approx(4.0, abs=0.3)
    assert facts["events"] > 100
    assert cli.main(["recording", "info", str(recorded)]) == 0
    assert "recorded by  voxgrid 1.2" in capsys.readouterr().out


def test_a_torn_file_is_read_and_said_to_be_torn(recorded, capsys):
    recorded.write_bytes(recorded.read_bytes()[:-10])
    assert cli.main(["recording", "info", str(recorded)]) == 0
    assert "ends in the middle of a block" in capsys.readouterr().err


def test_a_foreign_file_is_one_sentence(tmp_path, capsys):
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir or Madam")
    assert cli.main(["recording", "info", str(path)]) == 1
    error = capsys.readouterr().err
    assert "letter.txt is no recording of Voxgrid" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("link", [False, True], ids=["itself", "a link to it"])
def test_an_export_does_not_take_the_place_of_its_recording(recorded, capsys, tmp_path, link):
    out = recorded
    if link:
        out = tmp_path / "link"
        out.symlink_to(recorded)
    before = recorded.read_bytes()
    assert cli.main(["recording", "export", "--to", "har", str(recorded), "-o", str(out)]) == 2
    assert "which is read and would be lost; choose another file" in capsys.readouterr().err
    assert recorded.read_bytes() == before


def test_an_export_that_cannot_be_written_is_said_like_any_other(recorded, capsys, tmp_path):
    assert cli.main(["recording", "export", str(recorded), "-o", str(tmp_path / "nowhere" / "x")]) == 2
    assert "x cannot be written (No such file or directory)" in capsys.readouterr().err


def test_what_is_offered_without_loading_anything_is_what_there_is():
    assert tuple(FORMATS) == KINDS
    parsed = cli.build_parser(["recording"]).parse_args(["recording", "replay", "--speed", "burst", "x.vxr"])
    assert parsed.speed == BURST


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_is_written(recorded, capsys, kind, tmp_path):
    out = tmp_path / "out"
    command = ["recording", "export", "--to", kind, "--no-texts", "--from", "1", "--until", "3", str(recorded)]
    assert cli.main([*command, "-o", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    assert out.stat().st_size > 100


def test_a_stretch_that_ends_before_it_begins_is_wrong_use(recorded, capsys):
    assert cli.main(["recording", "export", "--from", "3", "--until", "1", str(recorded)]) == 2
    assert "before --until" in capsys.readouterr().err


def test_a_replay_at_the_service_is_asked_about(recorded, capsys):
    command = ["recording", "replay", "--url", "https://api.inworld.ai", "--speed", "burst", str(recorded)]
    assert cli.main(command) == 2
    error = capsys.readouterr().err
    assert "which are billed" in error
    assert "--yes" in error


def test_a_replay_at_another_remote_server_is_asked_about_too(recorded, capsys):
    assert cli.main(["recording", "replay", "--url", "https://gateway.example.org", str(recorded)]) == 2
    assert "gateway.example.org, which may be billed; add --yes" in capsys.readouterr().err


def test_a_replay_that_fails_says_why(recorded, capsys):
    command = ["recording", "replay", "--url", "http://127.0.0.1:9", "--speed", "burst", "--until", "1", str(recorded)]
    assert cli.main(command) == 1
    printed = capsys.readouterr()
    assert " 0 done" in printed.out
    assert "the last one that failed: could not connect to 127.0.0.1:9" in printed.err


def test_an_empty_stretch_has_nothing_to_replay(recorded, capsys):
    assert cli.main(["recording", "replay", "--from", "1000", str(recorded)]) == 1
    assert "nothing to replay" in capsys.readouterr().err


@pytest.mark.parametrize("speed", ["0", "-1", "fast"])
def test_a_speed_that_is_none_is_wrong_use(recorded, speed):
    with pytest.raises(SystemExit) as caught:
        cli.main(["recording", "replay", "--speed", speed, str(recorded)])
    assert caught.value.code == 2
