"""What every command has in common: exit codes, one sentence for a failure, no traceback."""

import importlib
import io
import json
import os
import subprocess
import sys

import pytest

from voxpool import cli
from voxpool.cli import voices
from voxpool.errors import EndpointError, PoolClosed, SettingError
from voxpool.voices import Voice


@pytest.fixture
def failing(monkeypatch):
    """Return a function that makes ``voxpool voices`` raise something."""

    def make(error):
        def run(_arguments):
            raise error

        monkeypatch.setattr(importlib.import_module("voxpool.cli.voices"), "run", run)
        return cli.main(["voices"])

    return make


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (PoolClosed(), 1, "voxpool: the pool is closed"),
        (SettingError("speaking_rate", 9.0, "between 0.5 and 1.5"), 2, "voxpool: speaking_rate is 9.0, but must be"),
        (EndpointError("the key is empty"), 2, "voxpool: the key is empty"),
        (FileNotFoundError(2, "No such file or directory", "x/y.wav"), 1, "voxpool: x/y.wav: No such file"),
        (OSError("no space"), 1, "voxpool: no space"),
        (RuntimeError("boom"), 1, "voxpool: something unexpected went wrong: boom (VOXPOOL_DEBUG=1 shows where)"),
        (ZeroDivisionError(), 1, "voxpool: something unexpected went wrong: ZeroDivisionError (VOXPOOL_DEBUG"),
    ],
)
def test_a_failure_is_one_sentence(failing, capsys, monkeypatch, error, code, text):
    monkeypatch.delenv("VOXPOOL_DEBUG", raising=False)

    assert failing(error) == code
    captured = capsys.readouterr()
    assert captured.err.startswith(text)
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_debugging_shows_the_traceback_too(failing, capsys, monkeypatch):
    monkeypatch.setenv("VOXPOOL_DEBUG", "1")

    assert failing(RuntimeError("boom")) == 1
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_is_130_and_silent(failing, capsys):
    assert failing(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("arguments", [[], ["sing"], ["voices", "--nonsense"], ["say"]])
def test_wrong_use_is_2_with_a_usage_line(capsys, arguments):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: voxpool")


@pytest.mark.parametrize("command", sorted(cli.COMMANDS))
def test_every_command_explains_itself(capsys, command):
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    assert f"usage: voxpool {command}" in capsys.readouterr().out


def test_the_version_is_that_of_the_distribution(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out.split()[0] == "voxpool"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break differently there")
def test_a_reader_that_goes_away_is_no_traceback():
    script = "import sys; from voxpool import cli; sys.argv[1:] = ['voices']\n"
    script += "import voxpool.cli.voices as voices\n"
    script += "voices.run = lambda _: [print('x' * 1000) for _ in range(1000)] and 0\nsys.exit(cli.main())"
    reader, writer = os.pipe()
    with subprocess.Popen([sys.executable, "-c", script], stdout=writer, stderr=subprocess.PIPE) as process:
        os.close(writer)
        os.read(reader, 10)
        os.close(reader)
        _, complaint = process.communicate(timeout=60)
    assert complaint == b""
    assert process.returncode == 1


VOICES = (Voice("Ashley", "Ashley", ("EN_US",)), Voice("Zoë", "Zoë", ("en",)), Voice("Épée", "Épée", ("et",)))


@pytest.fixture
def listed(monkeypatch):
    async def found(_endpoint):
        return VOICES

    monkeypatch.setattr(voices, "_list", found)


def printed_in_ascii(monkeypatch, *arguments):
    """Return what a command prints to a terminal that knows no letter beyond ASCII."""
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding="ascii", errors="strict"))
    assert cli.main(arguments) == 0
    return printed.getvalue()


def test_what_the_terminal_cannot_show_does_not_end_a_command(listed, monkeypatch):
    assert printed_in_ascii(monkeypatch, "voices").splitlines()[1].startswith(rb"Zo\xeb")


def test_json_is_utf_8_wherever_it_is_printed(listed, monkeypatch):
    found = json.loads(printed_in_ascii(monkeypatch, "voices", "--json"))
    assert [each["id"] for each in found] == ["Ashley", "Zoë", "Épée"]


def test_a_standard_output_that_is_closed_is_no_failure(failing, monkeypatch, capsys):
    monkeypatch.setattr(voices, "run", lambda _arguments: 0)
    monkeypatch.setattr(sys, "stdout", None)
    assert cli.main(["voices"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("language", "ids"),
    [
        ("en", ["Ashley", "Zoë"]),
        ("EN_us", ["Ashley", "Zoë"]),
        ("en-GB", ["Zoë"]),
        ("e", []),
        ("et", ["Épée"]),
        ("", ["Ashley", "Zoë", "Épée"]),
    ],
)
def test_voices_of_a_language(listed, capsys, language, ids):
    assert cli.main(["voices", "--json", "--language", language]) == 0
    printed = capsys.readouterr()
    assert [each["id"] for each in json.loads(printed.out)] == ids
    assert (f"no voice speaks {language}" in printed.err) == (not ids)


def test_a_description_keeps_its_capitals(capsys):
    with pytest.raises(SystemExit):
        cli.main(["say", "--help"])
    assert "Speak a text, through the loudspeaker or into a WAV file." in capsys.readouterr().out


def test_a_speed_that_is_no_number_is_said_in_words(capsys):
    with pytest.raises(SystemExit):
        cli.main(["recording", "replay", "--speed", "fast", "x.vxr"])
    assert "argument --speed: fast is neither a number above 0 nor burst" in capsys.readouterr().err
