"""What goes over the wire, frame by frame, with the test tone."""

import asyncio
import base64
import hashlib
from dataclasses import replace

import aiohttp
import pytest

from support.raw_client import act, audio, chunks, create, kinds, text
from voxpool.server.config import ServerConfig, TimingProfile
from voxpool.server.speaking import Speaking

KEY = "bWFkZS11cC1rZXk6Zm9yLXRlc3Rz"  # made up for tests
TONE = ServerConfig(engine="tone")
SLOW = replace(TONE, timing=TimingProfile(delivery_rate=4.0))


async def test_the_canonical_path(connect):
    raw = await connect()
    await raw.send(create(), text("Hello there."), act("flush_context"))
    frames = await raw.until("flushCompleted")
    assert frames[0] == {
        "result": {
            "contextId": "c",
            "contextCreated": {
                "voiceId": "Ashley",
                "audioConfig": {"audioEncoding": "PCM", "sampleRateHertz": 8000},
                "modelId": "inworld-tts-2",
                "synthesisContext": None,
                "pronunciationDictionarySettings": None,
            },
            "status": {"code": 0, "message": "", "details": []},
        }
    }
    assert set(kinds(frames[1:-1])) == {"audioChunk"}
    assert frames[-1]["result"]["flushCompleted"] == {}
    assert [chunk["usage"]["processedCharactersCount"] for chunk in chunks(frames)] == [12] + [0] * (
        len(chunks(frames)) - 1
    )
    assert all(chunk["timestampInfo"] is None for chunk in chunks(frames))
    assert len(audio(frames)[0]) // 2 == 1600
    assert len(audio(frames)[-1]) == 10
    await raw.send(act("close_context"))
    assert kinds(await raw.until("contextClosed")) == ["contextClosed"]
    await raw.send(create("again"))
    assert kinds(await raw.until("contextCreated")) == ["contextCreated"]


@pytest.mark.parametrize(
    "messages",
    [
        [
            {
                "create": {
                    "voice_id": "Ashley",
                    "model_id": "inworld-tts-2",
                    "audio_config": {"audio_encoding": "PCM", "sample_rate_hertz": 8000},
                    "autoMode": False,
                },
                "context_id": "c",
            },
            {"send_text": {"text": "Hi there."}, "context_id": "c"},
            {"flush_context": {}, "context_id": "c"},
            {"close_context": {}, "context_id": "c"},
        ],
        [
            create(),
            {"sendText": {"text": "Hi there.", "flushContext": {}}, "contextId": "c"},
            {"closeContext": {}, "contextId": "c"},
        ],
        [create(), {"sendText": {"text": "Hi there.", "flush_context": {}}, "contextId": "c"}, act("close_context")],
    ],
)
async def test_both_naming_styles(connect, messages):
    raw = await connect()
    await raw.send(*messages)
    frames = await raw.until("contextClosed")
    assert kinds(frames)[0] == "contextCreated"
    assert kinds(frames)[-2:] == ["flushCompleted", "contextClosed"]
    assert sum(map(len, audio(frames))) > 8000


async def test_closing_speaks_what_is_buffered(connect):
    raw = await connect()
    await raw.send(create(), text("One. "), text("Two."), act("close_context"))
    frames = await raw.until("contextClosed")
    assert kinds(frames)[-2:] == ["flushCompleted", "contextClosed"]
    assert chunks(frames)[0]["usage"]["processedCharactersCount"] == 9


async def test_closing_with_nothing_to_say(connect):
    raw = await connect()
    await raw.send(create(), act("close_context"))
    assert kinds(await raw.until("contextClosed")) == ["contextCreated", "contextClosed"]


async def test_punctuation_alone_completes_nothing(connect):
    raw = await connect()
    await raw.send(create(), text("... "), act("flush_context"), text("—", flush=True), act("close_context"))
    assert kinds(await raw.until("contextClosed")) == ["contextCreated", "contextClosed"]


async def test_an_empty_text_is_a_keepalive(connect):
    raw = await connect()
    await raw.send(create(), text(""), text(""))
    await raw.until("contextCreated")
    await raw.quiet()


async def test_flushes_are_completed_one_by_one_in_order(connect):
    raw = await connect()
    await raw.send(create(), *(text(f"Number {i}.", flush=True) for i in range(4)), act("close_context"))
    frames = await raw.until("contextClosed")
    order = [
        "flush" if "flushCompleted" in frame["result"] else "first"
        for frame in frames
        if "flushCompleted" in frame["result"]
        or frame["result"].get("audioChunk", {}).get("usage", {}).get("processedCharactersCount")
    ]
    assert order == ["first", "flush"] * 4


