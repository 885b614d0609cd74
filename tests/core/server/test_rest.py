"""REST beside the socket."""

import asyncio
import base64
import io
import json
import wave
from dataclasses import replace

import pytest

from support.raw_client import create, text
from voxpool.server.config import ServerConfig, TimingProfile

TONE = ServerConfig(engine="tone")
KEY = "bWFkZS11cC1rZXk6Zm9yLXRlc3Rz"  # made up for tests
WORDS = "Hello there. This is REST, spoken."


def body(**changes):
    return {
        "text": WORDS,
        "voiceId": "Ashley",
        "modelId": "inworld-tts-2",
        "audioConfig": {"audioEncoding": "LINEAR16", "sampleRateHertz": 24000},
    } | changes


async def post(http, url, path, payload, **options):
    data = payload if isinstance(payload, bytes) else json.dumps(payload)
    async with http.post(url + path, data=data, **options) as response:
        raw = await response.read()
        return response, raw


async def test_one_answer(serve, http):
    url = await serve()
    response, raw = await post(http, url, "/tts/v1/voice", body(timestampType="WORD"))
    assert response.status == 200
    assert response.headers["x-inworld-request-id"]
    assert response.headers["x-envoy-upstream-service-time"]
    answer = json.loads(raw)
    assert answer["usage"] == {"processedCharactersCount": len(WORDS), "modelId": "inworld-tts-2"}
    alignment = answer["timestampInfo"]["wordAlignment"]
    assert "".join(alignment["words"]) == WORDS
    assert [item["wordIndex"] for item in alignment["phoneticDetails"]] == list(range(len(alignment["words"])))
    with wave.open(io.BytesIO(base64.b64decode(answer["audioContent"]))) as file:
        assert file.getframerate() == 24000
        assert file.getnframes() / 24000 >= alignment["wordEndTimeSeconds"][-1]


@pytest.mark.parametrize("encoding", ["PCM", "WAV", "MP3", "OGG_OPUS", "FLAC", "MULAW", "ALAW"])
async def test_every_encoding(serve, http, encoding):
    url = await serve()
    rate = 8000 if "LAW" in encoding else 24000
    settings = {"audioEncoding": encoding, "sampleRateHertz": rate}
    for path in ("/tts/v1/voice", "/tts/v1/voice:stream"):
        response, raw = await post(http, url, path, body(audioConfig=settings))
        assert response.status == 200
        answers = [json.loads(line) for line in raw.splitlines()]
        contents = [base64.b64decode(answer.get("result", answer)["audioContent"]) for answer in answers]
        marks = {"WAV": b"RIFF", "OGG_OPUS": b"OggS", "FLAC": b"fLaC"}
        assert contents[0].startswith(marks.get(encoding, b""))
        assert sum(map(len, contents)) > 2000


async def test_lines(serve, http):
    url = await serve()
    response, raw = await post(http, url, "/tts/v1/voice:stream", body())
    assert response.content_type == "application/json"
    assert response.headers["Transfer-Encoding"] == "chunked"
    assert raw.endswith(b"\n")
    assert b"\n\n" not in raw
    results = [json.loads(line)["result"] for line in raw.splitlines()]
    assert [r["usage"]["processedCharactersCount"] for r in results] == [len(WORDS)] + [0] * (len(results) - 1)
    assert not any("timestampInfo" in r for r in results)
    sizes = [len(base64.b64decode(r["audioContent"])) for r in results]
    assert sizes[0] == 44 + 16
    assert all(size == 44 + 48000 for size in sizes[1:-1])


@pytest.mark.parametrize("transport", ["SYNC", "ASYNC"])
async def test_lines_with_timestamps(serve, http, transport):
    url = await serve()
    settings = body(timestamp_type="WORD", timestamp_transport_strategy=transport)
    _, raw = await post(http, url, "/tts/v1/voice:stream", settings)
    results = [json.loads(line)["result"] for line in raw.splitlines()]
    words = [w for r in results if r["timestampInfo"] for w in r["timestampInfo"]["wordAlignment"]["words"]]
    assert "".join(words) == WORDS
    alone = [r for r in results if r["timestampInfo"] and r["audioContent"] == ""]
    assert bool(alone) == (transport == "ASYNC")


