"""Faults as data, and what a client sees of each of them."""

import asyncio
import base64
import contextlib
import json
import time
from dataclasses import replace

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.local_server import running_server
from support.raw_client import act, audio, chunks, create, kinds, text
from voxpool.config import WS_PATH
from voxpool.errors import SettingError
from voxpool.server.config import ServerConfig, TimingProfile
from voxpool.server.faultfiles import read, read_file, read_short
from voxpool.server.faults import EFFECTS, PLACES, Facts, Fault, Faults
from voxpool.server.fragments import fragments
from voxpool.server.spoiling import UNKNOWN_ID, spoil_chunk, spoil_frame

TONE = ServerConfig(engine="tone")
TOKEN = "made-up-control-token"
ALL = [(place, effect) for effect, (places, _) in EFFECTS.items() for place in places]
GONE = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.ERROR)


@pytest.mark.parametrize(("place", "effect"), ALL)
def test_every_effect_at_each_of_its_places_survives_json(place, effect):
    fault = Fault(place, effect, connection=2, probability=0.5, times=3)
    assert read(json.loads(json.dumps(fault.entry()))) == fault


@pytest.mark.parametrize("effect", EFFECTS)
def test_no_effect_strikes_where_it_makes_no_sense(effect):
    for place in set(PLACES) - set(EFFECTS[effect][0]):
        with pytest.raises(SettingError):
            Fault(place, effect)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("audio:drop", Fault("audio", "drop")),
        ("audio:drop,chunk=3,times=1", Fault("audio", "drop", chunk=3, times=1)),
        (
            "upgrade:refuse,http_status=429,probability=0.25",
            Fault("upgrade", "refuse", http_status=429, probability=0.25),
        ),
        (
            "text:status,code=8,message=too much,marker=boom",
            Fault("text", "status", code=8, message="too much", marker="boom"),
        ),
        ("create:stall,seconds=0.5,context_id=c-1", Fault("create", "stall", seconds=0.5, context_id="c-1")),
        ("now:limit,after_s=2,maxConnections=3", Fault("now", "limit", after_s=2.0, max_connections=3)),
    ],
)
def test_the_short_form(line, fault):
    assert read_short(line) == fault


@pytest.mark.parametrize(
    "line",
    [
        "", "drop", "audio", "audio:", "audio:nonsense", "nowhere:drop", "audio:drop,chunk", "audio:drop,chunk=x",
        "audio:drop,colour=red", "upgrade:refuse,http_status=200", "open:disconnect,code=13", "close:stale,count=9999",
        "audio:drop,code=5", "audio:drop,probability=2", "audio:drop,chunk=-1", "open:omit",
    ],
)  # fmt: skip
def test_what_is_no_fault(line):
    with pytest.raises(SettingError):
        read_short(line)


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'[{"place": "audio"}]', b'[{"place": "audio", "effect": 1}]'])
def test_what_is_no_file_of_faults(data):
    with pytest.raises(SettingError):
        read_file(data)


def test_a_file_of_faults():
    assert read_file(b'[{"place": "open", "effect": "silent", "connection": 1}]') == (
        Fault("open", "silent", connection=1),
    )


values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
names = st.sampled_from([*Fault.__dataclass_fields__, "maxConnections", "x"])


@given(st.sampled_from(ALL), st.dictionaries(names, values, max_size=3))
def test_any_object_is_a_fault_or_refused(where, more):
    try:
        fault = read({"place": where[0], "effect": where[1]} | more)
    except SettingError:
        return
    assert read(fault.entry()) == fault


def strikes(fault, facts, *, now=0.0, seed=0):
    return bool(Faults(seed, [fault]).due(fault.place, facts, now))


