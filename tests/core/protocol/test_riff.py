from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.frames import chunk, wav
from voxpool.errors import ProtocolError
from voxpool.protocol.riff import SampleReader, parse_header

samples = st.lists(st.integers(-32768, 32767), max_size=60).map(lambda values: np.array(values, "<i2").tobytes())
quiet = st.lists(st.integers(-100, 100), max_size=60).map(lambda values: np.array(values, "<i2").tobytes())
"""Samples that cannot spell RIFF or the name of a chunk."""
metadata = st.lists(
    st.tuples(st.sampled_from([b"LIST", b"fact", b"bext"]), st.binary(max_size=9)).map(lambda pair: chunk(*pair)),
    max_size=2,
).map(b"".join)
sizes = st.sampled_from([None, 0, 0xFFFFFFFF, 0x7FFFFFFF])


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Cut data at places taken modulo its length."""
    edges = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(edges)]


def read(reader: SampleReader, pieces: list[bytes]) -> bytes:
    return b"".join(reader.decode(piece).tobytes() for piece in pieces) + reader.end().tobytes()


places = st.lists(st.integers(0, 500), max_size=12)


@given(quiet, places)
def test_raw_samples_come_through_however_they_are_cut(pcm: bytes, where: list[int]) -> None:
    assert read(SampleReader(24000), cut(pcm, where)) == pcm


@given(samples)
def test_any_raw_samples_come_through_whole(pcm: bytes) -> None:
    assert read(SampleReader(24000), [pcm]) == pcm


@given(quiet, metadata, sizes, places)
def test_a_header_is_unwrapped_however_it_is_cut(pcm: bytes, extra: bytes, size: int | None, where: list[int]) -> None:
    assert read(SampleReader(24000), cut(wav(pcm, extra=extra, size=size), where)) == pcm


@given(quiet, metadata, places)
def test_metadata_behind_the_audio_is_passed_over(pcm: bytes, behind: bytes, where: list[int]) -> None:
    # With no samples the size is 0, which means that the length is not known: then there is no "behind".
    pcm = pcm or b"\1\0"
    assert read(SampleReader(24000), cut(wav(pcm) + behind, where)) == pcm


@given(st.lists(quiet, max_size=6), metadata)
def test_linear16_brings_a_header_with_every_chunk(pieces: list[bytes], extra: bytes) -> None:
    assert read(SampleReader(24000), [wav(piece, extra=extra) for piece in pieces]) == b"".join(pieces)


@given(st.lists(st.tuples(quiet, sizes, places), max_size=4))
def test_wav_begins_anew_with_every_synthesis(flushes: list[tuple[bytes, int | None, list[int]]]) -> None:
    reader = SampleReader(24000)
    heard = b"".join(read(reader, cut(wav(pcm, size=size), where)) for pcm, size, where in flushes)
    assert heard == b"".join(pcm for pcm, _, _ in flushes)


@given(quiet, quiet)
def test_a_header_that_only_describes_its_own_chunk_does_not_end_the_audio(first: bytes, rest: bytes) -> None:
    pcm = (first or b"\1\0") + rest
    assert read(SampleReader(24000), [wav(first or b"\1\0"), rest]) == pcm


def test_half_a_sample_waits_for_the_other_half() -> None:
    reader = SampleReader(24000)
    assert [reader.decode(piece).tolist() for piece in (b"\1", b"\0\2", b"\0", b"\3\0")] == [[], [1], [2], [3]]


def test_half_a_sample_at_the_end_is_dropped_and_counted() -> None:
    reader = SampleReader(24000)
    assert reader.decode(b"\1\0\2").tolist() == [1]
    assert reader.end().tolist() == []
    assert reader.dropped_bytes == 1
    assert reader.decode(b"\3\0").tolist() == [3]


def test_samples_that_begin_like_a_header_are_not_lost() -> None:
    reader = SampleReader(24000)
    assert reader.decode(b"RI").tolist() == []
    assert reader.end().tobytes() == b"RI"


def test_an_unfinished_header_is_no_audio() -> None:
    reader = SampleReader(24000)
    assert reader.decode(wav(b"\1\0")[:40]).tolist() == []
    assert reader.end().tolist() == []
    assert reader.dropped_bytes == 40


def test_a_promise_of_half_a_sample_is_not_kept() -> None:
    reader = SampleReader(24000)
    data = wav(b"\1\0\2") + b"\0" + chunk(b"LIST", b"abc")
    assert read(reader, [data]) == b"\1\0"


def test_the_rate_is_the_headers() -> None:
    reader = SampleReader(24000)
    reader.decode(wav(b"\1\0", rate=16000))
    assert reader.sample_rate_hz == 16000


def test_the_rate_may_change_with_any_header() -> None:
    reader = SampleReader(24000)
    for rate in (16000, 16000, 8000, 8000, 16000):
        assert reader.decode(wav(b"\1\0\2\0", rate=rate)).tolist() == [1, 2]
        assert reader.sample_rate_hz == rate


def test_a_header_that_changes_for_the_worse_is_noticed() -> None:
    reader = SampleReader(24000)
    for _ in range(2):
        reader.decode(wav(b"\1\0\2\0"))
    with pytest.raises(ProtocolError, match="2 channels"):
        reader.decode(wav(b"\1\0\2\0", channels=2))


def test_a_promise_that_was_not_kept_is_forgotten_with_the_next_header() -> None:
    reader = SampleReader(24000)
    assert reader.decode(wav(b"\1\0" * 9)[:-4]).tolist() == [1] * 7
    assert reader.decode(wav(b"\2\0" * 9)).tolist() == [2] * 9
    assert reader.decode(chunk(b"LIST", b"abcd")).tolist() == []
    assert reader.decode(b"\3\0" * 5).tolist() == [3] * 5


def test_extensible_pcm_is_pcm() -> None:
    data = wav(b"")
    form = (0xFFFE).to_bytes(2, "little") + data[22:36] + b"\x16\0" + b"\x10\0" + b"\0" * 4 + b"\1\0" + b"\0" * 14
    header = parse_header(b"RIFF\0\0\0\0WAVE" + chunk(b"fmt ", form) + chunk(b"data", b"\1\0"))
    assert header is not None
    assert (header.format.tag, header.data_bytes) == (1, 2)


@pytest.mark.parametrize(
    "data",
    [
        wav(b"\1\0", channels=2),
        b"RIFF\0\0\0\0WAVE" + chunk(b"data", b"\1\0"),
        b"RIFF\0\0\0\0WAVE" + chunk(b"fmt ", b"\1\0"),
        b"RIFF\0\0\0\0WAVE" + b"junk" + (2**31).to_bytes(4, "little"),
        wav(b"\1\0").replace(b"\x10\0data", b"\x08\0data"),
        wav(b"\1\0", rate=0),
    ],
)
def test_audio_that_cannot_be_read_is_said_in_words(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="WAV"):
        SampleReader(24000).decode(data)


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_any_bytes_raise_nothing_but_a_protocol_error(pieces: list[bytes]) -> None:
    reader = SampleReader(24000)
    try:
        heard = read(reader, pieces)
    except ProtocolError:
        return
    assert len(heard) % 2 == 0
    assert len(heard) <= sum(map(len, pieces))


def test_samples_cannot_be_written_to() -> None:
    assert not SampleReader(24000).decode(b"\1\0").flags.writeable