async def test_a_long_flush_is_spoken_in_several_parts(connect):
    raw = await connect()
    await raw.send(create(bufferCharThreshold=50), text("This is a sentence. " * 6), act("close_context"))
    frames = await raw.until("contextClosed")
    assert kinds(frames).count("flushCompleted") == 3
    assert sum(chunk["usage"]["processedCharactersCount"] for chunk in chunks(frames)) == 120


async def test_five_contexts_and_no_sixth(connect):
    raw = await connect()
    await raw.send(*(create(str(i)) for i in range(6)))
    frames = [await raw.frame() for _ in range(6)]
    assert kinds(frames) == ["contextCreated"] * 5 + [8]
    assert frames[-1]["result"] == {
        "contextId": "5",
        "status": {
            "code": 8,
            "message": "You have reached the limit of 5 TTS contexts per connection. "
            "Please close other contexts on this connection to continue.",
            "details": [],
        },
    }
    await raw.send(act("close_context", "0"))
    await raw.until("contextClosed", "0")
    await raw.send(create("6"), text("Hello", "6"), act("close_context", "6"), text("Hello", "1", flush=True))
    assert kinds(await raw.until("contextClosed", "6"))[-1] == "contextClosed"


async def test_a_closing_context_keeps_its_slot_until_it_is_closed(connect):
    raw = await connect(SLOW)
    await raw.send(*(create(str(i)) for i in range(5)), text("A long goodbye.", "0"), act("close_context", "0"))
    await raw.send(create("5"))
    assert kinds(await raw.until("status"))[-1] == 8
    await raw.until("contextClosed", "0")
    await raw.send(create("6"))
    await raw.until("contextCreated", "6")


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        (text("x", "gone"), "context gone not found (payload=SEND_TEXT)"),
        (act("flush_context", "gone"), "context gone not found (payload=FLUSH_CONTEXT)"),
        (act("close_context", "gone"), "context gone not found"),
        (act("cancel_context", "gone"), "context gone not found (payload=CANCEL_CONTEXT)"),
    ],
)
async def test_an_unknown_context(connect, message, answer):
    raw = await connect()
    await raw.send(message)
    assert await raw.frame() == {
        "result": {"contextId": "gone", "status": {"code": 5, "message": answer, "details": []}}
    }
    await raw.quiet(0.05)


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        (text("x", "gone"), "Context gone not found during sendText"),
        (act("close_context", "gone"), "Context gone not found during closeContext"),
    ],
)
async def test_older_wordings(connect, message, answer):
    raw = await connect(replace(TONE, wording="2026-03"))
    await raw.send(message)
    assert (await raw.frame())["result"]["status"]["message"] == answer
    await raw.send(*(create(str(i)) for i in range(6)))
    assert (await raw.until("status"))[-1]["result"]["status"]["message"] == "Max contexts limit reached"


async def test_the_id_is_optional_with_one_context(connect):
    raw = await connect()
    await raw.send(create(None), text("Hello.", None), act("close_context", None))
    frames = await raw.until("contextClosed")
    ids = {frame["result"]["contextId"] for frame in frames}
    assert len(ids) == 1
    assert ids != {""}


@pytest.mark.parametrize("opened", [0, 2])
async def test_a_missing_id_that_could_mean_none_or_several(connect, opened):
    raw = await connect()
    await raw.send(*(create(str(i)) for i in range(opened)), text("x", None))
    status = (await raw.until("status"))[-1]["result"]["status"]
    assert status["message"] == f"context_id is required when {opened} contexts are open (payload=SEND_TEXT)"
    assert status["code"] == 3


@pytest.mark.parametrize("frame", ["nonsense", b"\x00\x01", '{"create": {"autoMode": 1}, "contextId": "c"}', "[]"])
async def test_a_malformed_frame_is_answered_and_survived(connect, frame):
    raw = await connect()
    await raw.send(frame)
    assert await raw.frame() == {
        "error": {
            "code": 3,
            "message": "invalid WebSocket request for the selected response protocol",
            "status": "INVALID_ARGUMENT",
        }
    }
    await raw.send(text("x", "c"))
    assert kinds([await raw.frame()]) == [5]


