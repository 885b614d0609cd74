"""Exports: every kind is whole, readable by others, scrubbed, and without texts where that was asked for."""

import json
from dataclasses import replace

import pytest

from support.recordings import RecordedPool, Tally, make_writer
from support.trace_rules import check_trace
from voxpool.errors import RecordingError
from voxpool.events import CloseReason, ConnectionChanged, ConnectionState, SlotChanged, UtteranceQueued
from voxpool.frames.record import FrameKind, FrameRecord
from voxpool.recording.blocks import BlockHead, Kind, pack
from voxpool.recording.export import FORMATS, export
from voxpool.recording.items import AppFault, Asked, Audio, Coming, Mark, PoolBegan, encode
from voxpool.recording.reader import Recording
from voxpool.recording.scrubber import Scrubber

KEY = "bWFkZS11cC1rZXktZm9yLXRlc3RzOm1hZGUtdXAtc2VjcmV0LWZvci10ZXN0cw=="  # made up
TEXT = "A sentence that nobody else says."
ITEMS = RecordedPool(troubles=0.3).busy(5.0)


def frame(serial, at, direction, kind, folded="", connection=1):
    return FrameRecord(serial, at, connection, direction, kind, "c-1", 10, None, kind.value, folded)


def everything():
    """Return a session with all there is."""
    begin, end = ITEMS[0].at, ITEMS[-1].at
    frames = [
        frame(1, begin + 1.0, "out", FrameKind.TEXT, json.dumps({"send_text": TEXT})),
        frame(2, begin + 1.1, "in", FrameKind.AUDIO, '{"result":{"audioChunk":{"audioContent":"*"}}}'),
        frame(3, begin + 3.0, "in", FrameKind.CLOSED, '{"result":{"contextClosed":{}}}'),
        frame(4, begin + 3.5, "out", FrameKind.CREATE, "{}", connection=2),
    ]
    more = [
        Asked(at=end, utterance_id=1, characters=len(TEXT), text=TEXT),
        Mark(at=end, text="here"),
        AppFault(at=end, text=f"A slot failed unexpectedly (ValueError: {TEXT})", details=f"Traceback\n{TEXT}"),
        Audio(at=end, utterance_id=1, sample_rate_hz=8000, start_s=0.0, pcm=bytes(range(256)) * 4),
    ]
    first = PoolBegan(at=begin, rows=20, columns=5, url="https://speech.invalid:8443")
    return sorted([first, *ITEMS, *frames, *more], key=lambda each: each.at)


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    writer = make_writer(tmp_path_factory.mktemp("recorded"), app="voxgrid 1.2")
    for item in everything():
        writer.write(item)
    writer.close()
    with Recording.open(writer.files[0]) as opened:
        yield opened


def exported(recording, tmp_path, name, **options):
    path = tmp_path / f"out{FORMATS[name].suffix}"
    export(recording, path, FORMATS[name], **options)
    assert [each.name for each in tmp_path.iterdir()] == [path.name], "nothing else is left"
    return path


def as_text(path):
    if path.suffix != ".vxr":
        return path.read_text()
    with Recording.open(path) as opened:
        return "".join(opened.text(head).decode() for head in [*opened.heads, *opened.frame_heads])


def test_json_lines_hold_everything_in_the_order_of_time(recording, tmp_path):
    lines = [json.loads(line) for line in exported(recording, tmp_path, "jsonl").read_text().splitlines()]
    assert lines[0]["recording"]["app"] == "voxgrid 1.2"
    times = [line.get("at") or line["frame"]["at"] for line in lines[1:]]
    assert times == sorted(times)
    assert len(times) == len(everything())


