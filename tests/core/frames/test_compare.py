"""The difference between two frames: a tree, read from either side."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from voxpool.frames.compare import LINES_MOST, Side, compare, pretty

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def side(first: Any, second: Any, *sides: Side) -> Any:
    return [line.text for line in compare(json.dumps(first), json.dumps(second)) if line.side in sides]


@given(JSON)
def test_equal_frames_have_no_difference(value: Any) -> None:
    assert {line.side for line in compare(json.dumps(value), json.dumps(value, indent=3))} == {Side.BOTH}


@given(JSON, JSON)
def test_each_side_can_be_read_back(first: Any, second: Any) -> None:
    for mark, value in ((Side.FIRST, first), (Side.SECOND, second)):
        text = "\n".join(side(first, second, Side.BOTH, mark))
        assert json.loads(_with_commas(text)) == value


def _with_commas(text: str) -> str:
    """Lines of a difference stand alone and have no commas of their own: put them where JSON wants them."""
    out: list[str] = []
    for line in (each.rstrip(",") for each in text.split("\n")):
        bare = line.strip()
        if out and bare not in ("}", "]") and not out[-1].rstrip().endswith(("{", "[", ",")):
            out[-1] += ","
        out.append(line)
    return "\n".join(out)


def test_a_changed_value_stands_once_on_each_side() -> None:
    lines = compare('{"a": 1, "b": [1, 2, 3]}', '{"b": [1, 3], "a": 1.0}')
    assert [f"{line.side}{line.text}" for line in lines] == [
        " {",
        '-  "a": 1',
        '+  "a": 1.0',
        '   "b": [',
        "     1",
        "-    2",
        "     3",
        "   ]",
        " }",
    ]


def test_a_long_difference_ends_with_a_word() -> None:
    many = json.dumps(list(range(LINES_MOST + 10)))
    assert compare(many, many)[-1].text == f"… the first {LINES_MOST} lines of more"


def test_what_is_no_json_is_shown_as_it_is() -> None:
    assert pretty("{") == "{"
    assert [line.side for line in compare("{", "}")] == [Side.FIRST, Side.SECOND]