@pytest.mark.parametrize("name", ["synthesisContext", "pronunciation_dictionary_settings", "lipsyncConfig"])
@pytest.mark.parametrize(("levels", "kind"), [(100, "contextCreated"), (101, "error"), (500, "error")])
async def test_an_object_nested_too_deeply_is_malformed(connect, name, levels, kind):
    raw = await connect()
    nested = {}
    for level in range(1, levels):
        nested = [nested] if level % 2 and level < levels - 1 else {"a": nested}
    await raw.send(create(**{name: nested}), create("other"))
    assert kinds([await raw.frame(), await raw.frame()]) == [kind, "contextCreated"]


async def test_an_unknown_message_is_not_answered(connect):
    raw = await connect()
    await raw.send({"foo": "bar"}, {"update_nothing": {}})
    await raw.quiet()


async def test_a_text_too_long_is_refused_and_the_context_lives(connect):
    raw = await connect()
    await raw.send(create(), text("x" * 2001, flush=True))
    frames = await raw.until("status")
    assert frames[-1]["result"] == {
        "contextId": "c",
        "status": {"code": 3, "message": "text length should not exceed 2000 characters.", "details": []},
    }
    await raw.send(text("Hello.", flush=True))
    frames = await raw.until("flushCompleted")
    assert chunks(frames)[0]["usage"]["processedCharactersCount"] == 6


async def test_too_much_unspoken_text_is_refused(connect):
    raw = await connect(replace(SLOW, held_characters=3000))
    await raw.send(create(), text("a " * 1000, flush=True), text("b " * 400), text("c " * 400))
    # Not 8, after which a context is gone: this one lives.
    assert kinds(await raw.until("status"))[-1] == 3
    await raw.send(act("cancel_context"), create())
    await raw.until("contextCreated")


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"voiceId": "Nobody"}, 5, "Unknown voice: Nobody not found!"),
        ({"voiceId": "ashley"}, 5, "Unknown voice: ashley not found!"),
        ({"modelId": "gpt"}, 3, "model_id: gpt is not supported."),
    ],
)
async def test_a_refused_create_leaves_no_context(connect, changes, code, message):
    raw = await connect()
    await raw.send(create(**changes), text("x"))
    frames = [await raw.frame(), await raw.frame()]
    assert frames[0]["result"]["status"] == {"code": code, "message": message, "details": []}
    assert frames[1]["result"]["status"]["code"] == 5


async def test_a_voice_error_can_come_with_the_first_synthesis(connect):
    raw = await connect(replace(TONE, voice_error_at="synthesis"))
    await raw.send(create(voiceId="Nobody"), text("Hello."), act("flush_context"))
    frames = await raw.until("status")
    assert kinds(frames) == ["contextCreated", 5]
    await raw.send(text("more"))
    assert kinds([await raw.frame()]) == [5]


@pytest.mark.parametrize(("how", "expected"), [("refuse", [6]), ("ignore", []), ("replace", ["contextCreated"])])
async def test_a_second_create_with_an_open_id(connect, how, expected):
    raw = await connect(replace(TONE, duplicate_create=how))
    await raw.send(create(), text("Old. "), create(), text("New."), act("close_context"))
    frames = await raw.until("contextClosed")
    assert [kind for kind in kinds(frames)[1:] if kind not in ("audioChunk", "flushCompleted", "contextClosed")] == (
        expected
    )
    assert chunks(frames)[0]["usage"]["processedCharactersCount"] == (4 if how == "replace" else 9)


async def test_cancel_drops_and_closes(connect):
    raw = await connect(SLOW)
    await raw.send(create(), text("This would take a long while to say. " * 5, flush=True))
    await raw.until("audioChunk")
    await raw.send(act("cancel_context"))
    frames = await raw.until("contextClosed", timeout=1)
    assert "flushCompleted" not in kinds(frames)
    await raw.quiet()
    await raw.send(act("close_context"))
    assert kinds([await raw.frame()]) == [5]


@pytest.mark.parametrize("how", ["silent", "unknown"])
async def test_cancel_can_be_something_else(connect, how):
    raw = await connect(replace(TONE, cancel=how))
    await raw.send(create(), text("Hello."), act("cancel_context"), act("close_context"))
    frames = await raw.until("contextClosed" if how == "unknown" else "status")
    assert kinds(frames)[-1] == ("contextClosed" if how == "unknown" else 5)
    assert bool(chunks(frames)) == (how == "unknown")


async def test_cancel_of_a_draining_context(connect):
    raw = await connect(SLOW)
    await raw.send(create(), text("A long goodbye to everyone here."), act("close_context"), act("cancel_context"))
    assert kinds(await raw.until("contextClosed", timeout=1))[-1] == "contextClosed"


