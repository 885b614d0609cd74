"""The only place on the client's side that knows aiohttp: one WebSocket, opened, read, written and closed.

Everything foreign ends here: aiohttp's exceptions become ``ConnectFailed``, ``CredentialRejected`` and
``ConnectionLost``, with the original chained.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
from aiohttp import ClientWSTimeout, WSMsgType

from voxpool.config import Endpoint
from voxpool.direct import DirectQueue, FreshWebSocket, attach
from voxpool.errors import ConnectFailed, ConnectionLost, CredentialRejected, VoxpoolError
from voxpool.scrub import scrub

MAX_FRAME_BYTES: Final = 64 * 1024 * 1024
"""Largest message accepted: audio at 48 kHz comes in frames of hundreds of kilobytes (protocol.md section 7)."""

USER_AGENT: Final = "voxpool"


@dataclass(frozen=True, slots=True)
class Closed:
    """How reading from a transport ended.

    Attributes:
        why: The cause in words.
        clean: Whether a CLOSE frame came: the peer meant it.
        code: Its code, or None.
    """

    why: str
    clean: bool
    code: int | None = None


class Transport(Protocol):
    """One open connection that carries text frames."""

    async def run(self, on_frame: Callable[[str], None], on_pong: Callable[[bytes], None]) -> Closed:
        """Read until the end, handing every text frame and every pong over synchronously."""
        ...

    async def send(self, frame: str) -> None:
        """Write a frame; waits while the socket takes no more.  Raises ``ConnectionLost``."""
        ...

    async def ping(self, payload: bytes) -> None:
        """Write a ping.  Raises ``ConnectionLost``."""
        ...

    async def close(self) -> None:
        """Say goodbye and close, within a second.  Never raises."""
        ...

    def abort(self) -> None:
        """Drop the connection at once.  Never raises."""
        ...


class Connector(Protocol):
    """Opens transports to one endpoint."""

    async def connect(self) -> Transport:
        """Return an open transport.  Raises ``ConnectFailed`` or ``CredentialRejected``."""
        ...

    async def close(self) -> None:
        """Give back what the connector holds."""
        ...


class AiohttpTransport:
    """A WebSocket of aiohttp.

    Args:
        ws: The open WebSocket; pings and pongs are handled here (``autoping=False``).
        direct: Its queue where text frames need not wait for a task (see ``voxpool.direct``), or None.
    """

    def __init__(self, ws: aiohttp.ClientWebSocketResponse, direct: DirectQueue | None = None) -> None:
        self._ws = ws
        self._direct = direct
        self._unread = _unread_probe(ws.get_extra_info("socket"))

    async def run(self, on_frame: Callable[[str], None], on_pong: Callable[[bytes], None]) -> Closed:
        """Read until the end (see ``Transport``)."""
        direct = self._direct
        if direct is None:
            return await self._receive(on_frame, on_pong)
        direct.take = on_frame
        try:
            return await self._receive(on_frame, on_pong)
        finally:
            direct.take = None

    async def _receive(self, on_frame: Callable[[str], None], on_pong: Callable[[bytes], None]) -> Closed:
        receive, direct = self._ws.receive, self._direct
        while True:
            message = await receive()
            if direct is not None and direct.failure is not None:
                raise direct.failure
            kind = message.type
            if kind is WSMsgType.TEXT:
                on_frame(message.data)
            elif kind is WSMsgType.PONG:
                on_pong(bytes(message.data))
            elif kind is WSMsgType.PING:
                await self._pong(bytes(message.data))
            elif kind is not WSMsgType.BINARY:
                # The service never sends binary frames (protocol.md section 1); one says nothing to us.
                return self._ending(message)

    async def _pong(self, payload: bytes) -> None:
        try:
            await self._ws.pong(payload)
        except (ConnectionError, aiohttp.ClientError, RuntimeError):
            # The reader learns of the end of the socket by itself, and says why.
            return

    def _ending(self, message: aiohttp.WSMessage) -> Closed:
        code = self._ws.close_code
        if message.type is WSMsgType.CLOSE:
            text = scrub(str(message.extra or ""))
            return Closed(f"closed by the server with code {message.data}" + (f": {text}" if text else ""), True, code)
        error = message.data if isinstance(message.data, BaseException) else self._ws.exception()
        if error is not None:
            return Closed(describe(error), False, code)
        return Closed("the socket ended without a closing frame", False, code)

    async def send(self, frame: str) -> None:
        """Write a frame (see ``Transport``)."""
        await self._let_read()
        try:
            await self._ws.send_str(frame)
        except (ConnectionError, aiohttp.ClientError, RuntimeError) as error:
            raise ConnectionLost(0, describe(error)) from error

    async def ping(self, payload: bytes) -> None:
        """Write a ping (see ``Transport``)."""
        await self._let_read()
        try:
            await self._ws.ping(payload)
        except (ConnectionError, aiohttp.ClientError, RuntimeError) as error:
            raise ConnectionLost(0, describe(error)) from error

    async def _let_read(self) -> None:
        """Let what has come be read before something is written.

        An event loop drops what it has not read when a write fails: the frame that says why the peer went.  asyncio
        runs who was woken before what came, so one turn of the loop is not enough.
        """
        for _ in range(2):
            if not self._unread():
                return
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Say goodbye and close (see ``Transport``)."""
        try:
            await self._ws.close()
        except (OSError, aiohttp.ClientError, RuntimeError):
            self.abort()

    def abort(self) -> None:
        """Drop the connection at once (see ``Transport``).

        Shutting the socket down ends it even when the peer reads no more and our buffer is full, where closing
        would wait for the buffer to empty.
        """
        sock = self._ws.get_extra_info("socket")
        if sock is not None:
            with contextlib.suppress(OSError):
                _shut_down(sock)


