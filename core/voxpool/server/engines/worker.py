"""The worker process: loads one engine and speaks what comes over its standard input, one text at a time.

``python -m voxpool.server.engines.worker ENGINE``.  It ends as soon as its standard input does, in the middle of a
text if need be: however the server died, nothing outlives it.
"""

from __future__ import annotations

import importlib
import os
import queue
import signal
import sys
import threading
from typing import Any, BinaryIO, Final

from voxpool.server.engines import framing
from voxpool.server.speech import EngineFailed

ENGINES: Final = {"espeak": "voxpool.server.engines.espeak", "neural": "voxpool.server.engines.neural"}


def main(name: str) -> None:
    """Run the worker for the engine of this name."""
    # Ctrl+C is for the server; its end ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    incoming, outgoing = _take_pipes()
    work: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(incoming, work), daemon=True).start()
    try:
        engine = importlib.import_module(ENGINES[name]).Engine()
    except Exception as error:  # noqa: BLE001 - told to the server, which says it to a person
        _send(outgoing, framing.pack({"ready": False, "error": f"{type(error).__name__}: {error}"}))
        return
    _send(outgoing, framing.pack({"ready": True}))
    while True:
        _send(outgoing, _answer(name, engine, work.get()))


def _answer(name: str, engine: Any, header: dict[str, Any]) -> bytes:
    number = header["id"]
    try:
        speech = engine.speak(framing.request_of(name, header))
    except EngineFailed as error:
        return framing.pack({"id": number, "error": str(error)})
    except Exception as error:  # noqa: BLE001 - one text must not end the worker
        return framing.pack({"id": number, "error": f"{type(error).__name__} in the {name} engine"})
    return framing.pack(framing.speech_header(number, speech), speech.pcm)


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes for ourselves: whatever an engine prints goes to standard error."""
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    try:
        os.dup2(2, 1)
    except OSError:
        # A windowed parent may have no standard error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return incoming, outgoing


def _receive(incoming: BinaryIO, work: queue.SimpleQueue[dict[str, Any]]) -> None:
    try:
        while True:
            header, _ = framing.read(incoming)
            work.put(header)
    except (EOFError, OSError, ValueError):
        # Not sys.exit: the engine may be in the middle of a text.
        os._exit(0)


def _send(outgoing: BinaryIO, frame: bytes) -> None:
    try:
        outgoing.write(frame)
        outgoing.flush()
    except OSError:
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