async def test_text_after_close_finds_no_context(connect):
    raw = await connect(SLOW)
    await raw.send(create(), text("Hello."), act("close_context"), text("More."))
    assert kinds(await raw.until("status"))[-1] == 5
    assert kinds(await raw.until("contextClosed"))[-1] == "contextClosed"


async def test_contexts_are_spoken_side_by_side(connect):
    raw = await connect(SLOW)
    words = "Two contexts speak at once."
    await raw.send(create("a"), create("b"), text(words, "a", flush=True), text(words, "b", flush=True))
    frames = await raw.until("flushCompleted")
    order = [frame["result"]["contextId"] for frame in frames if "audioChunk" in frame["result"]]
    assert order.index("b") < len(order) - 1 - order[::-1].index("a")


async def test_contexts_may_differ(connect):
    raw = await connect()
    other = {"audioConfig": {"audioEncoding": "LINEAR16", "sampleRateHertz": 16000}, "voiceId": "Dennis"}
    await raw.send(create("a"), create("b", **other), text("Hello.", "a"), text("Hello.", "b"))
    await raw.send(act("close_context", "a"), act("close_context", "b"))
    frames = []
    while kinds(frames).count("contextClosed") < 2:
        frames.append(await raw.frame())
    a, b = b"".join(audio(frames, "a")), audio(frames, "b")
    assert all(piece[:4] == b"RIFF" for piece in b)
    assert sum(len(piece) - 44 for piece in b) == pytest.approx(2 * len(a), rel=0.01)


async def test_auto_mode_with_sentences(connect):
    raw = await connect()
    await raw.send(create(autoMode=True, autoModeStrategy="SENTENCE_BOUNDARY"))
    await raw.send(text("Hello there"), text(". How"))
    frames = await raw.until("flushCompleted")
    assert chunks(frames)[0]["usage"]["processedCharactersCount"] == len("Hello there. ")
    await raw.send(text(" are you?"))
    await raw.quiet(0.05)
    await raw.send(act("close_context"))
    frames = await raw.until("contextClosed")
    assert chunks(frames)[0]["usage"]["processedCharactersCount"] == len("How are you?")


async def test_auto_mode_batches_while_it_speaks(connect):
    raw = await connect(SLOW)
    await raw.send(create(autoMode=True), text("First segment. "), text("Second. "), text("Third."))
    frames = await raw.until("flushCompleted") + await raw.until("flushCompleted")
    counts = [count for chunk in chunks(frames) if (count := chunk["usage"]["processedCharactersCount"])]
    assert counts == [15, 14]


async def test_closing_in_the_middle_of_a_tag(connect):
    raw = await connect()
    await raw.send(create(autoMode=True, autoModeStrategy="SENTENCE_BOUNDARY"), text("Hi <brea"), act("close_context"))
    assert kinds(await raw.until("status"))[-1] == 3
    await raw.send(text("k/> you."), act("close_context"))
    assert kinds(await raw.until("contextClosed"))[-1] == "contextClosed"


async def test_the_delay_timer_flushes(connect):
    raw = await connect()
    await raw.send(create(maxBufferDelayMs=50), text("Hello."))
    assert "flushCompleted" in kinds(await raw.until("flushCompleted", timeout=2))


async def test_update_config_speaks_first_with_the_old_settings(connect):
    raw = await connect(SLOW)
    new = {"audioConfig": {"audioEncoding": "PCM", "sampleRateHertz": 16000}}
    await raw.send(create(), text("Hello."), {"update_config": new, "contextId": "c"}, text("Hello."))
    await raw.send(act("close_context"))
    frames = await raw.until("contextClosed")
    updated = next(frame["result"]["contextUpdated"] for frame in frames if "contextUpdated" in frame["result"])
    assert updated["audioConfig"]["sampleRateHertz"] == 16000
    assert updated["voiceId"] == "Ashley"
    cut = kinds(frames).index("flushCompleted")
    before, after = (sum(map(len, audio(part))) for part in (frames[:cut], frames[cut:]))
    assert after == pytest.approx(2 * before, rel=0.01)


async def test_the_model_cannot_be_changed(connect):
    raw = await connect()
    await raw.send(create(), {"updateConfig": {"modelId": "inworld-tts-2-flash"}, "contextId": "c"})
    assert kinds(await raw.until("status")) == ["contextCreated", 3]