class AiohttpConnector:
    """Opens WebSockets to an endpoint over one shared client session.

    Args:
        endpoint: Where to connect to.
        timeout_s: For one handshake.
        close_timeout_s: For one closing handshake.
    """

    def __init__(self, endpoint: Endpoint, timeout_s: float, close_timeout_s: float = 1.0) -> None:
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        self._ws_timeout = ClientWSTimeout(ws_receive=None, ws_close=close_timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def connect(self) -> Transport:
        """Return an open WebSocket.

        The upgrade succeeds whatever the credential is; the service looks at it with the first message
        (protocol.md section 2).

        Raises:
            ConnectFailed: Refused, unreachable, too slow, or answered with an HTTP status (429: too many).
            CredentialRejected: Answered with 401 or 403, which this service does not do, but a proxy may.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                ws = await self._client().ws_connect(
                    self._endpoint.ws_url,
                    headers=self._headers(),
                    timeout=self._ws_timeout,
                    autoping=False,
                    compress=0,
                    max_msg_size=MAX_FRAME_BYTES,
                )
        except (TimeoutError, OSError, aiohttp.ClientError, ValueError) as error:
            forget_credential(error)
            raise self._translate(error) from error
        return AiohttpTransport(ws, attach(ws, MAX_FRAME_BYTES))

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            # The pool counts connections itself; a limit here would make a handshake wait unseen.
            connector = aiohttp.TCPConnector(limit=0)
            self._session = aiohttp.ClientSession(connector=connector, ws_response_class=FreshWebSocket)
        return self._session

    def _headers(self) -> dict[str, str]:
        headers = {"X-User-Agent": USER_AGENT, "X-Request-Id": str(uuid4())}
        credential = self._endpoint.credential
        if credential is not None:
            headers["Authorization"] = credential.header()
        return headers

    def _translate(self, error: BaseException) -> VoxpoolError:
        host = self._endpoint.host
        if isinstance(error, aiohttp.WSServerHandshakeError):
            return self._refused(error)
        if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ClientError):
            return ConnectFailed(host, f"no answer within {self._timeout_s:g} s")
        why = describe(error)
        if isinstance(error, aiohttp.ClientConnectorError) and _is_elsewhere(error.host, self._endpoint):
            why = f"it redirects to {error.host}: {why}"
        return ConnectFailed(host, self._endpoint.scrub(why))

    def _refused(self, error: aiohttp.WSServerHandshakeError) -> VoxpoolError:
        """Return the error for an answer over HTTP that is no upgrade."""
        status = error.status
        if status in (401, 403):
            return CredentialRejected(16 if status == 401 else 7, f"HTTP {status} {_phrase(status)}")
        if status == HTTPStatus.SWITCHING_PROTOCOLS:
            why = f"its answer is no WebSocket ({error.message})"
        elif status >= 500 or status in (408, 425, 429):
            why = _phrase(status)
        else:
            why = f"{_phrase(status)}, but no WebSocket; is the address right, and no proxy or login page in between?"
        if error.history:
            why = f"it redirects to {error.request_info.real_url.host}: {why}"
        return ConnectFailed(self._endpoint.host, self._endpoint.scrub(why), status, _retry_after_s(error.headers))

    async def close(self) -> None:
        """Close the client session."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _is_elsewhere(host: str, endpoint: Endpoint) -> bool:
    """Whether a host name is surely not the endpoint's; addresses of version 6 have many spellings."""
    name = urlsplit(endpoint.url).hostname or ""
    try:
        names = {name, name.encode("idna").decode()}
    except UnicodeError:
        return False
    return ":" not in name and host not in names


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "an unknown status"


def _retry_after_s(headers: Mapping[str, str] | None) -> float | None:
    """Return the seconds to wait that an answer asks for, as a number or as a date, or None."""
    value = headers.get("Retry-After", "").strip() if headers is not None else ""
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        seconds = parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return max(0.0, seconds)


def forget_credential(error: BaseException) -> None:
    """Take the credential out of an exception that is chained and may be shown: it holds all headers of the request."""
    if isinstance(error, aiohttp.ClientResponseError):
        info = error.request_info
        headers = info.headers.copy()
        headers.popall("Authorization", None)
        error.request_info = aiohttp.RequestInfo(info.url, info.method, type(info.headers)(headers), info.real_url)
        error.args = (error.request_info, error.history)


def _unread_probe(sock: Any) -> Callable[[], bool]:
    """Return what tells whether something waits in a socket to be read, in about a microsecond."""
    number = -1 if sock is None else sock.fileno()
    if number < 0:
        return lambda: False
    if not hasattr(select, "poll"):
        # Windows, whose loop reads ahead: then nothing waits in the socket.
        return lambda: False
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return lambda: bool(poll.poll(0))


def _shut_down(sock: Any) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except TypeError:
        # uvloop shows a socket that can do next to nothing; a second handle to the same one can.
        with socket.fromfd(sock.fileno(), sock.family, sock.type) as same:
            same.shutdown(socket.SHUT_RDWR)


def describe(error: BaseException) -> str:
    """Return a foreign exception in words."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "the host name cannot be resolved; is there a network?"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        reason = getattr(error.certificate_error, "verify_message", "") or "it is not valid for that name"
        return f"its TLS certificate is not accepted: {reason.rstrip('.')}"
    if isinstance(error, aiohttp.ClientConnectorError):
        if isinstance(error.os_error, ConnectionRefusedError):
            # asyncio words this with the address as a tuple ("Connect call failed ('127.0.0.1', 80)").
            return "nothing listens there; is the server running?"
        return error.os_error.strerror or str(error.os_error)
    if isinstance(error, aiohttp.TooManyRedirects):
        return "it redirects in a circle"
    if isinstance(error, aiohttp.ClientResponseError):
        # aiohttp quotes what it could not read, over several lines.
        return "its answer is not HTTP; is the address right, and no proxy in between?"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        # aiohttp words this for its own developers ("Cannot write to closing transport").
        return "the other end cut it off"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
