"""Lines between a run's process and its parent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpool.errors import ProtocolError
from voxpool.stress.feed import Lines, packed

plain = st.dictionaries(
    st.text(min_size=1, max_size=5).filter(lambda name: name != "is"),
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=10),
    max_size=3,
)


@given(st.lists(st.tuples(st.text(max_size=5), plain), max_size=5), st.lists(st.integers(1, 20), max_size=50))
def test_lines_come_through_however_they_are_cut(messages, cuts):
    stream, lines, found = b"".join(packed(what, data) for what, data in messages), Lines(), []
    for cut in cuts:
        found += lines.feed(stream[:cut])
        stream = stream[cut:]
    found += lines.feed(stream)

    assert found == messages


@pytest.mark.parametrize("line", [b"hello\n", b"[]\n", b"{}\n", b'{"is": 1}\n', b"\xff\n"])
def test_what_is_no_line_of_ours_is_refused(line):
    with pytest.raises(ProtocolError):
        list(Lines().feed(line))
