"""The filter language: it means what it says, reads back as it was written, and explains what it cannot read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.frame_records import RECORDS
from voxpool.frames.complete import complete
from voxpool.frames.fields import FIELDS
from voxpool.frames.filter import DEEPEST, LONGEST, FilterError, parse_filter
from voxpool.frames.record import FrameKind, FrameRecord
from voxpool.frames.terms import (
    OPERATORS,
    Both,
    Compare,
    Either,
    Everything,
    Names,
    Negation,
    Numbers,
    Pattern,
    Term,
    Text,
)

WORDS = st.text(min_size=1, max_size=8)
IDS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=6)
VALUES = st.integers(0, 10**6) | st.integers(0, 10**6).map(lambda value: value / 64)
LEAVES: st.SearchStrategy[Term] = st.one_of(
    st.builds(Text, WORDS),
    st.builds(Pattern, st.sampled_from(["a+b", "x|y", "\\d{2}", "[^a]", "a\\/b", "^.*c", "(a b)+"]), st.booleans()),
    st.builds(Names, st.just("ctx"), st.lists(IDS, min_size=1, max_size=3, unique=True).map(tuple)),
    st.builds(Names, st.just("ctx"), st.tuples(WORDS)),
    st.builds(
        Names, st.just("type"), st.lists(st.sampled_from([*map(str, FrameKind)]), min_size=1, unique=True).map(tuple)
    ),
    st.builds(Names, st.just("dir"), st.sampled_from([("in",), ("out",), ("in", "out")])),
    st.builds(
        Numbers,
        st.sampled_from(["conn", "utt", "code"]),
        st.lists(st.integers(0, 99), min_size=1, max_size=3, unique=True).map(tuple),
    ),
    st.builds(Compare, st.sampled_from(["conn", "utt", "code"]), st.sampled_from([*OPERATORS]), st.integers(0, 99)),
    st.builds(Compare, st.sampled_from(["gap", "audio"]), st.sampled_from([*OPERATORS]), VALUES, st.just("ms")),
    st.builds(Compare, st.just("size"), st.sampled_from([*OPERATORS]), VALUES, st.just("B")),
    st.builds(Compare, st.just("after"), st.just(">="), VALUES, st.just("ms")),
    st.builds(Compare, st.just("before"), st.just("<="), VALUES, st.just("ms")),
)


def _join(inner: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    # "a b c" is one Both of three: one directly inside another cannot be written, and means nothing else.
    some = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(Negation, inner), st.builds(Both, some), st.builds(Either, some))


TERMS = st.recursive(LEAVES, _join, max_leaves=8)


class Around:
    """A store's part in a filter."""

    began_at = 1.0

    def utterance_of(self, context_id: str) -> int:
        return len(context_id) % 4


def flat(term: Term) -> Term:
    """The same with nothing directly inside its like."""
    if isinstance(term, Negation):
        return Negation(flat(term.part))
    if not isinstance(term, (Both, Either)):
        return term
    parts: list[Term] = []
    for part in map(flat, term.parts):
        parts.extend(part.parts if type(part) is type(term) else [part])  # type: ignore[attr-defined]
    return type(term)(tuple(parts))


@given(TERMS)
def test_a_filter_reads_back_as_it_was_written(term: Term) -> None:
    written = str(term)
    read = parse_filter(written)
    assert str(read) == written
    assert flat(read) == flat(term)


@given(TERMS, RECORDS)
def test_what_is_written_means_the_same(term: Term, record: FrameRecord) -> None:
    assert parse_filter(str(term)).match(Around())(record) is term.match(Around())(record)


def means(term: Term, record: FrameRecord) -> bool:
    return parse_filter(str(term)).match(Around())(record)


@given(TERMS, RECORDS)
def test_a_negation_is_the_complement(term: Term, record: FrameRecord) -> None:
    assert means(Negation(term), record) is not means(term, record)
    assert means(Negation(Negation(term)), record) is means(term, record)


@given(TERMS, TERMS, RECORDS)
def test_de_morgan_holds(first: Term, second: Term, record: FrameRecord) -> None:
    neither = Both((Negation(first), Negation(second)))
    assert means(Negation(Either((first, second))), record) is means(neither, record)
    not_both = Either((Negation(first), Negation(second)))
    assert means(Negation(Both((first, second))), record) is means(not_both, record)


def frame(**values: object) -> FrameRecord:
    base = {"serial": 1, "at": 3.0, "connection_id": 3, "direction": "in", "kind": FrameKind.AUDIO}
    return FrameRecord(**{**base, **values})  # type: ignore[arg-type]


CASES = [
    ("", frame(), True),
    ("ctx:12-1", frame(context_id="vx00-12-1"), True),
    ("ctx:12-1", frame(context_id="vx00-112-1"), False),
    ("ctx:vx00-12-1", frame(context_id="vx00-12-1"), True),
    ("ctx:mine", frame(context_id="mine"), True),
    ("conn:3|4 dir:in", frame(), True),
    ("conn:>3", frame(), False),
    ("utt:2", frame(context_id="ab"), True),
    ("type:audioChunk", frame(), True),
    ("-type:audio", frame(), False),
    ("code:RESOURCE_EXHAUSTED", frame(code=8), True),
    ("code:>0", frame(code=None), False),
    ("gap:>200ms", frame(gap_ms=200.5), True),
    ("gap:>0.2s", frame(gap_ms=199.0), False),
    ("gap:1s", frame(gap_ms=1000.0), True),
    ("size:>10kB", frame(size=10_001), True),
    ("after:1.5s before:2500ms", frame(), True),
    ("after:2.5", frame(), False),
    ('text:"LIMIT of"', frame(folded='{"message":"limit of 5"}'), True),
    ("limit closed or hello", frame(summary="Hello"), True),
    ("/^code \\d/", frame(summary="code 8"), True),
    ("/CODE/i and /8$/", frame(summary="code 8"), True),
    ("not (dir:out or type:text)", frame(), True),
]


