"""The voice list: old and new shape, pages, refusals, and answers that are no list."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from voxpool import Credential, Endpoint, Voice, list_voices
from voxpool.errors import ConnectFailed, CredentialRejected, ProtocolError
from voxpool.voices import CURRENT_PATH, LEGACY_PATH, read_voices

KEY = "bWFkZTp1cA=="  # made up: "made:up"
ASHLEY = {
    "voiceId": "Ashley",
    "displayName": "Ashley (warm)",
    "languages": ["en"],
    "description": "A warm voice.",
    "tags": ["female"],
}


@asynccontextmanager
async def rest(**routes: Callable[[web.Request], Any]) -> AsyncIterator[str]:
    """Serve answers by path: ``legacy`` and ``current``."""
    app = web.Application()
    for name, path in (("legacy", LEGACY_PATH), ("current", CURRENT_PATH)):
        if name in routes:

            async def handle(request: web.Request, answer: Callable[[web.Request], Any] = routes[name]) -> web.Response:
                found = answer(request)
                if isinstance(found, web.Response):
                    return found
                return web.json_response(found)

            app.router.add_get(path, handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_the_legacy_list_is_read_whole() -> None:
    async with rest(legacy=lambda _: {"voices": [ASHLEY, {"voiceId": "Bare"}]}) as url:
        assert await list_voices(Endpoint(url)) == (
            Voice("Ashley", "Ashley (warm)", ("en",), "A warm voice.", ("female",)),
            Voice("Bare", "Bare"),
        )


@pytest.mark.parametrize("name", ["nextPageToken", "pageToken"])
async def test_the_current_list_is_read_page_by_page_where_the_old_one_is_gone(name: str) -> None:
    pages = {
        None: {"voices": [{"voiceId": "A", "langCode": "EN_US"}], "nextPageToken": "2"},
        "2": {"voices": [{"voiceId": "B", "langCode": "DE_DE"}], "nextPageToken": ""},
    }
    async with rest(current=lambda request: pages[request.query.get(name)]) as url:
        assert [(voice.id, voice.languages) for voice in await list_voices(Endpoint(url))] == [
            ("A", ("EN_US",)),
            ("B", ("DE_DE",)),
        ]


async def test_pages_that_never_end_are_given_up() -> None:
    async with rest(current=lambda _: {"voices": [{"voiceId": "A"}], "nextPageToken": "more"}) as url:
        assert len(await list_voices(Endpoint(url))) == 100


async def test_the_key_is_sent_as_a_header() -> None:
    seen = []
    async with rest(legacy=lambda request: seen.append(request.headers.get("Authorization")) or {"voices": []}) as url:
        await list_voices(Endpoint(url, Credential.basic(KEY)))
        await list_voices(Endpoint(url))
    assert seen == [f"Basic {KEY}", None]


@pytest.mark.parametrize(("status", "code"), [(401, 16), (403, 7)])
async def test_a_refused_key_is_told_as_such(status: int, code: int) -> None:
    body = {"code": code, "message": f'API key does not exist: "{KEY[:4]}***"'}
    async with rest(legacy=lambda _: web.json_response(body, status=status)) as url:
        with pytest.raises(CredentialRejected) as caught:
            await list_voices(Endpoint(url, Credential.basic(KEY)))
    assert caught.value.code == code
    assert KEY[:4] not in caught.value.message


async def test_the_cause_of_a_failure_does_not_hold_the_key() -> None:
    async with rest(legacy=lambda _: web.Response(status=302, headers={"Location": LEGACY_PATH})) as url:
        with pytest.raises(ConnectFailed, match="redirects in a circle") as caught:
            await list_voices(Endpoint(url, Credential.basic(KEY)))
    assert KEY not in repr(caught.value.__cause__)


async def test_another_status_is_told_with_the_services_words() -> None:
    async with rest(legacy=lambda _: web.json_response({"message": "out of order"}, status=500)) as url:
        with pytest.raises(ConnectFailed, match=r"HTTP 500.*out of order") as caught:
            await list_voices(Endpoint(url))
    assert caught.value.http_status == 500


@pytest.mark.parametrize("body", ["{", "[]", '{"voices": {}}', "{}"])
async def test_an_answer_that_is_no_list_is_told(body: str) -> None:
    async with rest(legacy=lambda _: web.Response(text=body)) as url:
        with pytest.raises(ProtocolError, match="list of voices"):
            await list_voices(Endpoint(url))


async def test_nobody_there_is_told() -> None:
    async with rest() as url:
        pass
    with pytest.raises(ConnectFailed):
        await list_voices(Endpoint(url))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
entries = st.dictionaries(st.sampled_from(sorted({*ASHLEY, "langCode", "x"})), json_values, max_size=6)


@given(st.lists(entries | json_values, max_size=5), json_values)
def test_no_entry_of_whatever_shape_breaks_the_list(voices: list[Any], token: Any) -> None:
    found, next_token = read_voices(orjson.dumps({"voices": voices, "nextPageToken": token}))
    assert len(found) <= len(voices)
    assert all(voice.id and isinstance(voice.name, str) for voice in found)
    assert isinstance(next_token, str)
