"""Lines: everything is read back as it was, and nothing impossible is let in."""

import contextlib
import json
import sys

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.recordings import RecordedPool
from voxpool.frames.record import FrameKind, FrameRecord
from voxpool.recording.blocks import DamagedBlock
from voxpool.recording.items import (
    AppFault,
    Asked,
    Audio,
    Coming,
    Mark,
    PoolBegan,
    PoolResized,
    RunMark,
    RunTick,
    Second,
    Sounds,
    check_plain,
    decode,
    encode,
    looks_plain,
)

ITEMS = [
    PoolBegan(at=1.5, rows=20, columns=5),
    PoolBegan(at=1.5, rows=2, columns=3, url="http://127.0.0.1:1", coming=Coming.VISIT),
    PoolResized(at=2.0, rows=3),
    Second(at=3.0),
    Sounds(at=4.0, cells=[(0, 4, 12, 1.5, 3.0, None, "0af"), (19, 0, 13, 1.0, 1.0, 0.5, "")]),
    Asked(at=5.0, utterance_id=3, characters=5, text="Héllo", voice="Joe", model="m"),
    Mark(at=6.0, text="here", kind="fault"),
    AppFault(at=6.2, text="A slot failed unexpectedly (ValueError: no)", details="Traceback"),
    RunMark(at=6.5, kind="phase", text="ramp from 4 to 60 a second"),
    RunTick(at=6.5, phase="ramp", target=4.5, stalls=2, loop_lag_ms=31.5, late_start_ms=0.5, cpu_percent=120.0),
    Audio(at=7.0, utterance_id=1, sample_rate_hz=24_000, start_s=0.5, pcm=b"\x00\x01\xff"),
    FrameRecord(1, 2.5, 3, "in", FrameKind.AUDIO, "c-1", 5600, None, "PCM 120 ms, 5.6 kB", "{}", 4000, 120.0, 3.0),
]


@pytest.mark.parametrize("item", ITEMS, ids=[f"{place}-{type(item).__name__}" for place, item in enumerate(ITEMS)])
def test_an_item_is_read_back(item):
    line = encode(item)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line) == item


def test_every_event_is_read_back():
    for event in RecordedPool(troubles=0.3).busy(3.0):
        assert decode(encode(event)) == event


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"7",
        b'{"event":"Nonsense","at":1}',
        b'{"event":"ConnectionPinged","at":1,"connection_id":1,"row":1000000000,"ping_ms":1}',
        b'{"event":"ConnectionPinged","at":1,"connection_id":1,"row":-1,"ping_ms":1}',
        b'{"event":"ConnectionPinged","at":1,"connection_id":99999999999999999999,"row":1,"ping_ms":1}',
        b'{"event":"ConnectionPinged","at":1e300,"connection_id":1,"row":1,"ping_ms":1}',
        b'{"event":"ConnectionPinged","at":null,"connection_id":1,"row":1,"ping_ms":1}',
        b'{"item":"PoolBegan","at":1,"rows":1000000,"columns":5}',
        b'{"item":"PoolBegan","at":1,"rows":0,"columns":5}',
        b'{"item":"PoolBegan","at":1,"rows":1,"columns":5,"coming":"by train"}',
        b'{"item":"PoolResized","at":1,"rows":-3}',
        b'{"item":"Sounds","at":1,"cells":[[5000,0,1,1.0,1.0,null,""]]}',
        b'{"item":"Mark","at":1}',
        b'{"item":["Mark"],"at":1}',
        b'{"frame":[]}',
        b'{"frame":{"serial":1}}',
    ],
)
def test_what_cannot_be_is_refused_in_words(line):
    with pytest.raises(DamagedBlock):
        decode(line)


def test_a_frame_that_was_written_takes_no_more_memory_than_before():
    frame = FrameRecord(
        1, 1.0, 1, "in", FrameKind.AUDIO, summary="120 ms · 3 words", folded='{"phones":"\u02c8w\u025b"}'
    )
    sizes = [sys.getsizeof(text) for text in (frame.summary, frame.folded)]
    assert decode(encode(frame)) == frame
    assert [sys.getsizeof(text) for text in (frame.summary, frame.folded)] == sizes


@pytest.mark.parametrize("line", [b'{"weather":"fine","at":1}', b'{"item":"Weather","at":1,"sun":true}'])
def test_what_a_newer_version_may_write_is_passed_over(line):
    assert decode(line) is None


def test_a_pool_of_a_recording_from_before_there_were_visits_is_a_new_one():
    line = b'{"item":"PoolBegan","at":1.0,"rows":20,"columns":5,"url":""}'
    assert decode(line) == PoolBegan(at=1.0, rows=20, columns=5, coming=Coming.NEW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=5), inside, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=5) | st.integers(0, 2**60).map(str), JSON, max_size=4))
def test_what_looks_plain_has_no_number_that_is_too_large(data):
    for option in (None, orjson.OPT_INDENT_2):
        text = orjson.dumps(data, option=option)
        if looks_plain(text):
            check_plain(orjson.loads(text))
            assert all(len(key) < 10 for key in data if key.isdecimal())


def test_what_is_written_looks_plain():
    lines = b"".join(encode(item) for item in [*RecordedPool(troubles=0.3).busy(3.0), *ITEMS[:3]])
    assert looks_plain(lines)


@given(st.sampled_from(ITEMS), st.data())
def test_any_value_in_any_place_is_read_or_refused(item, data):
    plain = json.loads(encode(item))
    inside = plain.get("frame", plain)
    inside[data.draw(st.sampled_from(sorted(inside)))] = data.draw(JSON)
    with contextlib.suppress(DamagedBlock):  # and nothing else
        assert decode(json.dumps(plain).encode()) is not item
