"""The wheel: what is in it, and that the bare install needs nothing that an extra brings."""

import importlib.metadata
import json
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent

BARE = """
import importlib.abc, json, sys
allowed, site, wheel = json.loads(sys.argv[1])

class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in allowed:
            raise ModuleNotFoundError(f"No module named {name!r} (not in the bare install)", name=name)

sys.path[:] = [entry for entry in sys.path if entry != site] + [wheel, site]
sys.meta_path.insert(0, Refuse())
import voxpool
assert voxpool.__file__.startswith(wheel), voxpool.__file__
from voxpool import cli
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from this tree with the build backend that is installed."""
    pytest.importorskip("hatchling", reason="the build backend is not installed")
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=100)
    return next(target.glob("*.whl"))


def bare_imports():
    """Import names that the bare install may use: its dependencies' closure and the standard library."""
    wanted, seen = ["voxgrid"], set()
    while wanted:
        name = canonicalize_name(wanted.pop())
        if name in seen:
            continue
        seen.add(name)
        for text in importlib.metadata.requires(name) or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                wanted.append(requirement.name)
    providers = importlib.metadata.packages_distributions()
    brought = {name for name, owners in providers.items() if seen & {canonicalize_name(owner) for owner in owners}}
    return sorted(brought | {"voxpool"} | set(sys.stdlib_module_names) | set(sys.builtin_module_names))


def test_it_holds_the_packages_the_data_and_the_licence(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"voxpool", "voxgrid", "voxassets"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "voxpool/py.typed" in names
    assert any(name.startswith("voxassets/texts/") for name in names)
    assert not any("__pycache__" in name or "/tests/" in name for name in names)


def test_the_bare_install_is_the_pool_and_its_command(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    argument = json.dumps([bare_imports(), sysconfig.get_path("purelib"), str(tmp_path)])
    for line in ("cli.main(['--version'])", "cli.main(['say', '--help'])", "cli.main(['stress', '--help'])"):
        ended = subprocess.run(
            [sys.executable, "-c", f"{BARE}{line}", argument], capture_output=True, text=True, timeout=60
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        assert "voxpool" in ended.stdout