@pytest.mark.parametrize(
    ("trigger", "facts", "struck"),
    [
        ({}, Facts(1), True),
        ({"connection": 2}, Facts(1), False),
        ({"connection": 2}, Facts(2), True),
        ({"request_id": "r"}, Facts(1, "r"), True),
        ({"request_id": "r"}, Facts(1, "s"), False),
        ({"context": 3}, Facts(1, context=3), True),
        ({"context_id": "c"}, Facts(1, context_id="d"), False),
        ({"chunk": 2}, Facts(1, chunk=2), True),
        ({"marker": "boom"}, Facts(1, text="and boom."), True),
        ({"marker": "boom"}, Facts(1, text="and bang."), False),
        ({"probability": 0.0}, Facts(1), False),
    ],
)
def test_triggers(trigger, facts, struck):
    assert strikes(Fault("audio", "drop", **trigger), facts) is struck


def test_a_fault_strikes_a_number_of_times():
    faults = Faults(0, [Fault("audio", "drop", times=2)])
    assert [bool(faults.due("audio", Facts(i), 0)) for i in range(4)] == [True, True, False, False]
    assert faults.entries()[0]["struck"] == 2


def test_a_fault_has_its_time():
    faults = Faults(0)
    faults.add(Fault("audio", "drop", after_s=5, until_s=10), 100)
    assert [bool(faults.due("audio", Facts(1), 100 + t)) for t in (0, 4.9, 5, 10, 10.1)] == [
        False,
        False,
        True,
        True,
        False,
    ]


def test_chance_comes_from_the_seed_and_not_from_the_order():
    fault = Fault("audio", "drop", probability=0.3)
    places = [Facts(c, context=x, chunk=n) for c in range(10) for x in range(5) for n in range(10)]
    forward = {facts: bool(Faults(7, [fault]).due("audio", facts, 0)) for facts in places}
    backward = {facts: bool(Faults(7, [fault]).due("audio", facts, 0)) for facts in reversed(places)}
    assert forward == backward
    assert 100 < sum(forward.values()) < 200
    other = {facts: bool(Faults(8, [fault]).due("audio", facts, 0)) for facts in places}
    assert other != forward


def test_taking_faults_away():
    faults = Faults(0, [Fault("audio", "drop"), Fault("open", "silent")])
    assert faults.remove(1)
    assert not faults.remove(1)
    assert [entry["id"] for entry in faults.entries()] == [2]
    faults.clear()
    assert not faults


@given(st.binary(max_size=70_000), st.integers(1, 5))
def test_fragments_are_one_message(message, count):
    data, got, opcodes = fragments(message, count), b"", []
    while data:
        first, length = data[0], data[1]
        size = {126: 4, 127: 10}.get(length, 2)
        length = int.from_bytes(data[2:size], "big") if size > 2 else length
        opcodes.append(first)
        got += data[size : size + length]
        data = data[size + length :]
    assert got == message
    assert [op & 15 for op in opcodes] == [1] + [0] * (len(opcodes) - 1)
    assert [op >> 7 for op in opcodes] == [0] * (len(opcodes) - 1) + [1]


def test_spoiling_leaves_alone_what_is_no_matter_of_frames():
    frame = b'{"result":{"contextId":"c","audioChunk":{},"status":{}}}'
    assert spoil_frame(frame, [Fault("audio", "rate")]) == [frame]
    body = {"audioContent": "AAAA", "timestampInfo": None}
    assert spoil_chunk(body, [Fault("audio", "rate"), Fault("audio", "shuffled_timestamps")]) == body


def with_faults(*lines, **changes):
    return replace(TONE, faults=tuple(read_short(line) for line in lines), **changes)


SPEAK = (create(), text("Hello there, all of you.", flush=True), act("close_context"))


async def test_after_a_refused_upgrade_the_next_has_a_chance_of_its_own(serve, http):
    # A refused one gets no number: by that alone the same draw would refuse every upgrade from then on.
    url = await serve(with_faults("upgrade:refuse,probability=0.5"))
    opened = 0
    for _ in range(40):
        with contextlib.suppress(aiohttp.WSServerHandshakeError):
            await (await http.ws_connect(url + WS_PATH)).close()
            opened += 1
    assert 5 < opened < 35


