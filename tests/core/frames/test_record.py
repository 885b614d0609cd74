"""A frame's record: there and back as plain values, and refused in one sentence."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from support.frame_records import RECORDS
from voxpool.frames.record import (
    KIND_MEANINGS,
    WIRE_NAMES,
    BadRecord,
    FrameKind,
    FrameRecord,
    audio_words,
    kilobytes,
)


@given(RECORDS)
def test_a_record_survives_json(record: FrameRecord) -> None:
    assert FrameRecord.from_dict(json.loads(json.dumps(record.to_dict()))) == record


def test_a_newer_writers_fields_are_passed_over() -> None:
    data = {"serial": 1, "at": 2.0, "connection_id": 3, "direction": "in", "kind": "audio", "mood": "new"}
    assert FrameRecord.from_dict(data) == FrameRecord(1, 2.0, 3, "in", FrameKind.AUDIO)


@pytest.mark.parametrize(
    ("change", "word"),
    [({"serial": "x"}, "serial"), ({"kind": "song"}, "kind"), ({"direction": "up"}, "direction"), ({"at": None}, "at")],
)
def test_a_wrong_field_is_named(change: dict[str, object], word: str) -> None:
    data = {"serial": 1, "at": 2.0, "connection_id": 3, "direction": "in", "kind": "audio", **change}
    with pytest.raises(BadRecord, match=rf"a frame's record cannot be read: .*\$\.{word}"):
        FrameRecord.from_dict(data)


def test_folded_audio_is_told_in_a_few_words() -> None:
    assert audio_words("PCM", 120.0, 5600) == "PCM 120 ms, 5.6 kB"
    assert audio_words("MP3", 0.0, 812) == "MP3, 812 B"
    assert kilobytes(999_949) == "999.9 kB"
    assert kilobytes(1_250_000) == "1.2 MB"


def test_every_kind_has_a_meaning_and_every_known_one_a_name_on_the_wire() -> None:
    assert set(KIND_MEANINGS) == set(FrameKind)
    assert set(FrameKind) - set(WIRE_NAMES) == {FrameKind.OTHER, FrameKind.BROKEN}
