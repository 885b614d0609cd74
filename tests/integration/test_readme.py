"""What the README promises, run as it stands there."""

import re
from pathlib import Path

import voxpool
from voxpool import cli

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_library_in_ten_lines_speaks(server, monkeypatch, capsys):
    (code,) = blocks("python")
    assert len([line for line in code.splitlines() if line.strip()]) <= 11
    monkeypatch.setenv("INWORLD_API_KEY", "bWFkZTp1cA==")  # made up: "made:up"
    # The only change: the service is not asked.
    monkeypatch.setattr(voxpool, "Endpoint", lambda credential: voxpool.config.Endpoint(server.url, credential))
    exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 1
    assert all(re.fullmatch(r"\d+ samples at 24000 Hz", line) for line in lines)


def test_every_command_that_is_shown_is_understood():
    shown = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("voxpool ")]
    assert len(shown) >= 5
    for line in shown:
        words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', line.partition("#")[0])][1:]
        cli.build_parser(words).parse_args(words)


def test_every_script_that_is_named_exists():
    for name in set(re.findall(r"\bscripts/\w+", README)):
        assert (ROOT / name).exists(), name


def test_the_scenario_that_is_shown_can_be_run():
    from voxpool.stress.scenario import parse_scenario
    from voxpool.stress.words import Mix

    (content,) = blocks("toml")
    scenario = parse_scenario(content.encode(), "README.md")
    Mix(scenario)
    assert len(scenario.mix) == 2