async def test_after_a_refused_context_the_next_has_a_chance_of_its_own(connect):
    raw = await connect(with_faults("create:status,probability=0.5"))
    for number in range(40):
        await raw.send(create(str(number)), act("close_context", str(number)))
    await raw.send(text("", "nobody"))
    frames = await raw.until("status", "nobody")
    assert 5 < kinds(frames).count("contextCreated") < 35


async def test_the_ledger_leaves_out_what_had_ended_before(connect, http):
    raw = await connect()
    ledger, asked = raw.url + "/voxgrid/v1/ledger", {}
    for name in ("one", "two"):
        await raw.send(create(name), act("close_context", name))
        await raw.until("contextClosed", name)
        async with http.get(ledger, params=asked) as response:
            body = await response.json()
        assert [each["contextId"] for each in body["connections"][0]["endedContexts"]] == [name]
        asked = {"since": str(body["now"])}
    async with http.get(ledger, params={"since": "soon"}) as response:
        assert response.status == 400


@pytest.mark.parametrize("status", [401, 429, 503])
async def test_a_refused_upgrade(connect, status):
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await connect(with_faults(f"upgrade:refuse,http_status={status}"))
    assert caught.value.status == status


async def test_an_upgrade_that_never_comes(connect):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await connect(with_faults("upgrade:stall"))


@pytest.mark.parametrize("effect", ["silent", "half_open"])
async def test_a_connection_that_says_nothing(connect, effect):
    raw = await connect(with_faults(f"open:{effect}"))
    await raw.send(*SPEAK)
    await raw.quiet(0.15)
    # The difference: a pong.
    await raw.socket.ping(b"x")
    await raw.quiet(0.05)


@pytest.mark.parametrize(("place", "seen"), [("open", 0), ("create", 0), ("text", 1), ("audio", 1), ("flush", 3)])
async def test_a_connection_cut_at_a_place(connect, place, seen):
    raw = await connect(with_faults(f"{place}:drop"))
    with contextlib.suppress(ConnectionError):
        await raw.send(*SPEAK)
    while isinstance(await raw.frame(), dict):
        pass
    assert raw.socket.close_code == 1006
    assert len(raw.seen) >= seen
    assert "flushCompleted" not in kinds(raw.seen)


async def test_a_connection_cut_in_the_middle_of_audio(connect):
    config = with_faults("audio:drop,chunk=3", timing=TimingProfile(delivery_rate=8))
    raw = await connect(config)
    await raw.send(create(), text("Hello there, all of you who listen.", flush=True))
    while isinstance(await raw.frame(), dict):
        pass
    assert len(audio(raw.seen)) == 2
    assert raw.socket.close_code == 1006


async def test_a_connection_closed_with_a_code(connect):
    raw = await connect(with_faults("text:disconnect,code=1013,message=try later"))
    await raw.send(*SPEAK)
    while isinstance(await raw.frame(), dict):
        pass
    assert raw.socket.close_code == 1013


async def test_a_fatal_error(connect):
    raw = await connect(with_faults("audio:fatal,code=14,message=upstream is gone"))
    await raw.send(*SPEAK)
    frames = await raw.until("error")
    assert frames[-1] == {"error": {"code": 14, "message": "upstream is gone", "details": []}}
    assert await raw.frame() in GONE
    assert raw.socket.close_code == 1000


async def test_an_early_inactivity_cut(connect):
    raw = await connect(with_faults("audio:inactive,chunk=2"))
    await raw.send(*SPEAK)
    assert (await raw.until("error"))[-1]["error"]["code"] == 10
    assert await raw.frame() in GONE
    assert raw.socket.close_code == 1006


async def test_the_reason_of_an_inactivity_cut_reaches_a_client_that_goes_on_sending():
    # An abort would be answered by a reset of the client's first frame, and its second would fail for it, with the
    # reason unread.  The server is a process of its own, so that it has cut while this loop is held.
    with running_server("--engine", "tone", "--fault", "open:inactive") as server:
        url = server.url.replace("http", "ws") + WS_PATH
        for _ in range(8):
            async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
                time.sleep(0.05)  # noqa: ASYNC251 - the race is forced: nothing is read meanwhile
                for _ in range(3):
                    await socket.send_str("{}")
                assert (await socket.receive_json(timeout=5))["error"]["code"] == 10