@pytest.mark.parametrize("blank", ["", "  \n"])
async def test_a_blank_text(serve, http, blank):
    url = await serve()
    response, raw = await post(http, url, "/tts/v1/voice", body(text=blank))
    assert (response.status, json.loads(raw)) == (200, {"audioContent": "", "usage": None})


@pytest.mark.parametrize(
    ("payload", "status", "code", "message"),
    [
        (body(voiceId="Nobody"), 404, 5, "Unknown voice: Nobody not found!"),
        (body(modelId="gpt"), 400, 3, "model_id: gpt is not supported."),
        (body(text="x" * 4001), 400, 3, "text length should not exceed"),
        (b"not json", 400, 3, "invalid"),
        (b"[]", 400, 3, "invalid"),
        (body(text=5), 400, 3, "invalid"),
        (body(audioConfig={"audioEncoding": "MULAW", "sampleRateHertz": 16000}), 400, 3, "sample_rate_hertz"),
        (body(audioConfig={"audioEncoding": "MP3", "sampleRateHertz": 20000}), 400, 3, "sample_rate_hertz"),
    ],
)
async def test_errors_are_shaped_by_their_endpoint(serve, http, payload, status, code, message):
    url = await serve()
    for path in ("/tts/v1/voice", "/tts/v1/voice:stream"):
        response, raw = await post(http, url, path, payload)
        answer = json.loads(raw)
        error = answer["error"] if path.endswith(":stream") else answer
        assert response.status == status
        assert error["code"] == code
        assert message in error["message"]
        assert error["details"] == []


async def test_the_limits_of_text_differ(serve, http):
    url = await serve()
    response, _ = await post(http, url, "/tts/v1/voice", body(text="x " * 1001))
    assert response.status == 400
    response, _ = await post(http, url, "/tts/v1/voice:stream", body(text="x " * 1001))
    assert response.status == 200


async def test_an_unknown_encoding_is_the_default_and_wrong_types_are_not(serve, http):
    url = await serve()
    response, raw = await post(http, url, "/tts/v1/voice", body(audioConfig={"audioEncoding": "FLURB"}))
    assert response.status == 200
    assert base64.b64decode(json.loads(raw)["audioContent"])[0] == 0xFF


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [({}, 401, 16), ({"Authorization": "Basic wrong"}, 403, 7), ({"Authorization": f"Bearer {KEY}"}, 200, None)],
)
async def test_credentials(serve, http, headers, status, code):
    url = await serve(replace(TONE, key=KEY))
    for method, path in (("post", "/tts/v1/voice"), ("get", "/tts/v1/voices"), ("get", "/voices/v1/voices")):
        data = json.dumps(body()) if method == "post" else None
        async with http.request(method, url + path, data=data, headers=headers) as response:
            answer = await response.json()
            assert response.status == status
            assert answer.get("code") == code
            assert ("WWW-Authenticate" in response.headers) == (status == 401)
    if status == 403:
        assert answer["message"] == 'API key does not exist or was deleted: "wron***"'


async def test_too_many_generations(serve, http, connect):
    config = replace(TONE, max_generations=1, timing=TimingProfile(delivery_rate=1.0))
    raw = await connect(config)
    await raw.send(create(), text("This takes a while. " * 3, flush=True))
    await raw.until("audioChunk")
    for path in ("/tts/v1/voice", "/tts/v1/voice:stream"):
        response, answer = await post(http, raw.url, path, body())
        assert response.status == 429
        assert b'"code":8' in answer


async def test_a_reader_that_leaves_frees_its_generation(serve, http):
    url = await serve(replace(TONE, timing=TimingProfile(delivery_rate=1.0)))
    async with http.post(url + "/tts/v1/voice:stream", data=json.dumps(body(text="A long story. " * 20))) as response:
        await response.content.readline()
    for _ in range(200):
        async with http.get(url + "/voxgrid/v1/health") as health:
            if not (await health.json())["generations"]:
                return
        await asyncio.sleep(0.01)
    raise AssertionError("the generation was never given back")


