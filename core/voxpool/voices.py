"""The voices that an endpoint offers (protocol.md section 11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from voxpool.errors import ConnectFailed, ProtocolError, VoxpoolError
from voxpool.protocol.messages import Status
from voxpool.protocol.status import to_error

if TYPE_CHECKING:
    from voxpool.config import Endpoint

LEGACY_PATH: Final = "/tts/v1/voices"
CURRENT_PATH: Final = "/voices/v1/voices"
MAX_PAGES: Final = 100


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of the voice list.

    Attributes:
        id: What goes into ``voiceId``.
        name: Name for people.
        languages: Languages it is meant for, as the endpoint spells them.
        description: A sentence about it, or "".
        tags: Free tags, for example ``"neural"``.
    """

    id: str
    name: str
    languages: tuple[str, ...] = ()
    description: str = ""
    tags: tuple[str, ...] = ()


async def list_voices(endpoint: Endpoint, *, timeout_s: float = 10.0) -> tuple[Voice, ...]:
    """Ask an endpoint for its voices: the legacy list, which has them all at once, else the current one, by pages.

    Args:
        endpoint: Where to ask.
        timeout_s: For the whole of it.

    Raises:
        ConnectFailed: The endpoint cannot be reached, or answered with an unexpected status.
        CredentialRejected: It refused the credential.
        ProtocolError: The answer is not a list of voices.
    """
    import asyncio

    import aiohttp

    from voxpool.transport import describe, forget_credential

    headers = {} if endpoint.credential is None else {"Authorization": endpoint.credential.header()}
    try:
        async with asyncio.timeout(timeout_s), aiohttp.ClientSession(headers=headers) as session:
            return await _all_voices(session, endpoint)
    except TimeoutError as error:
        raise ConnectFailed(endpoint.host, f"no list of voices within {timeout_s:g} s") from error
    except (OSError, aiohttp.ClientError) as error:
        forget_credential(error)
        raise ConnectFailed(endpoint.host, endpoint.scrub(describe(error))) from error


async def _all_voices(session: Any, endpoint: Endpoint) -> tuple[Voice, ...]:
    try:
        voices, _ = read_voices(await _get(session, endpoint, LEGACY_PATH, {}))
    except ConnectFailed as error:
        if error.http_status != 404:
            raise
    else:
        return tuple(voices)
    found: list[Voice] = []
    token = ""
    for _ in range(MAX_PAGES):
        # The one source that names the parameter calls it as the answer does (protocol.md section 11); other services
        # of this kind say pageToken.
        query = {"nextPageToken": token, "pageToken": token} if token else {}
        page = await _get(session, endpoint, CURRENT_PATH, query)
        voices, token = read_voices(page)
        found += voices
        if not token:
            break
    return tuple(found)


async def _get(session: Any, endpoint: Endpoint, path: str, query: Mapping[str, str]) -> bytes:
    async with session.get(endpoint.url + path, params=query) as response:
        body: bytes = await response.read()
        if response.status == 200:
            return body
        raise _refusal(endpoint, response.status, response.reason or "", body)


def _refusal(endpoint: Endpoint, status: int, reason: str, body: bytes) -> VoxpoolError:
    if status in (401, 403):
        return to_error(Status(16 if status == 401 else 7, endpoint.scrub(_message(body))))
    why = endpoint.scrub(_message(body)) or reason
    return ConnectFailed(endpoint.host, f"no list of voices: {why}", status)


def _message(body: bytes) -> str:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    message = data.get("message") if isinstance(data, dict) else None
    return message if isinstance(message, str) else ""


def read_voices(body: bytes) -> tuple[list[Voice], str]:
    """Return the voices of one answer, and the token of the next page or "".

    Entries without an id are passed over; missing and null fields are tolerated.

    Raises:
        ProtocolError: If it is not JSON with a list under ``voices``.
    """
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ProtocolError("the list of voices is not JSON") from error
    entries = data.get("voices") if isinstance(data, dict) else None
    if not isinstance(entries, list):
        raise ProtocolError("the list of voices has no list under 'voices'")
    token = data.get("nextPageToken")
    voices = [_read_voice(entry) for entry in entries if isinstance(entry, dict) and entry.get("voiceId")]
    return voices, token if isinstance(token, str) else ""


def _read_voice(entry: Mapping[str, Any]) -> Voice:
    identity = str(entry["voiceId"])
    languages = _texts(entry.get("languages")) or _texts([entry.get("langCode")])
    return Voice(
        id=identity,
        name=str(entry.get("displayName") or identity),
        languages=languages,
        description=str(entry.get("description") or ""),
        tags=_texts(entry.get("tags")),
    )


def _texts(values: object) -> tuple[str, ...]:
    return tuple(value for value in values if isinstance(value, str)) if isinstance(values, list) else ()