def test_a_trace_has_every_stay_in_a_slot_and_nests(recording, tmp_path):
    data = exported(recording, tmp_path, "trace").read_bytes()
    check_trace(data)
    trace = json.loads(data)
    spans = [event for event in trace["traceEvents"] if event["ph"] == "X" and event["cat"] == "slot"]
    stays = [item for item in ITEMS if isinstance(item, SlotChanged) and item.new.holds_slot]
    assert len(spans) == len(stays)
    assert {event["name"] for event in spans} >= {"reserved", "creating", "generating", "draining"}
    threads = {}
    for event in sorted(spans, key=lambda event: event["ts"]):
        assert event["ts"] >= threads.get((event["pid"], event["tid"]), 0.0) - 0.11, "slices of a thread overlap"
        threads[event["pid"], event["tid"]] = event["ts"] + event["dur"]
    connections = [event for event in trace["traceEvents"] if event["ph"] == "X" and event["cat"] == "connection"]
    assert len(connections) >= sum(isinstance(item, ConnectionChanged) and item.old is None for item in ITEMS)
    assert any(event["name"] == "mark: here" for event in trace["traceEvents"])


def test_a_har_has_one_entry_for_each_connection_with_its_messages(recording, tmp_path):
    log = json.loads(exported(recording, tmp_path, "har").read_text())["log"]
    assert log["version"] == "1.2"
    begun = {item.connection_id for item in ITEMS if isinstance(item, ConnectionChanged)}
    assert {int(entry["connection"]) for entry in log["entries"]} == begun | {1, 2}
    first, second = (entry for entry in log["entries"] if entry["_webSocketMessages"])
    assert first["request"]["url"].startswith("wss://speech.invalid:8443/tts/v1/voice:streamBidirectional")
    assert first["response"]["status"] == 101
    assert first["_resourceType"] == "websocket"
    messages = first["_webSocketMessages"]
    assert [message["type"] for message in messages] == ["send", "receive", "receive"]
    assert {message["opcode"] for message in messages} == {1}
    assert json.loads(messages[0]["data"]) == {"send_text": TEXT}
    assert json.loads(messages[1]["data"])["result"]["audioChunk"] == {"audioContent": "*"}
    begin = recording.wall(ITEMS[0].at)
    assert [message["time"] - begin for message in messages] == pytest.approx([1.0, 1.1, 3.0], abs=1e-3)
    assert first["time"] > 0
    assert second["connection"] == "2"
    assert first["startedDateTime"].endswith("+00:00")


@pytest.mark.parametrize(
    ("detail", "status"),
    [
        ("speech.invalid refused another connection (429): the account is at its connection limit", 429),
        ("could not connect to speech.invalid (HTTP 503): Invalid response status", 503),
        ("could not connect to speech.invalid: no such host", 0),
    ],
    ids=["limit", "http", "nobody"],
)
def test_a_har_tells_of_a_connection_that_was_refused(tmp_path, detail, status):
    failed = CloseReason.CONNECT_FAILED
    begun = ConnectionChanged(at=1.0, connection_id=4, row=3, old=None, new=ConnectionState.CONNECTING)
    ended = replace(begun, at=1.5, old=begun.new, new=ConnectionState.CLOSED, reason=failed, detail=detail)
    writer = make_writer(tmp_path)
    for item in (PoolBegan(at=0.5, rows=4, columns=5, url="https://speech.invalid"), begun, ended):
        writer.write(item)
    writer.close()
    (tmp_path / "out").mkdir()
    with Recording(writer.files) as opened:
        (entry,) = json.loads(exported(opened, tmp_path / "out", "har").read_text())["log"]["entries"]
    assert (entry["response"]["status"], entry["response"]["_error"]) == (status, detail)
    assert (entry["time"], entry["_webSocketMessages"], entry["comment"]) == (500.0, [], "closed: connect failed")


