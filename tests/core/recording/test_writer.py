"""Writing: what a crash costs, what is kept, what is left out."""

import gzip
import json
import os
import sys
from dataclasses import fields, replace

import pytest

from support.recordings import SMALL, RecordedPool, Tally, make_writer
from voxpool.config import Credential
from voxpool.errors import RecordingError
from voxpool.events import Event, PoolNotice, UtteranceQueued
from voxpool.frames.record import FrameKind, FrameRecord
from voxpool.recording.items import AppFault, Asked, Mark, Second, Sounds
from voxpool.recording.reader import Recording
from voxpool.recording.writer import Limits

KEY = "bWFkZS11cC1rZXktZm9yLXRlc3RzOm1hZGUtdXAtc2VjcmV0LWZvci10ZXN0cw=="  # made up


def written(folder, items, **options):
    writer = make_writer(folder, **options)
    for item in items:
        writer.write(item)
    writer.close()
    return writer.files


def plain(folder):
    return b"".join(gzip.decompress(path.read_bytes()) for path in sorted(folder.glob("*.vxr"))).decode()


def test_everything_comes_back_in_its_order(tmp_path):
    items = RecordedPool().busy(5.0)
    with Recording.open(written(tmp_path, items)[0]) as recording:
        assert list(recording.items()) == items
        assert recording.problems == ()
        assert recording.opening.session == "session"
        assert recording.wall(recording.last) == 1_700_000_000.0 + recording.last


def test_a_crash_loses_the_last_block_and_nothing_else(tmp_path):
    items = RecordedPool().busy(5.0)
    writer = make_writer(tmp_path)
    for item in items:
        writer.write(item)
    # Not closed yet: what is on the disk now is what a crash would leave.
    with Recording.open(writer.files[0]) as recording:
        kept = list(recording.items())
    writer.close()
    assert kept == items[: len(kept)]
    assert items[-1].at - kept[-1].at <= SMALL.block_s + 0.21  # the pool moves in steps of 0.2 s


def test_a_quiet_time_is_written_too(tmp_path):
    writer = make_writer(tmp_path)
    writer.write(Second(at=1.0))
    writer.tick(1.1)
    assert writer.files
    with Recording(writer.files) as recording:
        assert list(recording.items()) == []
        writer.tick(1.3)
        recording.refresh()
        assert list(recording.items()) == [Second(at=1.0)]
    writer.close()


def test_a_file_that_is_full_is_followed_by_another_that_stands_for_itself(tmp_path):
    items = RecordedPool().busy(8.0)
    files = written(tmp_path, items, limits=replace(SMALL, file_bytes=8_000))
    assert len(files) > 2
    with Recording.open(files[1]) as recording:
        assert recording.paths == tuple(files)
        assert list(recording.items()) == items
    with Recording([files[2]]) as recording:
        assert next(recording.keyframes_before(recording.first))[0] == 0


def test_the_oldest_files_go_first(tmp_path):
    items = RecordedPool().busy(12.0)
    files = written(tmp_path, items, limits=replace(SMALL, file_bytes=8_000, folder_bytes=24_000))
    there = sorted(tmp_path.glob("*.vxr"))
    assert there == files
    assert there[0].name != "session.0001.vxr"
    assert sum(path.stat().st_size for path in there) < 32_000
    with Recording.open(there[0]) as recording:
        kept = list(recording.items())
        assert kept == items[-len(kept) :]


def test_a_file_that_cannot_be_removed_now_is_no_reason_to_stop(tmp_path, monkeypatch):
    def refuse(self, missing_ok=False):
        raise PermissionError(13, "somebody looks into it")

    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    items = RecordedPool().busy(6.0)
    files = written(tmp_path, items, limits=replace(SMALL, file_bytes=8_000, folder_bytes=16_000))
    with Recording(files) as recording:
        assert list(recording.items()) == items


def test_files_that_are_too_old_go_when_a_session_begins(tmp_path):
    first = written(tmp_path, [Second(at=1.0)], session="first")
    later = first[0].stat().st_mtime + 100.0
    second = written(
        tmp_path, [Second(at=1.0)], session="second", limits=replace(SMALL, age_s=50.0), wall=lambda: later
    )
    assert list(tmp_path.glob("*")) == second


def test_a_disk_that_is_nearly_full_is_left_alone(tmp_path):
    writer = make_writer(tmp_path, limits=Limits(free_bytes=2**62))
    with pytest.raises(RecordingError, match="nearly full"):
        writer.write(Second(at=1.0))


