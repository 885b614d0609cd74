"""The wheel: what is in it, and that the bare install needs nothing that an extra brings."""

import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from this tree with the build backend that is installed."""
    pytest.importorskip("hatchling", reason="the build backend is not installed")
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=100)
    return next(target.glob("*.whl"))


def bare_distributions():
    """Names of what ``pip install voxgrid`` brings: the requirements without extras, and theirs in turn."""
    wanted, seen = ["voxgrid"], set()
    while wanted:
        name = canonicalize_name(wanted.pop())
        if name in seen:
            continue
        seen.add(name)
        for text in metadata.requires(name) or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                wanted.append(requirement.name)
    return seen - {"voxgrid"}


def link_distribution(name, folder):
    """Make an installed distribution importable from ``folder``, and nothing beside it."""
    distribution = metadata.distribution(name)
    for top in {file.parts[0] for file in distribution.files if file.parts[0] not in ("..", "__pycache__")}:
        link = folder / top
        if not link.exists():
            link.symlink_to(Path(distribution.locate_file(top)).resolve())


@pytest.fixture
def bare_install(wheel, tmp_path):
    """A folder that holds what a bare install does."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    for name in bare_distributions():
        link_distribution(name, tmp_path)
    return tmp_path


def run_bare(folder, script):
    """Run a script that sees the standard library and that folder."""
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(folder)!r})\n{script}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_it_holds_the_packages_the_data_and_the_licence(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"voxpool", "voxgrid", "voxassets"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "voxpool/py.typed" in names
    assert any(name.startswith("voxassets/texts/") for name in names)
    assert not any("__pycache__" in name or "/tests/" in name for name in names)


def test_the_bare_install_is_small():
    assert not bare_distributions() & {
        "pyside6-essentials",
        "sounddevice",
        "soxr",
        "piper-tts",
        "espeakng-loader",
        "av",
    }


@pytest.mark.parametrize("arguments", [["--version"], ["say", "--help"], ["stress", "--help"], ["recording", "--help"]])
def test_the_command_works_in_the_bare_install(bare_install, arguments):
    ended = run_bare(bare_install, f"from voxpool import cli; cli.main({arguments!r})")

    assert not ended.stderr, ended.stderr
    assert ended.returncode == 0
    assert "voxpool" in ended.stdout


def test_every_public_name_can_be_had_in_the_bare_install(bare_install):
    ended = run_bare(bare_install, "import voxpool; print(*(getattr(voxpool, name) for name in voxpool.__all__))")

    assert not ended.stderr, ended.stderr
    assert "Pool" in ended.stdout


def test_a_missing_extra_is_named(bare_install):
    ended = run_bare(bare_install, "from voxpool import cli; sys.exit(cli.main(['doctor', '--offline']))")

    assert ended.returncode == 0, ended.stderr
    for extra in ("audio", "gui", "local", "tools"):
        assert f"pip install 'voxgrid[{extra}]'" in ended.stdout


@pytest.mark.parametrize("arguments", [["recording", "info", "x.vxr"], ["runs", "list"], ["stress", "--list"]])
def test_a_command_that_needs_an_extra_says_which(bare_install, arguments):
    ended = run_bare(bare_install, f"from voxpool import cli; sys.exit(cli.main({arguments!r}))")

    assert ended.returncode == 1
    assert ended.stderr.endswith("pip install 'voxgrid[tools]'\n"), ended.stderr
    assert ended.stderr.startswith("voxpool: this needs the extra 'tools' (")