def test_a_har_tells_the_connections_of_a_guest_from_those_of_the_pool_in_use(tmp_path):
    def pool(at, url, coming):
        return PoolBegan(at=at, rows=2, columns=5, url=url, coming=coming)

    def said(at):
        return frame(int(at), at, "out", FrameKind.CREATE, "{}")

    writer = make_writer(tmp_path, app="voxgrid")
    for item in (
        *(pool(1.0, "http://127.0.0.1:1", Coming.NEW), said(1.5)),
        *(pool(2.0, "http://127.0.0.1:2", Coming.VISIT), said(2.5)),
        *(pool(3.0, "", Coming.RETURN), said(3.5)),
    ):
        writer.write(item)
    writer.close()
    (tmp_path / "out").mkdir()
    with Recording(writer.files) as opened:
        entries = json.loads(exported(opened, tmp_path / "out", "har").read_text())["log"]["entries"]
    told = [(entry["request"]["url"].split("/")[2], len(entry["_webSocketMessages"])) for entry in entries]
    assert told == [("127.0.0.1:1", 2), ("127.0.0.1:2", 1)]


def test_a_stretch_of_a_recording_shows_the_same_moments(recording, tmp_path):
    begin, end = recording.first + 2.0, recording.first + 4.0
    path = exported(recording, tmp_path, "vxr", stretch=(begin, end))
    with Recording.open(path) as piece:
        assert piece.last < recording.last
        for at in (begin, begin + 0.7, end):
            here, there = Tally(), Tally()
            Scrubber(piece, here).to(at)
            Scrubber(recording, there).to(at)
            assert here.snapshot() == there.snapshot()
        assert piece.problems == ()


@pytest.mark.parametrize("name", FORMATS)
def test_texts_can_be_left_out(recording, tmp_path, name):
    spoken = {item.label for item in ITEMS if isinstance(item, UtteranceQueued)} | {TEXT}
    with_texts = as_text(exported(recording, tmp_path, name))
    assert any(each in with_texts for each in spoken)
    without = as_text(exported(recording, tmp_path, name, texts=False))
    assert not [each for each in spoken if each in without]
    assert len(without) > 1000


@pytest.mark.parametrize("name", FORMATS)
def test_a_foreign_recording_with_a_key_in_it_is_exported_without(tmp_path, name):
    """Ours hold none; whoever made this one did not take care."""
    foreign = tmp_path / "in"
    foreign.mkdir()
    path = foreign / "foreign.vxr"
    lines = [
        encode(UtteranceQueued(at=1.0, utterance_id=1, waiting=0, label=f"say {KEY}", voice=KEY)),
        encode(Mark(at=1.0, text=f"Bearer {KEY}")),
    ]
    frames = encode(frame(1, 1.0, "out", FrameKind.CREATE, json.dumps({"authorization": f"Basic {KEY}"})))
    state = b'{"state":{"x":"%s"},"at":1.0}\n' % KEY.encode()
    path.write_bytes(
        pack(state + b"".join(lines), BlockHead(1.0, 1.0, 5.0, Kind.STATE, 2, marks=1))
        + pack(frames, BlockHead(1.0, 1.0, 5.0, Kind.FRAMES, 1))
    )
    out = tmp_path / "out"
    out.mkdir()
    with Recording.open(path) as opened:
        text = as_text(exported(opened, out, name))
    assert KEY[:10] not in text
    assert len(text) > 100


def test_a_file_that_cannot_be_made_leaves_the_old_one(recording, tmp_path):
    path = tmp_path / "out.har"
    path.write_text("old")

    def fail(_piece):
        yield b"new"
        raise ZeroDivisionError

    broken = type(FORMATS["har"])("har", "", ".har", fail)
    with pytest.raises(ZeroDivisionError):
        export(recording, path, broken)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_recording_itself_is_not_written_over(tmp_path):
    writer = make_writer(tmp_path)
    for item in ITEMS:
        writer.write(item)
    writer.close()
    (file,) = writer.files
    before = file.read_bytes()
    with Recording(writer.files) as recording, pytest.raises(RecordingError, match="is the recording itself"):
        export(recording, file, FORMATS["har"])
    assert file.read_bytes() == before