async def test_who_leaves_before_one_answer_frees_its_generation(serve, http):
    # The next piece of audio is due within a second, all of it after two hours.
    url = await serve(replace(TONE, timing=TimingProfile(delivery_rate=0.01), rest_chunk_s=0.01))
    asking = asyncio.create_task(post(http, url, "/tts/v1/voice", body(text="A long story. " * 100)))
    while not (await get(http, url, "/voxgrid/v1/health"))["generations"]:
        assert not asking.done()
    asking.cancel()
    async with asyncio.timeout(10):
        while (await get(http, url, "/voxgrid/v1/health"))["generations"]:
            await asyncio.sleep(0.01)


async def get(http, url, path):
    async with http.get(url + path) as response:
        return await response.json()


async def test_legacy_voices(serve, http):
    url = await serve()
    voices = (await get(http, url, "/tts/v1/voices"))["voices"]
    ashley = next(voice for voice in voices if voice["voiceId"] == "Ashley")
    assert ashley == {
        "languages": ["en"],
        "voiceId": "Ashley",
        "displayName": "Ashley (test tone, en-US, female)",
        "description": "Test tone, not speech; stands in for the service's Ashley.",
        "tags": ["tone", "female", "en-US"],
        "isCustom": False,
    }
    spanish = (await get(http, url, "/tts/v1/voices?filter=language=es"))["voices"]
    assert {voice["voiceId"] for voice in spanish} == {"Diego", "Lupita", "Miguel", "Rafael"}


async def test_voices_with_languages_and_pages(serve, http):
    url = await serve()
    everything = (await get(http, url, "/voices/v1/voices"))["voices"]
    assert everything[0]["name"] == f"workspaces/local/voices/{everything[0]['voiceId']}"
    some = (await get(http, url, "/voices/v1/voices?languages=ES_MX&languages=DE_DE"))["voices"]
    assert {voice["langCode"] for voice in some} == {"ES_MX", "DE_DE"}
    paged, token = [], ""
    while True:
        page = await get(http, url, f"/voices/v1/voices?pageSize=7&nextPageToken={token}")
        paged += page["voices"]
        assert len(page["voices"]) <= 7
        token = page.get("nextPageToken")
        if token is None:
            break
    assert paged == everything
    assert (await get(http, url, "/voices/v1/voices?pageSize=x"))["code"] == 3
    assert (await get(http, url, "/voices/v1/voices/Ashley"))["voiceId"] == "Ashley"
    assert (await get(http, url, "/voices/v1/voices/Nobody"))["code"] == 5


@pytest.mark.parametrize("path", ["/tts/v1/voice", "/tts/v1/voice:stream", "/voxgrid/v1/faults"])
async def test_a_body_that_is_not_what_its_headers_say(serve, http, path):
    url = await serve(replace(TONE, control_token="t0ken"))
    headers = {"Content-Encoding": "gzip", "Authorization": "Bearer t0ken"}
    async with http.post(url + path, data=b"not compressed", headers=headers) as response:
        answer = await response.json()
    assert (response.status, answer.get("error", answer)["code"]) == (400, 3)


@pytest.mark.parametrize(
    ("method", "path", "size", "status", "code"),
    [
        ("get", "/nothing/here", None, 404, 5),
        ("get", "/tts/v1/voice", None, 405, 12),
        ("post", "/tts/v1/voice", 2_000_000, 413, 8),
    ],
)
async def test_what_is_refused_before_it_is_read(serve, http, method, path, size, status, code):
    url = await serve()
    data = io.BytesIO(bytes(size)) if size else None
    async with http.request(method, url + path, data=data) as response:
        answer = await response.json()
    assert (response.status, answer["code"], answer["details"]) == (status, code, [])
    assert answer["message"]