@pytest.mark.parametrize(
    ("place", "before"),
    [
        ("create", []),
        ("text", ["contextCreated"]),
        ("audio", ["contextCreated"]),
        ("flush", ["contextCreated", "audioChunk"]),
        ("close", ["contextCreated", "audioChunk", "flushCompleted"]),
    ],
)
async def test_a_status_at_a_place(connect, place, before):
    raw = await connect(with_faults(f"{place}:status,code=13,message=it broke"))
    await raw.send(*SPEAK)
    frames = await raw.until("status")
    assert list(dict.fromkeys(kinds(frames))) == [*before, 13]
    assert frames[-1]["result"]["status"] == {"code": 13, "message": "it broke", "details": []}
    # The context is gone, the connection is not.
    await raw.send(create("d"), act("cancel_context", "d"))
    later = await raw.until("contextClosed", "d") if place != "create" else await raw.until("status", "d")
    assert later


async def test_a_context_that_is_never_confirmed(connect):
    raw = await connect(with_faults("create:omit"))
    await raw.send(*SPEAK)
    assert kinds(await raw.until("contextClosed"))[0] == "audioChunk"


async def test_a_context_that_is_never_closed_keeps_its_slot(connect):
    raw = await connect(with_faults("close:omit,context_id=c"))
    await raw.send(*SPEAK)
    await raw.until("flushCompleted")
    await raw.quiet()
    await raw.send(*(create(str(i)) for i in range(5)))
    frames = [await raw.frame() for _ in range(5)]
    assert kinds(frames) == ["contextCreated"] * 4 + [8]


async def test_a_cancel_that_is_never_confirmed(connect):
    raw = await connect(with_faults("close:omit"))
    await raw.send(create(), act("cancel_context"))
    await raw.until("contextCreated")
    await raw.quiet()


async def test_a_flush_that_is_never_completed(connect):
    raw = await connect(with_faults("flush:omit"))
    await raw.send(*SPEAK)
    assert "flushCompleted" not in kinds(await raw.until("contextClosed"))


async def test_stale_frames_of_a_closed_context(connect):
    raw = await connect(with_faults("close:stale,count=3"))
    await raw.send(*SPEAK)
    await raw.until("contextClosed")
    stale = [await raw.frame() for _ in range(3)]
    assert {frame["result"]["contextId"] for frame in stale} == {"c"}
    assert "audioChunk" in kinds(stale)
    await raw.quiet(0.05)


async def test_frames_for_an_unknown_id(connect):
    raw = await connect(with_faults("audio:unknown_id,chunk=1"))
    await raw.send(*SPEAK)
    frames = await raw.until("contextClosed")
    assert next(f["result"]["contextId"] for f in frames if "audioChunk" in f["result"]) == UNKNOWN_ID


async def test_malformed_json(connect):
    raw = await connect(with_faults("audio:malformed,chunk=1"))
    await raw.send(*SPEAK)
    await raw.until("contextCreated")
    broken = (await raw.socket.receive(5)).data
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(broken)
    assert "audioChunk" in kinds(await raw.until("contextClosed"))


@pytest.mark.parametrize(
    ("place", "key"), [("create", "contextCreated"), ("audio", "audioChunk"), ("close", "contextClosed")]
)
async def test_wrong_types(connect, place, key):
    raw = await connect(with_faults(f"{place}:wrong_types"))
    await raw.send(*SPEAK)
    frame = (await raw.until(key))[-1]
    assert frame["result"][key] == 5
    assert frame["result"]["status"] == []


async def test_invalid_base64(connect):
    raw = await connect(with_faults("audio:bad_base64,chunk=2"))
    await raw.send(*SPEAK)
    first, second, *_ = chunks(await raw.until("contextClosed"))
    base64.b64decode(first["audioContent"], validate=True)
    with pytest.raises(ValueError, match="base64"):
        base64.b64decode(second["audioContent"], validate=True)


