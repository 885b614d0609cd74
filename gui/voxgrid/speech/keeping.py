"""Writing what is kept to a file."""

from __future__ import annotations

import asyncio
from pathlib import Path

from voxgrid.notifications import Severity
from voxgrid.speech.notice import Notice
from voxgrid.speech.record import UtteranceRecord
from voxpool.audio.wav import write_wav


async def save_wav(record: UtteranceRecord, path: Path) -> Notice:
    """Write an utterance's audio to a WAV file, in a thread; return what is to be said about it."""
    try:
        await asyncio.to_thread(write_wav, path, record.pcm(), record.sample_rate_hz)
    except OSError as error:
        why = error.strerror or type(error).__name__
        text = f"{path} could not be written: {why}."
        return Notice("save", text, Severity.ERROR, "Choose another folder.", repr(error))
    return Notice("save", f"Saved {record.audio_s:.1f} s of sound to {path}.")