@pytest.mark.parametrize("transport", ["SYNC", "ASYNC"])
async def test_timestamps_match_the_audio(connect, transport):
    raw = await connect()
    words = "Several words, spoken one after the other. And a second sentence!"
    settings = {"timestampType": "WORD", "timestampTransportStrategy": transport}
    await raw.send(create(**settings), text(words, flush=True), text("Again.", flush=True), act("close_context"))
    frames = await raw.until("contextClosed")
    cut = kinds(frames).index("flushCompleted")
    first, second = chunks(frames[:cut]), chunks(frames[cut:])
    alone = [chunk for chunk in first if chunk["timestampInfo"] and not chunk["audioContent"]]
    together = [chunk for chunk in first if chunk["timestampInfo"] and chunk["audioContent"]]
    assert bool(alone) == (transport == "ASYNC")
    assert bool(together) == (transport == "SYNC")
    assert all(chunk["usage"]["processedCharactersCount"] == 0 for chunk in alone)
    tokens = [token for chunk in first if chunk["timestampInfo"] for token in aligned(chunk)]
    assert "".join(token for token, _, _ in tokens) == words
    check_energy(b"".join(audio(frames[:cut])), tokens, 8000)
    # The second synthesis starts at zero again.
    assert aligned(next(chunk for chunk in second if chunk["timestampInfo"]))[0][1] == 0.0
    if transport == "SYNC":
        position = 0.0
        for chunk, piece in zip(first, audio(frames[:cut]), strict=True):
            position += len(piece) / 16000
            assert all(start <= position for _, start, _ in aligned(chunk))


def aligned(chunk):
    body = (chunk["timestampInfo"] or {}).get("wordAlignment")
    if body is None:
        return []
    return list(zip(body["words"], body["wordStartTimeSeconds"], body["wordEndTimeSeconds"], strict=True))


def check_energy(pcm, tokens, rate):
    """The tone is silent exactly where no word is."""
    samples = memoryview(pcm).cast("h")
    for token, start, end in tokens:
        inside = samples[round(start * rate) + 1 : round(end * rate) - 1]
        if any(c.isalnum() for c in token):
            assert max(map(abs, inside)) > 1000, token
        elif len(inside):
            assert max(map(abs, inside)) == 0, token


async def test_characters(connect):
    raw = await connect()
    await raw.send(create(timestampType="CHARACTER"), text("Ab c."), act("close_context"))
    frames = await raw.until("contextClosed")
    found = [
        character
        for chunk in chunks(frames)
        if chunk["timestampInfo"]
        for character in chunk["timestampInfo"]["characterAlignment"]["characters"]
    ]
    assert "".join(found) == "Ab c."


async def test_a_pause_is_silence(connect):
    raw = await connect()
    lengths = []
    for index, tag in enumerate(("", '<break time="700ms"/>')):
        await raw.send(create(str(index)), text(f"One {tag} two.", str(index)), act("close_context", str(index)))
        frames = await raw.until("contextClosed", str(index))
        lengths.append(sum(map(len, audio(frames, str(index)))) / 16000)
    # The piece before the pause ends as a text of its own does, with the tone's 0.2 s tail and lead.
    assert lengths[1] - lengths[0] == pytest.approx(0.7 + 0.23, abs=0.001)


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"Authorization": f"Basic {KEY}"}},
        {"headers": {"Authorization": f"Bearer {KEY}"}},
        {"path": f"/tts/v1/voice:streamBidirectional?authorization=Basic%20{KEY}"},
        {"protocols": [f"bearer_{KEY}"]},
    ],
)
async def test_credentials_that_are_let_in(connect, options):
    raw = await connect(replace(TONE, key=KEY), **options)
    await raw.send(create())
    assert kinds([await raw.frame()]) == ["contextCreated"]
    if "protocols" in options:
        assert raw.socket.protocol == f"bearer_{KEY}"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({}, 16),
        ({"path": f"/tts/v1/voice:streamBidirectional?key={KEY}"}, 16),
        ({"headers": {"Authorization": "Basic wrong"}}, 7),
    ],
)
async def test_credentials_are_judged_on_the_first_frame(connect, options, code):
    raw = await connect(replace(TONE, key=KEY), **options)
    await raw.quiet(0.05)
    await raw.send(create())
    frame = await raw.frame()
    assert frame["error"]["code"] == code
    assert await raw.frame() is aiohttp.WSMsgType.CLOSE or raw.socket.closed
    assert raw.socket.close_code == 1000