async def test_empty_and_truncated_audio(connect, http):
    raw = await connect(with_faults("audio:empty_audio,chunk=1", "audio:truncated_audio,chunk=2"))
    await raw.send(*SPEAK)
    first, second, *rest = audio(await raw.until("contextClosed"))
    assert first == b""
    assert len(second) % 2 == 1
    async with http.get(raw.url + "/voxgrid/v1/ledger") as response:
        (connection,) = (await response.json())["connections"]
    (context,) = connection["endedContexts"]
    assert context["audioBytes"] == sum(map(len, [second, *rest]))
    assert connection["faults"] == 2


async def test_timestamps_out_of_order(connect):
    raw = await connect(with_faults("audio:shuffled_timestamps"))
    await raw.send(create(timestampType="WORD"), *SPEAK[1:])
    frames = await raw.until("contextClosed")
    starts = [
        chunk["timestampInfo"]["wordAlignment"]["wordStartTimeSeconds"]
        for chunk in chunks(frames)
        if chunk["timestampInfo"]
    ]
    assert any(times != sorted(times) for times in starts)


async def test_fragmented_frames_are_read_by_a_client(connect):
    raw = await connect(with_faults(*(f"{place}:fragments" for place in ("create", "audio", "flush", "close"))))
    await raw.send(*SPEAK)
    plain = await connect()
    await plain.send(*SPEAK)
    assert await raw.until("contextClosed") == await plain.until("contextClosed")


async def test_a_burst_and_then_a_stall(connect):
    config = with_faults("audio:rate,rate=0,chunk=1", "audio:stall,chunk=4", timing=TimingProfile(delivery_rate=0.01))
    raw = await connect(config)
    await raw.send(create(), text("A sentence that is long enough for several chunks of it.", flush=True))
    await raw.until("contextCreated")
    for _ in range(3):
        assert kinds([await raw.frame(1)]) == ["audioChunk"]
    await raw.quiet()
    # Only this context stalls.
    await raw.send(create("d"), act("close_context", "d"))
    await raw.until("contextClosed", "d")


async def test_a_latency_spike(connect):
    raw = await connect(with_faults("audio:stall,seconds=0.2,chunk=2"))
    loop = asyncio.get_running_loop()
    await raw.send(*SPEAK)
    await raw.until("audioChunk")
    first = loop.time()
    await raw.until("audioChunk")
    assert loop.time() - first > 0.15
    await raw.until("contextClosed")


async def test_audio_slower_than_real_time(connect):
    raw = await connect(with_faults("audio:rate,rate=0.5,chunk=1"))
    loop = asyncio.get_running_loop()
    await raw.send(create(), text("Ab cd ef.", flush=True))
    await raw.until("audioChunk")
    first = loop.time()
    heard = sum(map(len, audio(await raw.until("flushCompleted")))) / 16000
    assert loop.time() - first > 1.2 * heard


async def test_the_network_delays_every_frame_and_keeps_their_order(connect):
    plain = await connect()
    await plain.send(*SPEAK)
    expected = await plain.until("contextClosed")
    raw = await connect(replace(TONE, timing=TimingProfile(network_s=0.1)))
    loop = asyncio.get_running_loop()
    began = loop.time()
    await raw.send(*SPEAK)
    frames = await raw.until("contextClosed")
    assert loop.time() - began >= 0.09
    assert frames == expected
    await raw.send("nonsense")
    began = loop.time()
    await raw.frame()
    assert loop.time() - began >= 0.09


async def control(http, url, method, path, body=None, token=TOKEN):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = None if body is None else json.dumps(body)
    async with http.request(method, f"{url}/voxgrid/v1/{path}", data=data, headers=headers) as response:
        return response.status, await response.json()


