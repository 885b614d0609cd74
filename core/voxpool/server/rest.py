"""REST beside the socket: voices, synchronous and streaming synthesis (section 11)."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Final

import orjson
import pybase64
from aiohttp import web

from voxpool.protocol.settings import Encoding
from voxpool.server import credentials, options, replies, statuses
from voxpool.server.chunking import ChunkSizes
from voxpool.server.encoders import make_encoder
from voxpool.server.options import Options
from voxpool.server.pacing import Pacer
from voxpool.server.requests import Malformed, field
from voxpool.server.services import Services
from voxpool.server.speaking import Chunk, Speaking
from voxpool.server.speech import EngineFailed
from voxpool.server.statuses import HTTP_STATUS, Refused, Status
from voxpool.server.timestamps import merge
from voxpool.server.voices import Voice

SYNC_PATH: Final = "/tts/v1/voice"
STREAM_PATH: Final = "/tts/v1/voice:stream"
LEGACY_VOICES_PATH: Final = "/tts/v1/voices"
VOICES_PATH: Final = "/voices/v1/voices"
_LARGEST_PAGE: Final = 1000

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Rest:
    """The REST endpoints.

    Args:
        services: The parts of the server.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._requests = 0

    def add_routes(self, app: web.Application) -> None:
        """Add the endpoints to an application."""
        app.router.add_post(SYNC_PATH, self._guarded(self._synthesize, wrapped=False))
        app.router.add_post(STREAM_PATH, self._guarded(self._stream, wrapped=True))
        app.router.add_get(LEGACY_VOICES_PATH, self._guarded(self._legacy_voices, wrapped=False))
        app.router.add_get(VOICES_PATH, self._guarded(self._voices, wrapped=False))
        app.router.add_get(VOICES_PATH + "/{voice_id}", self._guarded(self._voice, wrapped=False))

    def _guarded(self, handler: _Handler, *, wrapped: bool) -> _Handler:
        """Return a handler that checks the credential and words errors as its endpoint does (section 9)."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                _authenticate(request, self._services.config.key)
                return await handler(request)
            except Refused as refusal:
                status = refusal.status
            except (Malformed, web.RequestPayloadError):
                # What the service says to a body that is no JSON, or not what its headers say, is unknown.
                status = statuses.invalid("invalid request body.")
            except EngineFailed as error:
                status = statuses.engine_failed(str(error))
            body = {"error": status.body} if wrapped else status.body
            headers = {"WWW-Authenticate": "Basic"} if status.code == statuses.UNAUTHENTICATED else None
            return _json(body, HTTP_STATUS.get(status.code, 500), headers)

        return handle

    async def _legacy_voices(self, request: web.Request) -> web.Response:
        # ?filter=language=en
        name, _, value = request.query.get("filter", "").partition("=")
        voices = self._services.catalogue.voices([value.strip().strip('"')] if name.strip() == "language" else [])
        return _json({"voices": [voice.legacy_entry() for voice in voices]})

    async def _voices(self, request: web.Request) -> web.Response:
        voices = self._services.catalogue.voices(request.query.getall("languages", []))
        size = min(_number(request, "pageSize") or _LARGEST_PAGE, _LARGEST_PAGE)
        # The name of the request's parameter is known from one third party only (section 11).
        start = _number(request, "nextPageToken") or _number(request, "pageToken")
        body: dict[str, Any] = {"voices": [voice.entry() for voice in voices[start : start + size]]}
        if start + size < len(voices):
            body["nextPageToken"] = str(start + size)
        return _json(body)

    async def _voice(self, request: web.Request) -> web.Response:
        return _json(self._find(request.match_info["voice_id"]).entry())

    async def _synthesize(self, request: web.Request) -> web.Response:
        text, settings, voice = await self._read(request, self._services.config.sync_text_limit)
        if not text.strip():
            return _json({"audioContent": "", "usage": None})
        pcm, alignments = bytearray(), []
        plain = make_encoder(Encoding.PCM, settings.sample_rate_hz, wav_size_field=0)
        async with aclosing(self._chunks(text, settings, voice, plain)) as chunks:
            async for chunk in chunks:
                if request.transport is None or request.transport.is_closing():
                    # Nothing is written until the end, so nothing else would notice.
                    raise ConnectionResetError("the client has gone")
                pcm += chunk.audio
                if chunk.timestamps is not None:
                    alignments.append(chunk.timestamps)
        encoder = self._encoder(settings, len(pcm))
        encoder.begin()
        audio = await asyncio.to_thread(lambda: encoder.encode(bytes(pcm)) + encoder.finish())
        body: dict[str, Any] = {
            "audioContent": pybase64.b64encode_as_string(audio),
            "usage": {"processedCharactersCount": len(text), "modelId": settings.model_id},
        }
        if settings.timestamps != "none":
            body["timestampInfo"] = merge(alignments)
        return _json(body)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        text, settings, voice = await self._read(request, self._services.config.stream_text_limit)
        if not text.strip():
            return _lines(b'{"result":{"audioContent":"","usage":null}}\n')
        encoder = self._encoder(settings, self._services.config.wav_size_field)
        async with aclosing(self._chunks(text, settings, voice, encoder)) as chunks:
            # A request that fails before its first line still gets an HTTP status (section 11).
            first = await anext(chunks, None)
            response = web.StreamResponse(headers=_headers())
            response.content_type = "application/json"
            await response.prepare(request)
            try:
                if first is not None:
                    await response.write(_line(first, settings))
                async for chunk in chunks:
                    await response.write(_line(chunk, settings))
            except EngineFailed as error:
                status = statuses.engine_failed(str(error))
                await response.write(replies.connection_status(status) + b"\n")
            await response.write_eof()
        return response

    async def _read(self, request: web.Request, limit: int) -> tuple[str, Options, Voice]:
        try:
            body = orjson.loads(await request.read())
        except ValueError as error:
            raise Malformed from error
        if not isinstance(body, dict):
            raise Malformed
        text = field(body, "text")
        if text is not None and not isinstance(text, str):
            raise Malformed
        settings = options.read(body)
        options.check(settings, self._services.config)
        if len(text or "") > limit:
            raise Refused(statuses.text_too_long(limit))
        return text or "", settings, self._find(settings.voice_id)

    def _find(self, voice_id: str) -> Voice:
        voice = self._services.catalogue.find(voice_id)
        if voice is None:
            raise Refused(statuses.unknown_voice(voice_id))
        return voice

    def _encoder(self, settings: Options, wav_size: int) -> Any:
        return make_encoder(
            settings.encoding, settings.sample_rate_hz, bit_rate=settings.bit_rate, wav_size_field=wav_size
        )

    async def _chunks(self, text: str, settings: Options, voice: Voice, encoder: Any) -> AsyncGenerator[Chunk, None]:
        """Yield the chunks of a request at the pace of the profile; it counts as a generation meanwhile."""
        services = self._services
        config = services.config
        self._requests += 1
        seed = f"{config.seed}:rest:{self._requests}"
        pacer = Pacer(config.timing, random.Random(seed))  # noqa: S311 - not for secrets
        loop = asyncio.get_running_loop()
        sizes = ChunkSizes(config.rest_first_samples, round(config.rest_chunk_s * settings.sample_rate_hz), 0)
        await services.generations.acquire()
        try:
            pacer.begin(loop.time(), continues=False)
            speaking = Speaking(text, settings, voice, encoder, services, object(), sizes)
            async with aclosing(speaking.chunks()) as chunks:
                async for chunk in chunks:
                    due = pacer.due(chunk.duration_s)
                    if due is not None and (delay := due - loop.time()) > 0:
                        await asyncio.sleep(delay)
                    yield chunk
        finally:
            services.generations.release()


def _authenticate(request: web.Request, key: str | None) -> None:
    refusal = credentials.judge(credentials.presented(request.headers, request.query), key)
    if refusal is None:
        return
    if refusal.code == statuses.PERMISSION_DENIED:
        secret = credentials.presented(request.headers, request.query).secret
        refusal = Status(refusal.code, f'API key does not exist or was deleted: "{secret[:4]}***"')
    raise Refused(refusal)


def _number(request: web.Request, name: str) -> int:
    value = request.query.get(name, "")
    if value and not (value.isascii() and value.isdigit()):
        raise Refused(statuses.invalid(f"{name}: {value[:40]} is not a number."))
    return int(value[:9]) if value else 0


def _line(chunk: Chunk, settings: Options) -> bytes:
    body = replies.chunk(chunk.audio, chunk.characters, settings.model_id, chunk.timestamps)
    if settings.timestamps == "none":
        del body["timestampInfo"]
    return orjson.dumps({"result": body}) + b"\n"


def _lines(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json", headers=_headers())


def _json(body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=orjson.dumps(body), status=status, content_type="application/json", headers=_headers() | (headers or {})
    )


def _headers() -> dict[str, str]:
    return {"x-inworld-request-id": str(uuid.uuid4()), "x-envoy-upstream-service-time": "0"}
