"""The command line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from voxgrid.layouts import LAYOUTS
from voxgrid.options import PICTURED, parse, without_display


def test_nothing_asked_is_an_ordinary_window():
    options = parse([])
    assert not options.scripted
    assert options.endpoint == ""


def test_an_endpoint_is_checked_before_a_window_opens(capsys):
    assert parse(["--endpoint", "http://127.0.0.1:8000/"]).endpoint == "http://127.0.0.1:8000"
    with pytest.raises(SystemExit) as ended:
        parse(["--endpoint", "http://user:made-up@host"])
    assert ended.value.code == 2
    assert "must not hold" in capsys.readouterr().err


@pytest.mark.parametrize(("argument", "code"), [("--version", 0), ("--help", 0), ("--layout=none", 2)])
def test_what_needs_no_window_loads_no_qt(argument, code):
    program = f"""
import sys
from voxgrid.__main__ import main
sys.argv = ["voxgrid", "{argument}"]
try:
    main()
except SystemExit as ended:
    loaded = {{"PySide6", "qasync", "numpy", "aiohttp", "voxgrid.app"}} & set(sys.modules)
    sys.exit(sorted(loaded) or ended.code)
sys.exit("it went on")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr.strip() if code == 0 else "") == (code, "")


def test_pictures_and_demos_are_scripted(tmp_path):
    assert parse(["--screenshot", str(tmp_path / "x.png")]).scripted
    assert parse(["--demo"]).demo == Path("voxgrid-demo")
    assert parse(["--demo", str(tmp_path)]).demo == tmp_path


def test_a_picture_is_of_a_layout_that_there_is(tmp_path, capsys):
    names = {layout.name for layout in LAYOUTS}
    assert set(PICTURED) <= names
    assert parse(["--screenshot", str(tmp_path / "x.png")]).layout == "play"
    assert parse(["--screenshot", str(tmp_path / "x.png"), "--layout", "stress"]).layout == "stress"
    with pytest.raises(SystemExit):
        parse(["--screenshot", str(tmp_path / "x.png"), "--layout", "upside-down"])
    assert "upside-down" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["x", "x.txt", "/", "png"])
def test_a_picture_has_the_name_of_one(name, capsys):
    with pytest.raises(SystemExit):
        parse(["--screenshot", name])
    assert "no name of a picture" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="there is always a display elsewhere")
def test_without_a_display_it_says_so_and_does_not_abort():
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    ended = subprocess.run(
        [sys.executable, "-m", "voxgrid"], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("voxgrid: there is no display here")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["-platform", "offscreen"], ["-platform=vnc"]], ids=["offscreen", "vnc"])
def test_a_platform_that_is_chosen_needs_no_display(arguments, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert without_display(parse(arguments)) == ""


def test_qt_gets_its_own_options_and_nobody_gets_nonsense(capsys):
    assert parse(["-platform", "offscreen"]).qt == ("-platform", "offscreen")
    for nonsense in (["--bogus"], ["stray"]):
        with pytest.raises(SystemExit):
            parse(nonsense)
    assert "unrecognized" in capsys.readouterr().err


def test_the_version_is_said_without_a_window(capsys):
    with pytest.raises(SystemExit) as ended:
        parse(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("voxgrid ")