async def test_faults_are_set_and_taken_away_while_it_runs(connect, http):
    raw = await connect(replace(TONE, control_token=TOKEN))
    status, answer = await control(http, raw.url, "POST", "faults", {"place": "create", "effect": "status", "code": 8})
    assert (status, answer) == (200, {"id": 1})
    await raw.send(create())
    assert kinds([await raw.frame()]) == [8]
    _, answer = await control(http, raw.url, "GET", "faults")
    assert answer == {"faults": [{"id": 1, "struck": 1, "place": "create", "effect": "status", "code": 8}]}
    assert (await control(http, raw.url, "DELETE", "faults/1"))[0] == 200
    assert (await control(http, raw.url, "DELETE", "faults/1"))[0] == 404
    await raw.send(create())
    assert kinds([await raw.frame()]) == ["contextCreated"]
    await control(http, raw.url, "POST", "faults", {"place": "text", "effect": "silent"})
    assert (await control(http, raw.url, "DELETE", "faults"))[0] == 200
    assert (await control(http, raw.url, "GET", "faults"))[1] == {"faults": []}


async def test_breaking_a_context_and_a_connection_at_once(connect, http):
    raw = await connect(replace(TONE, control_token=TOKEN, timing=TimingProfile(delivery_rate=1)))
    other = await connect(url=raw.url)
    for each in (raw, other):
        await each.send(create("a"), create("b"), text("A long story. " * 20, "a", flush=True))
        await each.until("audioChunk")
    fault = {"place": "now", "effect": "status", "code": 13, "contextId": "a", "connection": 1}
    assert (await control(http, raw.url, "POST", "faults", fault))[1] == {"id": 1, "struck": 1}
    assert (await raw.until("status"))[-1]["result"]["contextId"] == "a"
    fault = {"place": "now", "effect": "drop", "connection": 1}
    assert (await control(http, raw.url, "POST", "faults", fault))[1]["struck"] == 1
    while isinstance(await raw.frame(), dict):
        pass
    assert raw.socket.close_code == 1006
    await other.until("audioChunk")
    fault = {"place": "now", "effect": "disconnect", "code": 1012, "contextId": "b"}
    assert (await control(http, raw.url, "POST", "faults", fault))[1]["struck"] == 1
    while isinstance(await other.frame(), dict):
        pass
    assert other.socket.close_code == 1012
    assert (await control(http, raw.url, "GET", "faults"))[1] == {"faults": []}


async def test_a_connection_stalls_at_once_for_as_long_as_it_is_told(connect, http):
    raw = await connect(replace(TONE, control_token=TOKEN, timing=TimingProfile(delivery_rate=4), chunk_s=0.1))
    other = await connect(url=raw.url)
    for each in (raw, other):
        await each.send(create("a"), text("A long story. " * 20, "a", flush=True))
        await each.until("audioChunk")
    loop = asyncio.get_running_loop()
    fault = {"place": "now", "effect": "stall", "seconds": 0.4, "connection": 1}
    # The answer does not wait for the end of the stall.
    assert (await control(http, raw.url, "POST", "faults", fault))[1] == {"id": 1, "struck": 1}
    assert (await control(http, raw.url, "GET", "faults"))[1] == {"faults": []}
    await other.until("audioChunk")
    waited = 0.0
    while waited < 0.3:
        before = loop.time()
        await raw.until("audioChunk")
        waited = loop.time() - before
    # For good, until somebody ends the connection.
    del fault["seconds"]
    assert (await control(http, raw.url, "POST", "faults", fault))[1]["struck"] == 1
    fault["effect"] = "drop"
    assert (await control(http, raw.url, "POST", "faults", fault))[1]["struck"] == 1
    while isinstance(await raw.frame(), dict):
        pass
    assert raw.socket.close_code == 1006


async def test_limits_change_while_it_runs(connect, http):
    raw = await connect(replace(TONE, control_token=TOKEN))
    status, answer = await control(http, raw.url, "POST", "limits", {"contextsPerConnection": 2, "max_connections": 1})
    assert status == 200
    assert answer == {"contextsPerConnection": 2, "maxConnections": 1, "maxGenerations": 0}
    await raw.send(*(create(str(i)) for i in range(3)))
    frames = await raw.until("status")
    assert kinds(frames) == ["contextCreated", "contextCreated", 8]
    assert "limit of 2 TTS contexts" in frames[-1]["result"]["status"]["message"]
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await connect(url=raw.url)