@pytest.mark.parametrize(("text", "record", "fits"), CASES)
def test_it_means_what_it_says(text: str, record: FrameRecord, fits: bool) -> None:
    assert parse_filter(text).match(Around())(record) is fits


ERRORS = [
    ("code:x", "Column 6: code: takes numbers such as code:8 or code:>0, not x."),
    ("type:audio dir:", 'Column 16: dir: needs a value such as dir:in, or one in "quotation marks".'),
    ("a)", "Column 2: this ) closes nothing."),
    ('dir:in "abc', "Column 8: this quotation mark is not closed."),
    ("/abc", "Column 1: this pattern is not closed; end it with / or put the text in quotation marks."),
    ("dir:up", "Column 5: dir: takes in or out, not up."),
    ("gap:>3 lightyears", None),
    ("gap:>3parsec", "Column 5: gap: takes a duration such as >200ms or <1.5s, not >3parsec."),
    ("size:big", "Column 6: size: takes a size such as >10kB, not big."),
    ("(dir:in", "Column 8: something is missing at the end"),
    ("dir:in or", "Column 10: something is missing at the end; possible is a field such as ctx:"),
    ("/(a/", "Column 1: this is no pattern: missing ): (a."),
    ("mood:good", "Column 1: there is no field mood: (there are ctx:, conn:"),
    ("x" * (LONGEST + 1), f"Column {LONGEST + 1}: a filter has at most {LONGEST} characters."),
    ("(" * (DEEPEST + 1), f"Column {DEEPEST + 1}: parentheses go at most {DEEPEST} deep."),
]


@pytest.mark.parametrize(("text", "sentence"), ERRORS)
def test_what_cannot_be_read_is_explained_in_a_sentence(text: str, sentence: str | None) -> None:
    if sentence is None:
        parse_filter(text)
        return
    with pytest.raises(FilterError) as caught:
        parse_filter(text)
    assert str(caught.value).startswith(sentence)


@given(st.text(st.sampled_from('abdirtypecodextn:()"/\\-|<>=. 1andor'), max_size=30) | st.text(max_size=30))
def test_anything_is_read_or_explained(text: str) -> None:
    problem = None
    try:
        parse_filter(text).match(Around())(frame())
    except FilterError as error:
        problem = error
    if problem is not None:
        assert 1 <= problem.column <= len(text) + 1
        assert "\n" not in str(problem)


def test_a_pattern_that_would_take_for_ever_elsewhere_takes_its_turn() -> None:
    hostile = frame(folded="a" * 60_000, summary="a")
    for pattern in ("/(a+)+b/", "/(a|a)*b/", "/a*a*a*a*a*b/", "/(.*a){20}b/"):
        assert parse_filter(pattern).match(Around())(hostile) is False
    with pytest.raises(FilterError, match="this is no pattern"):
        parse_filter("/((a{100}){100}){100}/")


def test_everything_is_an_empty_filter() -> None:
    assert parse_filter("  ") == Everything()


# --- completion ------------------------------------------------------------------------------------------------


def offered(text: str, values: Callable[[str], list[tuple[str, str]]] = lambda field: []) -> list[str]:
    return [candidate.text for candidate in complete(text, len(text), values).candidates]


def test_fields_are_offered_where_one_may_stand() -> None:
    assert offered("") == [f"{name}:" for name in FIELDS]
    assert offered("t") == ["type:", "text:"]
    assert offered("(-d") == ["-dir:"]
    assert offered("dir:in ") == [*(f"{name}:" for name in FIELDS), "not ", "or "]
    assert offered('"in a text t') == []


def test_values_are_offered_behind_a_field() -> None:
    assert offered("dir:") == ["in", "out"]
    assert offered("type:audio|c") == ["create", "close", "cancel", "created", "closed"]
    assert offered("code:>") == ["0", *map(str, range(1, 17))]
    assert offered("ctx:1", lambda field: [("17", "Hello"), ("2", "no")] if field == "ctx" else []) == ["17"]
    assert offered("mood:") == []


@given(TERMS, st.data())
def test_what_is_offered_can_stand_there(term: Term, data: st.DataObject) -> None:
    text = str(term)
    cursor = data.draw(st.integers(0, len(text)))
    completion = complete(text, cursor, lambda field: [("17", ""), ("18", "")] if field in ("ctx", "conn") else [])
    if not completion.candidates:
        return
    candidate = data.draw(st.sampled_from(completion.candidates))
    head = text[: completion.start] + candidate.text
    # A field needs its value, a keyword what it joins: with that, and the parentheses closed, it can be read.
    if candidate.text.endswith(":"):
        head += FIELDS[candidate.text.strip("-:")].example
    elif candidate.text.endswith(" "):
        head += "dir:in"
    opened = _open_parentheses(head)
    parse_filter(head + ")" * opened)


def _open_parentheses(text: str) -> int:
    opened, quoted, skip = 0, False, False
    for character in text:
        if skip or character == "\\":
            skip = not skip
        elif character == '"':
            quoted = not quoted
        elif not quoted:
            opened += (character == "(") - (character == ")")
    return opened