async def test_headers_that_are_not_utf_8(serve, http):
    """Such a client gets the ordinary answers, and the ledger can still be read."""
    url = await serve(replace(TONE, key=KEY))
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    writer.write(
        b"GET /tts/v1/voice:streamBidirectional HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Authorization: Basic \xff\xfe\r\nX-Request-Id: \xff1\r\nX-User-Agent: \xfe2\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    # A masked text frame with nothing in it.
    writer.write(b"\x81\x80\0\0\0\0")
    assert b'"code":7' in await asyncio.wait_for(reader.readuntil(b"}}"), 5)
    async with http.get(f"{url}/voxgrid/v1/ledger") as response:
        ledger = await response.json()
    (connection,) = ledger["connections"] + ledger["ended"]
    assert (connection["requestId"], connection["userAgent"]) == ("\ufffd1", "\ufffd2")
    writer.close()


async def test_the_upgrade_offers_no_compression_and_no_ping(connect, http):
    raw = await connect()
    assert raw.socket.compress == 0
    assert "Sec-WebSocket-Extensions" not in raw.socket._response.headers
    await raw.socket.ping()
    await raw.send(create())
    assert kinds([await raw.frame()]) == ["contextCreated"]


async def test_a_request_without_an_upgrade_is_no_connection(connect, serve, http):
    url = await serve()
    async with http.get(f"{url}/tts/v1/voice:streamBidirectional") as response:
        assert (response.status, (await response.json())["code"]) == (400, 3)
    await connect(url=url)
    async with http.get(f"{url}/voxgrid/v1/ledger") as response:
        ledger = await response.json()
    assert [each["connection"] for each in ledger["connections"]] == [1]
    assert ledger["ended"] == []


async def test_closing_is_echoed(connect):
    raw = await connect()
    await raw.socket.close(code=1000)
    assert raw.socket.close_code == 1000


async def test_too_many_connections(connect, http):
    config = replace(TONE, max_connections=2)
    first = await connect(config)
    second = await connect(url=first.url)
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await connect(url=first.url)
    assert caught.value.status == 429
    await second.socket.close()
    for _ in range(100):
        try:
            await connect(url=first.url)
        except aiohttp.WSServerHandshakeError:
            await asyncio.sleep(0.01)
        else:
            break
    else:
        raise AssertionError("the connection was never given back")


@pytest.mark.parametrize("end", ["drop", "close"])
async def test_inactivity(connect, end):
    raw = await connect(replace(TONE, inactivity_s=0.15, inactivity_end=end))
    await raw.send(create())
    await raw.until("contextCreated")
    frame = await raw.frame()
    assert frame["error"]["code"] == 10
    assert frame["error"]["message"] == "Paused due to inactivity"
    assert frame["error"]["details"][0]["errorType"] == "SESSION_PAUSED"
    last = await raw.frame()
    assert last in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING)
    assert raw.socket.close_code == (1006 if end == "drop" else 1000)


async def nothing_is_left(raw, http):
    """Wait until the server has no connection any more; then it has neither contexts nor generations."""
    async with asyncio.timeout(10):
        while True:
            async with http.get(f"{raw.url}/voxgrid/v1/health") as response:
                health = await response.json()
            if not health["connections"]:
                break
            await asyncio.sleep(0.01)
    assert (health["contexts"], health["generations"]) == (0, 0)


@pytest.mark.parametrize("end", ["drop", "close"])
async def test_who_reads_no_more_is_inactive_over_a_slow_network_too(connect, http, end):
    timing = TimingProfile(network_s=0.001)
    raw = await connect(replace(TONE, timing=timing, inactivity_s=0.05, inactivity_end=end))
    raw.socket._response.connection.transport.pause_reading()
    config = {"audioEncoding": "PCM", "sampleRateHertz": 48000}
    await raw.send(create(audioConfig=config), *(text(f"Turn {i}. " * 200, flush=True) for i in range(40)))
    await nothing_is_left(raw, http)
    # Nothing more is read, a goodbye neither.
    raw.socket._response.connection.transport.abort()


@pytest.mark.parametrize("last", ["half-close", "garbage"])
async def test_who_reads_no_more_and_breaks_off_is_inactive(connect, http, last):
    raw = await connect(replace(TONE, inactivity_s=0.5))
    transport = raw.socket._response.connection.transport
    await raw.send(create(audioConfig={"audioEncoding": "PCM", "sampleRateHertz": 48000}))
    await raw.until("contextCreated")
    transport.pause_reading()
    await raw.send(*(text(f"Turn {i}. " * 200, flush=True) for i in range(40)))

    async def look():
        async with http.get(f"{raw.url}/voxgrid/v1/ledger") as response:
            ledger = await response.json()
        (connection,) = ledger["connections"] + ledger["ended"]
        return connection

    async with asyncio.timeout(10):
        sent, connection = -1, await look()
        while sent != connection["framesSent"]:
            sent = connection["framesSent"]
            await asyncio.sleep(0.05)
            connection = await look()
        if last == "half-close":
            transport.write_eof()
        else:
            transport.write(b"\xff\xff\xff\xff")
        while connection["endedAt"] is None:
            connection = await look()
    assert connection["openContexts"] == []
    transport.abort()