async def test_a_limit_that_falls_after_a_while(connect, http):
    raw = await connect(with_faults("now:limit,after_s=0.1,contexts_per_connection=1"))
    await raw.send(create("a"), create("b"))
    assert kinds([await raw.frame(), await raw.frame()]) == ["contextCreated"] * 2
    for _ in range(100):
        async with http.get(raw.url + "/voxgrid/v1/health") as response:
            if (await response.json())["contextsPerConnection"] == 1:
                break
        await asyncio.sleep(0.01)
    # Those that are open go on.
    await raw.send(create("c"), act("close_context", "a"))
    assert kinds(await raw.until("contextClosed")) == [8, "contextClosed"]


async def limits_of(http, url):
    async with http.get(url + "/voxgrid/v1/health") as response:
        answer = await response.json()
    return answer["contextsPerConnection"], answer["maxConnections"], answer["maxGenerations"]


async def listed(http, url):
    async with http.get(url + "/voxgrid/v1/faults") as response:
        return (await response.json())["faults"]


async def test_a_changed_limit_is_a_fault_in_force_until_it_is_removed(serve, http):
    url = await serve(replace(TONE, control_token=TOKEN))
    await control(http, url, "POST", "limits", {"maxGenerations": 9})
    own = await limits_of(http, url)
    fault = {"place": "now", "effect": "limit"}
    first = (await control(http, url, "POST", "faults", {**fault, "maxConnections": 3}))[1]["id"]
    second = (await control(http, url, "POST", "faults", {**fault, "maxConnections": 2, "maxGenerations": 1}))[1]["id"]
    assert await limits_of(http, url) == (own[0], 2, 1)
    assert [(each["id"], each["struck"]) for each in await listed(http, url)] == [(first, 1), (second, 1)]
    await control(http, url, "DELETE", f"faults/{second}", None)
    assert await limits_of(http, url) == (own[0], 3, 9)
    await control(http, url, "DELETE", "faults", None)
    assert await limits_of(http, url) == own
    assert await listed(http, url) == []


async def test_a_limit_that_is_removed_before_its_time_changes_nothing(serve, http):
    url = await serve(with_faults("now:limit,after_s=0.05,contexts_per_connection=1", control_token=TOKEN))
    own = await limits_of(http, url)
    assert (await control(http, url, "DELETE", "faults/1", None))[0] == 200
    await asyncio.sleep(0.1)
    assert await limits_of(http, url) == own


@pytest.mark.parametrize(
    ("config", "token", "status"),
    [
        (TONE, TOKEN, 403),
        (replace(TONE, control_token=TOKEN), "wrong", 401),
        (replace(TONE, control_token=TOKEN), "", 401),
    ],
)
async def test_changes_need_the_token(serve, http, config, token, status):
    url = await serve(config)
    fault = {"place": "open", "effect": "silent"}
    for method, path, body in (("POST", "faults", fault), ("DELETE", "faults", None), ("POST", "limits", {})):
        assert (await control(http, url, method, path, body, token))[0] == status


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"place": "open"}),
        ("faults", {"place": "open", "effect": "omit"}),
        ("faults", []),
        ("limits", {"maxConnections": -1}),
        ("limits", {"maxConnections": "3"}),
        ("limits", {"maxConnections": True}),
    ],
)
async def test_wrong_changes_are_told_in_a_sentence(serve, http, path, body):
    url = await serve(replace(TONE, control_token=TOKEN))
    status, answer = await control(http, url, "POST", path, body)
    assert status == 400
    assert answer["code"] == 3
    assert answer["message"]


async def test_the_reason_of_a_close_is_cut_between_characters(connect):
    fault = Fault("open", "disconnect", code=1012, message="a" + "ü" * 60)
    raw = await connect(replace(TONE, faults=(fault,)))
    goodbye = await raw.socket.receive(5)
    assert (goodbye.type, goodbye.data, goodbye.extra) == (aiohttp.WSMsgType.CLOSE, 1012, "a" + "ü" * 49)
