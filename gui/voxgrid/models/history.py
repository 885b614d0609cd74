"""Rows of the history and how an utterance is copied as code."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from voxpool.events import Outcome
from voxpool.protocol.settings import ContextSettings

if TYPE_CHECKING:
    from voxgrid.speech.record import UtteranceRecord

_ENDS: Final[dict[Outcome | None, str]] = {Outcome.FAILED: "failed", Outcome.DONE: "done"}


def title(record: UtteranceRecord) -> str:
    """Return one line of its text."""
    return " ".join(record.text[:200].split())


def first_audio(record: UtteranceRecord) -> str:
    """Return the time to first audio, or how it ended without."""
    if record.ttfa_ms is not None:
        return f"{record.ttfa_ms:,.0f} ms"
    if not record.ended:
        return "…"
    return _ENDS.get(record.outcome, "interrupted")


def explain(record: UtteranceRecord) -> str:
    """Return everything about it in a few lines, for a tool tip or a screen reader."""
    at = time.strftime("%H:%M:%S", time.localtime(record.began_at))
    lines = [title(record), f"{at} · {record.settings.voice} · {record.settings.model} · {record.audio_s:.1f} s"]
    if record.ttfa_ms is not None:
        lines.append(f"first audio after {record.ttfa_ms:,.0f} ms · {len(record.arrivals)} chunks")
    elif record.outcome is Outcome.DONE:
        lines.append("it ended without any audio: there may be nothing in it to say")
    if record.error:
        lines.append(record.error)
    if not record.kept:
        lines.append("its sound is not kept any more")
    return "\n".join(lines)


def as_python(record: UtteranceRecord, url: str) -> str:
    """Return a program that speaks the same utterance with voxpool.

    Args:
        record: The utterance.
        url: Base URL of the endpoint; a key is taken from the environment there, never written down here.
    """
    changed = _changed(record.settings)
    arguments = "".join(f",\n        {name}={value!r}" for name, value in changed.items())
    credential = "" if "127.0.0.1" in url else ', Credential.basic(os.environ["INWORLD_API_KEY"])'
    imports = "import asyncio\n" + ("import os\n" if credential else "")
    names = "Credential, Endpoint, Pool" if credential else "Endpoint, Pool"
    return (
        f"{imports}\nfrom voxpool import {names}\n\n\n"
        "async def main() -> None:\n"
        f"    async with Pool(Endpoint({url!r}{credential})) as pool:\n"
        f"        utterance = pool.speak(\n            {record.text!r}{arguments.replace(chr(10), chr(10) + '    ')},\n"
        "        )\n"
        "        async for chunk in utterance:\n"
        "            print(chunk.start_s, chunk.pcm.shape, chunk.sample_rate_hz)\n"
        "\n\nasyncio.run(main())\n"
    )


def _changed(settings: ContextSettings) -> dict[str, Any]:
    """Return the settings that differ from the defaults, as plain values; the voice always."""
    plain = {name: getattr(value, "value", value) for name, value in asdict(settings).items()}
    default = {name: getattr(value, "value", value) for name, value in asdict(ContextSettings()).items()}
    return {name: value for name, value in plain.items() if name == "voice" or value != default[name]}