async def test_activity_keeps_a_connection(connect):
    raw = await connect(replace(TONE, inactivity_s=0.4))
    await raw.send(create())
    await raw.until("contextCreated")
    for _ in range(5):
        await asyncio.sleep(0.15)
        await raw.send(text(""))
    await raw.send(text("Hello.", flush=True))
    await raw.until("flushCompleted")


async def test_too_many_generations_fail_the_context(connect):
    raw = await connect(replace(SLOW, max_generations=1))
    long = "This takes a while to be spoken. "
    await raw.send(create("a"), create("b"), text(long, "a", flush=True), text(long, "b", flush=True))
    frames = await raw.until("status")
    failed = frames[-1]["result"]
    assert failed["status"]["code"] == 8
    other = {"a": "b", "b": "a"}[failed["contextId"]]
    await raw.until("flushCompleted", other)
    # An idle open context does not count.
    await raw.send(create("d"), text("Hi.", "d", flush=True))
    await raw.until("flushCompleted", "d")
    await raw.send(text("x", failed["contextId"]))
    assert (await raw.until("status"))[-1]["result"]["status"]["code"] == 5


async def test_generations_may_wait(connect):
    raw = await connect(replace(TONE, max_generations=1, generation_overflow="wait"))
    await raw.send(*(create(c) for c in "abc"), *(text("Hello there.", c, flush=True) for c in "abc"))
    frames = []
    while kinds(frames).count("flushCompleted") < 3:
        frames.append(await raw.frame())
    assert not [kind for kind in kinds(frames) if isinstance(kind, int)]


async def test_a_generation_that_waited_takes_its_time_all_the_same(connect):
    """Audio that was due while it waited must not come all at once: a limit of one is one at a time."""
    raw = await connect(replace(SLOW, max_generations=1, generation_overflow="wait"))
    loop = asyncio.get_running_loop()
    began = loop.time()
    plain = {"audioEncoding": "PCM", "sampleRateHertz": 24_000}
    await raw.send(*(create(c, audioConfig=plain) for c in "abc"))
    await raw.send(*(text("Hello there, you. " * 3, c, flush=True) for c in "abc"))
    audio_s, ended = 0.0, 0
    while ended < 3:
        (frame,) = [await raw.frame()]
        ended += kinds([frame]) == ["flushCompleted"]
        chunk = frame["result"].get("audioChunk")
        if chunk:
            audio_s += len(base64.b64decode(chunk["audioContent"])) / 2 / 24_000
    # The last chunk of each, a second at most, leaves when it is due and not when it is over.
    assert loop.time() - began >= (audio_s - 3 * 1.0) / 4.0
    assert audio_s > 6.0


async def test_a_slow_reader_is_held_back_alone(connect, http):
    """A client that does not read fills its own buffers and no more; another one is served meanwhile."""
    config = ServerConfig(engine="tone", cache_bytes=0)
    raw = await connect(config)
    words = " ".join(["unhurriedly"] * 160)
    await raw.send(*(create(c, audioConfig={"audioEncoding": "PCM", "sampleRateHertz": 48000}) for c in "abcde"))
    for _ in range(4):
        await raw.send(*(text(words, c, flush=True) for c in "abcde"))
    for _ in range(40):
        await asyncio.sleep(0.01)
        async with http.get(f"{raw.url}/voxgrid/v1/ledger") as response:
            (connection,) = (await response.json())["connections"]
        sent = sum(context["audioSeconds"] for context in connection["openContexts"])
    asked = 5 * 4 * 160 * (11 * 0.06 + 0.05)
    assert sent < asked * 0.9
    other = await connect(url=raw.url)
    await other.send(create(), text("Hello.", flush=True))
    await other.until("flushCompleted", timeout=3)


async def test_a_client_that_vanishes_leaves_nothing(connect, http):
    raw = await connect(SLOW)
    await raw.send(create(), text("This would take a while. " * 9, flush=True))
    await raw.until("audioChunk")
    raw.socket._response.connection.transport.abort()
    await nothing_is_left(raw, http)
    async with http.get(f"{raw.url}/voxgrid/v1/ledger") as response:
        (connection,) = (await response.json())["ended"]
    (context,) = connection["endedContexts"]
    assert context["state"] == "lost"
    assert context["droppedCharacters"] > 0


