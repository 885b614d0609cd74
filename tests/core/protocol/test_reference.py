"""What comments cite of PROTOCOL.md is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import voxpool

CORE = Path(voxpool.__file__).parent
REFERENCE = (CORE / "protocol" / "PROTOCOL.md").read_text(encoding="utf-8")
SECTIONS = set(re.findall(r"^#{2,3} (\d+(?:\.\d+)?)\.? ", REFERENCE, re.MULTILINE))
SOURCES = sorted(path.relative_to(CORE).as_posix() for path in CORE.rglob("*.py"))

_NUMBER = r"\d+(?:\.\d+)?"
_CITATION = re.compile(rf"\bsections? ({_NUMBER}(?:(?:, | and |, and | to ){_NUMBER})*)(?:, numbers? (\d+))?")


def _body(section: str) -> str:
    start = re.search(rf"^## {section}\. ", REFERENCE, re.MULTILINE)
    assert start
    return REFERENCE[start.start() :].split("\n## ", 1)[0]


def test_the_sections_are_there() -> None:
    assert {str(number) for number in range(18)} <= SECTIONS


@pytest.mark.parametrize("source", SOURCES)
def test_cited_sections_exist(source: str) -> None:
    text = re.sub(r"\s+", " ", (CORE / source).read_text(encoding="utf-8").replace("#", " "))
    for match in _CITATION.finditer(text):
        first = re.match(_NUMBER, match[1])
        assert first
        if first[0] == "17":
            # "section 17, 4" means its number 4.
            cited, rows = ["17"], re.findall(r"\d+", match[1])[1:]
        else:
            cited, rows = re.findall(_NUMBER, match[1]), []
        assert set(cited) <= SECTIONS, match[0]
        for row in [*rows, *([match[2]] if match[2] else [])]:
            assert re.search(rf"^(?:{row}\. |\| {row} \|)", _body(cited[-1].split(".")[0]), re.MULTILINE), match[0]
