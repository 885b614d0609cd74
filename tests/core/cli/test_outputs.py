"""Where a command writes: nothing is lost by it."""

import pytest

from voxpool import cli
from voxpool.cli.outputs import check_outputs
from voxpool.errors import WrongUse


def test_what_is_read_is_not_written_over(tmp_path):
    source, link = tmp_path / "mine.toml", tmp_path / "link"
    source.write_text("mine")
    link.symlink_to(source)
    for file in (source, link, tmp_path / "." / "mine.toml"):
        with pytest.raises(WrongUse, match=r"^--json names .*, which is read and would be lost"):
            check_outputs({"--json": file}, tmp_path / "another", source)
    check_outputs({"--json": tmp_path / "another", "--csv": None}, source)
    assert source.read_text() == "mine"


@pytest.mark.parametrize("option", ["--report", "--json", "--csv"])
def test_a_scenario_is_not_lost_to_its_report(tmp_path, capsys, option):
    file = tmp_path / "mine.toml"
    assert cli.main(["stress", "--profile", "burst", "--print"]) == 0
    file.write_text(capsys.readouterr().out)
    before = file.read_text()
    assert cli.main(["stress", str(file), option, str(file), "--no-keep"]) == 2
    assert f"{option} names {file}, which is read" in capsys.readouterr().err
    assert file.read_text() == before
