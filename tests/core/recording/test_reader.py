"""Reading: whatever happened to a file, what is whole of it is shown and the rest is a sentence."""

import gzip
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.recordings import RecordedPool, Tally, make_writer
from voxpool.errors import RecordingError
from voxpool.recording.blocks import MAGIC, BlockHead, Kind, pack
from voxpool.recording.items import Second
from voxpool.recording.reader import Recording
from voxpool.recording.scrubber import Scrubber

ITEMS = RecordedPool().busy(4.0)


def recorded() -> bytes:
    with TemporaryDirectory() as folder:
        writer = make_writer(Path(folder))
        for item in ITEMS:
            writer.write(item)
        writer.close()
        return writer.files[0].read_bytes()


WHOLE = recorded()


def look_at(path):
    """Open a file and do everything that can be done with it; return what was read and the sentences."""
    try:
        recording = Recording.open(path)
    except RecordingError as error:
        return None, (str(error),)
    with recording:
        recording.check_end()
        items = list(recording.items())
        list(recording.frames())
        scrubber = Scrubber(recording, Tally())
        for share in (0.5, 0.1, 0.9, 1.0):
            scrubber.to(recording.first + share * recording.duration_s)
        return items, recording.problems


def look_at_bytes(data):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "one.vxr"
        path.write_bytes(data)
        return look_at(path)


def check_sentences(sentences):
    for sentence in sentences:
        assert "Traceback" not in sentence
        assert "\n" not in sentence
        assert 10 < len(sentence) < 300


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(WHOLE) - 1))
def test_a_file_cut_anywhere_shows_what_is_whole(length):
    items, sentences = look_at_bytes(WHOLE[:length])
    check_sentences(sentences)
    if items is None:
        assert sentences
        assert length < 400
    else:
        assert items == ITEMS[: len(items)]
        # A cut between two blocks cannot be told from a recording that ended there.
        assert sentences or WHOLE[length:].startswith(MAGIC)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(1, 255)), min_size=1, max_size=4))
def test_flipped_bytes_cost_their_blocks_and_no_others(flips):
    data = bytearray(WHOLE)
    for place, bits in flips:
        data[place] ^= bits
    items, sentences = look_at_bytes(bytes(data))
    check_sentences(sentences)
    assert items is not None
    # Four blocks of a fifth of a second at most, and the rest in order.
    assert len(items) > len(ITEMS) * 0.4
    remaining = iter(ITEMS)
    assert all(any(item == other for other in remaining) for item in items)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=2000), st.booleans())
def test_anything_at_all_is_a_sentence(data, behind_magic):
    items, sentences = look_at_bytes(MAGIC + data if behind_magic else data)
    assert items is None
    assert sentences
    check_sentences(sentences)


def block(text: bytes, kind=Kind.EVENTS):
    return pack(text, BlockHead(1.0, 1.0, 3.0, kind, events=1))


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(b'{"event":"ConnectionPinged"}', mtime=0),
        block(b'{"recording":{"session":7}}\n', Kind.OPENING),
        block(b'{"recording":[]}\n', Kind.OPENING),
        block(b'{"recording":{"session":"x","rows":100000000,"columns":1}}\n', Kind.OPENING) + block(b"{}\n"),
        block(b'{"recording":{"session":"x","version":2,"app":"voxgrid 9"}}\n', Kind.OPENING),
        block(b"[" * 100_000 + b"\n"),
        block(b'{"state":' + b"[" * 100_000 + b',"at":1}\n', Kind.STATE),
        block(b'{"state":{"grid":{}},"at":1}\n', Kind.STATE),
        block(b'{"event":"ConnectionPinged","at":1,"connection_id":1,"row":77,"ping_ms":"x"}\n') * 3,
        MAGIC * 20_000,
    ],
    ids=[
        "no block",
        "a session that is a number",
        "an opening that is a list",
        "more rows than there can be",
        "a newer version",
        "deep nesting",
        "deep nesting in a state",
        "a state without most of it",
        "an event with other types",
        "heads alone",
    ],
)
def test_a_hostile_file_is_a_sentence(tmp_path, content):
    path = tmp_path / "hostile.vxr"
    path.write_bytes(content)
    _, sentences = look_at(path)
    assert sentences
    check_sentences(sentences)


def test_a_file_that_is_not_there_or_a_folder_is_a_sentence(tmp_path):
    for path in (tmp_path / "absent.vxr", tmp_path):
        with pytest.raises(RecordingError, match="cannot be opened"):
            Recording.open(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_a_sentence_and_nobody_waits_for_its_other_end(tmp_path):
    path = tmp_path / "pipe.vxr"
    os.mkfifo(path)
    with pytest.raises(RecordingError, match="cannot be opened: it is a pipe or a device"):
        Recording.open(path)


def test_a_recording_grows_while_it_is_read(tmp_path):
    writer = make_writer(tmp_path)
    writer.write(Second(at=1.0))
    writer.flush()
    with Recording(writer.files) as recording:
        assert not recording.refresh()
        writer.write(Second(at=2.0))
        writer.flush()
        assert recording.refresh()
        assert [item.at for item in recording.items()] == [1.0, 2.0]
        assert recording.problems == ()
    writer.close()


def test_blocks_that_go_back_in_time_are_left_out(tmp_path):
    path = tmp_path / "back.vxr"
    later, earlier = (
        pack(b'{"item":"Second","at":%d}\n' % at, BlockHead(at, at, 0, Kind.EVENTS, events=1)) for at in (5, 1)
    )
    path.write_bytes(later + earlier)
    with Recording.open(path) as recording:
        assert [item.at for item in recording.items()] == [5]
        assert "older" in recording.problems[0]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_scrubbing_anywhere_is_folding_up_to_there(shares):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "whole.vxr"
        path.write_bytes(WHOLE)
        with Recording.open(path) as recording:
            tally = Tally()
            scrubber = Scrubber(recording, tally)
            for share in shares:
                at = recording.first + share * recording.duration_s
                scrubber.to(at)
                truth = Tally()
                for item in ITEMS:
                    if item.at <= at:
                        truth.fold(item)
                assert tally.snapshot() == truth.snapshot()
                assert scrubber.whole


def test_scrubbing_far_loads_a_keyframe_and_a_small_step_does_not(tmp_path):
    path = tmp_path / "whole.vxr"
    path.write_bytes(WHOLE)
    with Recording.open(path) as recording:
        tally = Tally()
        scrubber = Scrubber(recording, tally)
        for at, loads in ((recording.last, 1), (recording.first + 1.5, 2), (recording.first + 1.6, 2)):
            scrubber.to(at)
            assert tally.loads == loads