async def test_a_huge_frame_ends_only_its_connection(connect):
    raw = await connect(replace(TONE, max_frame_bytes=1 << 20))
    other = await connect(url=raw.url)
    await raw.send("x" * (1 << 20 | 1))
    assert await raw.frame() in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    await other.send(create())
    await other.until("contextCreated")


async def test_the_ledger_says_who_ended_a_connection(connect, http):
    raw = await connect(replace(TONE, max_frame_bytes=2048))
    await raw.send("x" * 2049)
    await raw.frame()
    polite = await connect(url=raw.url)
    await polite.socket.close()
    why = {}
    while len(why) < 2:
        async with http.get(f"{raw.url}/voxgrid/v1/ledger") as response:
            why = {each["connection"]: each["why"] for each in (await response.json())["ended"]}
    assert why[1].startswith("a frame was refused")
    assert why[2] == "closed by the client (1000)"


async def test_a_mistake_of_the_server_fails_only_its_context(connect, monkeypatch, caplog):
    def mistaken(self):
        raise ZeroDivisionError

    raw = await connect()
    await raw.send(*(create(name) for name in "abcde"))
    for _ in range(5):
        await raw.frame()
    with monkeypatch.context() as patch, caplog.at_level("CRITICAL", "voxpool.server.context"):
        patch.setattr(Speaking, "chunks", mistaken)
        await raw.send(text("Hello.", "a", flush=True))
        (failed,) = await raw.until("status")
    assert (failed["result"]["contextId"], failed["result"]["status"]["code"]) == ("a", 13)
    await raw.send(create("f"), text("Hello.", "b", flush=True))
    assert kinds(await raw.until("flushCompleted", "b"))[0] == "contextCreated"


async def test_a_text_of_one_mebibyte_is_answered_in_band(connect):
    raw = await connect()
    await raw.send(create(), text("x" * (1 << 20)))
    assert kinds(await raw.until("status"))[-1] == 3


async def test_the_ledger_keeps_the_beginning_of_long_texts(connect, http):
    raw = await connect(replace(TONE, voice_error_at="synthesis"))
    name = "n" * 100_000
    await raw.send(create(name, voiceId=name), text("Hello.", name, flush=True))
    *_, failed = await raw.until("status")
    assert failed["result"]["contextId"] == name
    assert name in failed["result"]["status"]["message"]
    async with http.get(f"{raw.url}/voxgrid/v1/ledger") as response:
        answer = await response.text()
    assert len(answer) < 3000
    assert "n" * 100 in answer


async def test_ten_thousand_contexts_are_refused_one_by_one(connect):
    raw = await connect()
    await raw.send(*(create(str(i)) for i in range(2000)))
    frames = [await raw.frame() for _ in range(2000)]
    assert kinds(frames).count("contextCreated") == 5
    assert kinds(frames).count(8) == 1995


async def test_the_ledger_tells_what_was_asked_and_sent(connect, http):
    raw = await connect()
    await raw.send(create(), text("Hello there.", flush=True), text("Not yet spoken"))
    frames = await raw.until("flushCompleted")
    async with http.get(f"{raw.url}/voxgrid/v1/ledger") as response:
        (connection,) = (await response.json())["connections"]
    (context,) = connection["openContexts"]
    assert context["askedCharacters"] == 26
    assert context["heldCharacters"] == 14
    assert context["billedCharacters"] == 12
    assert context["flushCompleted"] == 1
    assert context["audioChunks"] == len(audio(frames))
    assert context["audioSha256"] == hashlib.sha256(b"".join(audio(frames))).hexdigest()
    await raw.send(act("close_context"))
    await raw.until("contextClosed")
    async with http.get(f"{raw.url}/voxgrid/v1/ledger") as response:
        (connection,) = (await response.json())["connections"]
    (context,) = connection["endedContexts"]
    assert (context["state"], context["heldCharacters"]) == ("closed", 0)


async def test_real_time_is_steady(connect):
    raw = await connect(replace(TONE, timing=TimingProfile(delivery_rate=1.0)))
    loop = asyncio.get_running_loop()
    await raw.send(create(), text("Spoken at its natural pace.", flush=True))
    heard, first = 0.0, None
    while "flushCompleted" not in (frame := await raw.frame())["result"]:
        if not audio([frame]):
            continue
        first = loop.time() if first is None else first
        # Never earlier than its place in the audio (a clock tick aside).
        assert loop.time() - first >= heard - 0.02
        heard += len(audio([frame])[0]) / 16000
