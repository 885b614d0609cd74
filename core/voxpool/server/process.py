"""The server as a process: one line when it is ready, and an end that leaves nothing behind."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import sys
import threading
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.log import server_logger as server_log

from voxpool.errors import EndpointError, LocalServerError
from voxpool.server.app import Server
from voxpool.server.config import ServerConfig

_logger = logging.getLogger(__name__)
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_SHUTDOWN_S: Final = 0.25
"""Twice as long aiohttp waits for requests that are under way.  With the second that connections have to say goodbye
and the half that workers have, it must be less than whoever started the server waits before killing it."""
_STDIN: Final = 0


class _OneLine(logging.Filter):
    """Tells what a client did wrong in one line, where aiohttp would print a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten the record if it is about what a client sent."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError | ConnectionError | web.RequestPayloadError):
            first = str(error).strip().replace("\n", " ")[:200]
            record.msg, record.args = f"{record.getMessage()}: {first}", ()
            record.exc_info, record.levelno, record.levelname = None, logging.WARNING, "WARNING"
        return True


async def serve(config: ServerConfig, host: str, port: int, *, stop_with_parent: bool) -> None:
    """Serve until interrupted, or until standard input ends if it is a parent's pipe.

    Prints ``voxpool server ready at URL`` on standard output once it can be reached.

    Args:
        config: The server's settings.
        host: Address to listen on.
        port: Port; 0 means any.
        stop_with_parent: Whether the end of standard input ends the server.

    Raises:
        EndpointError: If it should listen beyond this machine without a key, or cannot listen there.
    """
    if host not in _LOOPBACK and config.key is None:
        raise EndpointError(f"a server on {host} can be reached by others: set a key (VOXPOOL_SERVER_KEY)")
    server_log.addFilter(_OneLine())
    stop = asyncio.Event()
    _stop_on_signals(stop)
    if stop_with_parent:
        _stop_with_stdin(stop)
    runner = web.AppRunner(Server(config).application(), access_log=None, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        if sys.stdout is not None:
            sys.stdout.write(f"voxpool server ready at {_url(runner, host)}\n")
            sys.stdout.flush()
        await stop.wait()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port, backlog=512).start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise EndpointError(f"port {port} on {host} is taken; choose another, or 0 for any") from error
        raise EndpointError(f"cannot listen on {host} port {port}: {error.strerror or error}") from error


def _url(runner: web.AppRunner, host: str) -> str:
    if not runner.addresses:
        raise LocalServerError("the server has no address")
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{runner.addresses[0][1]}"


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:
            # Windows: the handler runs between two steps of the loop.
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))


def _stop_with_stdin(stop: asyncio.Event) -> None:
    """Watch standard input from a thread: pipes cannot be awaited everywhere."""
    loop = asyncio.get_running_loop()

    def watch() -> None:
        try:
            while os.read(_STDIN, 4096):
                pass
        except OSError:
            _logger.debug("standard input broke", exc_info=True)
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()
