"""What holds for the repository as a whole and for no module in particular."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
TOP_LEVEL = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "assets",
    "constraints.txt",
    "core",
    "gui",
    "pyproject.toml",
    "scripts",
    "tests",
}
LARGEST_BYTES = 1_000_000
BINARY = {".png", ".wav", ".ico", ".icns"}
# Where packages came from, and where somebody's computer keeps its files, is nobody else's business.
UNWANTED = {
    "an index": re.compile(
        r"index[-]url\s*[=\s]|find[-]links\s*[=\s]|https?://\S+/[s]imple\b|https?://\S+\.(whl|tar\.gz)"
    ),
    "a path of one machine": re.compile(r"(?<![\w.])/(home/\w+|Users/\w+|root/|work/|opt/\w+/)"),
    "a conflict": re.compile(r"^(<<<<<<<|>>>>>>>) ", re.MULTILINE),
}
# macOS ships bash 3.2.
TOO_NEW_FOR_BASH = re.compile(r"\bmapfile\b|\breadarray\b|declare -[A-Za-z]*A|\$\{\w+(,,|\^\^)|&>>|\|&|\bcoproc\b")


def tracked():
    """Every file that git knows, or would: tests also run on an unpacked archive."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=True, text=True)
        files = [ROOT / name for name in listed.stdout.split("\0") if name]
        return [file for file in files if file.is_file()]
    return [file for top in TOP_LEVEL for file in ([ROOT / top] if (ROOT / top).is_file() else (ROOT / top).rglob("*"))]


FILES = tracked()


def test_the_top_level_stays_small():
    assert {file.relative_to(ROOT).parts[0] for file in FILES} <= TOP_LEVEL


@pytest.mark.parametrize("what", sorted(UNWANTED))
def test_nothing_says_where_it_was_made(what):
    found = [
        f"{file.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}: {match.group().strip()}"
        for file in FILES
        if file.suffix not in BINARY and file != Path(__file__).resolve()
        for text in [file.read_text(encoding="utf-8")]
        for match in UNWANTED[what].finditer(text)
    ]
    assert found == []


def test_no_file_is_large():
    assert [str(file) for file in FILES if file.stat().st_size > LARGEST_BYTES] == []


def shell_scripts():
    return [file for file in FILES if file.parent.name in ("scripts", ".ci") and file.read_bytes().startswith(b"#!")]


def test_scripts_can_be_started():
    assert {file.name for file in shell_scripts()} >= {"run", "test"}
    assert [str(file) for file in shell_scripts() if not file.stat().st_mode & 0o100] == []


def test_scripts_are_for_the_bash_of_macos():
    library = ROOT / "scripts" / "lib.sh"
    scripts = [file for file in shell_scripts() if b"bash" in file.read_bytes().splitlines()[0]]
    found = [
        f"{file.name}: {match.group()}"
        for file in [library, *scripts]
        for match in TOO_NEW_FOR_BASH.finditer(file.read_text(encoding="utf-8"))
    ]
    assert found == []


def requirements():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lists = [
        project["build-system"]["requires"],
        project["project"]["dependencies"],
        *project["project"]["optional-dependencies"].values(),
        *project["dependency-groups"].values(),
    ]
    return [Requirement(text) for names in lists for text in names]


def pins():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]


def test_every_dependency_is_pinned_to_a_version_that_fits():
    pinned = {canonicalize_name(pin.name): next(iter(pin.specifier)) for pin in pins()}
    for requirement in requirements():
        name = canonicalize_name(requirement.name)
        if name != "voxgrid":
            assert pinned[name].operator == "=="
            assert requirement.specifier.contains(pinned[name].version), name


def test_nothing_is_pinned_twice():
    names = [canonicalize_name(pin.name) for pin in pins()]
    assert len(names) == len(set(names))


def test_importing_the_pool_loads_no_window_no_sound_and_no_engine():
    heavy = ["PySide6", "qasync", "keyring", "sounddevice", "soxr", "av", "espeakng_loader", "piper", "onnxruntime"]
    script = f"import sys, voxpool; print([name for name in {heavy!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True, timeout=60)
    assert loaded.stdout.strip() == "[]"


def test_pictures_and_files_that_the_readme_shows_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)\s]+)\)", text)
    assert links
    assert [link for link in links if not (ROOT / link.partition("#")[0]).exists()] == []
