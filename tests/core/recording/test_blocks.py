"""Blocks: whole ones are read back, all others are refused, and any gzip reader can read them."""

import contextlib
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpool.recording.blocks import (
    HEAD_BYTES,
    MAGIC,
    MOST_TEXT,
    BlockHead,
    DamagedBlock,
    Kind,
    pack,
    read_head,
    unpack,
)

MOMENTS = st.floats(-9e9, 9e9)
HEADS = st.builds(
    lambda first, more, **rest: BlockHead(first, first + more, **rest),
    MOMENTS,
    st.floats(0, 100),
    wall=MOMENTS,
    kind=st.sampled_from([Kind.EVENTS, Kind.STATE, Kind.FRAMES, Kind.OPENING]),
    events=st.integers(0, 10_000),
    errors=st.integers(0, 10_000),
    marks=st.integers(0, 100),
)


@given(HEADS, st.binary(max_size=2000))
def test_a_block_is_read_back(head, text):
    member = pack(text, head)
    known = read_head(member)
    assert known is not None
    assert unpack(member, known) == text
    told = ("first", "last", "wall", "kind", "events", "errors", "marks")
    assert [getattr(known, name) for name in told] == [getattr(head, name) for name in told]
    assert (known.size, known.text) == (len(member), len(text))


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5))
def test_blocks_one_after_the_other_are_a_gzip_file(texts):
    data = b"".join(pack(text, BlockHead(0, 1, 2)) for text in texts)
    assert gzip.decompress(data) == b"".join(texts)


@given(st.binary(min_size=1, max_size=500), st.data())
def test_a_block_with_a_flipped_byte_is_refused_or_as_it_was(text, data):
    member = bytearray(pack(text, BlockHead(1, 2, 3)))
    member[data.draw(st.integers(0, len(member) - 1))] ^= data.draw(st.integers(1, 255))
    head = read_head(bytes(member))
    if head is not None:
        with contextlib.suppress(DamagedBlock):
            assert unpack(bytes(member), head) == text


@given(st.binary(max_size=300), st.data())
def test_a_torn_block_is_refused(text, data):
    member = pack(text, BlockHead(1, 2, 3))
    torn = member[: data.draw(st.integers(0, len(member) - 1))]
    head = read_head(torn)
    assert (head is None) == (len(torn) < HEAD_BYTES)
    if head is not None:
        with pytest.raises(DamagedBlock, match="torn"):
            unpack(torn, head)


def test_a_bomb_is_not_unfolded():
    bomb = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = bomb.compress(bytes(50_000_000)) + bomb.flush()
    honest = pack(b"small", BlockHead(1, 2, 3))
    member = honest[:HEAD_BYTES] + body + honest[-8:]
    with pytest.raises(DamagedBlock, match="checksum"):
        unpack(member, BlockHead(1, 2, 3, size=len(member), text=5))


def test_a_text_that_no_reader_would_take_is_not_written():
    with pytest.raises(ValueError, match="a block holds"):
        pack(bytes(MOST_TEXT + 1), BlockHead(1, 2, 3))


@given(st.binary(max_size=200))
def test_anything_else_is_no_head(data):
    assert read_head(data) is None
    assert read_head(MAGIC + data) is None