def seeded(event):
    """Put a key into every text of an event."""
    texts = [field.name for field in fields(event) if type(getattr(event, field.name)) is str]
    return replace(event, **{name: f"Basic {KEY} in {name}" for name in texts})


def test_no_credential_reaches_the_disk_in_whatever_field_it_stands(tmp_path):
    short = Credential.basic("madeup1")  # known to the session, and like no key
    events = [seeded(event) for event in RecordedPool(troubles=0.3).busy(3.0) if isinstance(event, Event)]
    at = events[-1].at
    folded = json.dumps({"create": {"authorization": f"Basic {KEY}", "voice": "madeup1"}})
    more = [
        PoolNotice(at=at, kind="x", text=f"madeup1 and {KEY}"),
        Mark(at=at, text=KEY, kind=KEY),
        AppFault(at=at, text=f"failed with {KEY}", details=f"Traceback {KEY} madeup1"),
        Asked(at=at, utterance_id=1, characters=9, text=f"say {KEY} madeup1", voice=KEY, model=KEY),
        Sounds(at=at, cells=[(0, 0, 1, 1.0, 1.0, None, KEY)]),
        FrameRecord(1, at, 1, "out", FrameKind.CREATE, KEY, 10, None, f"Bearer {KEY}", folded),
        FrameRecord(2, at, 1, "in", FrameKind.ERROR, "c", 10, 7, 'API key "bWFk***"', '{"error":"bWFk***"}'),
    ]
    files = written(tmp_path, [*events, *more], known=lambda: [short.scrub], app=KEY)
    text = plain(tmp_path)
    assert len(text) > 10_000
    assert '"state":' in text
    for secret in (KEY, KEY[:8], "bWFk", "madeup1"):
        assert secret not in text, secret
    with Recording.open(files[0]) as recording:
        assert len(list(recording.items())) == len(events) + 5
        assert len(list(recording.frames())) == 2
        assert recording.problems == ()


def test_texts_can_be_left_out_of_lines_frames_and_keyframes(tmp_path):
    items = RecordedPool().busy(3.0)
    spoken = {item.label for item in items if isinstance(item, UtteranceQueued)}
    at = items[-1].at
    more = [
        Asked(at=at, utterance_id=1, characters=12, text="Hello there."),
        AppFault(at=at, text="A slot failed (ValueError: Hello there.)", details="ValueError: Hello there."),
        FrameRecord(1, at, 1, "out", FrameKind.TEXT, "c", 10, None, "“Hello there.”", '{"send_text":"Hello there."}'),
        FrameRecord(2, at, 1, "in", FrameKind.TIMES, "c", 10, None, "2 words", '{"timestampInfo":"Hello there."}'),
    ]
    files = written(tmp_path, [*items, *more], texts=False)
    text = plain(tmp_path)
    assert not [each for each in {*spoken, "Hello there."} if each in text]
    with Recording.open(files[0]) as recording:
        queued = next(item for item in recording.items() if isinstance(item, UtteranceQueued))
        original = next(item for item in items if isinstance(item, UtteranceQueued))
        assert queued.label == f"({len(original.label)} characters)"
        assert not recording.opening.texts


def test_a_keyframe_is_the_state_before_its_block(tmp_path):
    items = RecordedPool().busy(4.0)
    with Recording.open(written(tmp_path, items)[0]) as recording:
        keyframes = list(recording.keyframes_before(recording.last))
        assert len(keyframes) >= 3
        for number, state in keyframes:
            truth, kept = Tally(), Tally()
            kept.load(state)
            for item in items[: kept.count]:
                truth.fold(item)
            assert truth.snapshot() == state
            assert recording.block(number)[0][0] == items[kept.count]


@pytest.mark.skipif(sys.platform == "win32", reason="modes mean nothing there")
def test_recordings_and_their_folder_are_for_their_user_alone(tmp_path):
    there = tmp_path / "there"
    there.mkdir(mode=0o755)
    before = os.umask(0o022)
    try:
        made = written(tmp_path / "new" / "deep", [Second(at=1.0)])
        kept = written(there, [Second(at=1.0)])
    finally:
        os.umask(before)
    modes = {path: path.stat().st_mode & 0o777 for path in (*made, made[0].parent, made[0].parent.parent, *kept, there)}
    assert list(modes.values()) == [0o600, 0o700, 0o700, 0o600, 0o755]
