"""The test tone: one beep per word.  For a machine without a speech engine, and for tests: it is deterministic.

It is not speech and does not pretend to be; its voices say so.
"""

from __future__ import annotations

import zlib
from typing import Final

from voxpool.server.engines.alignment import tokens
from voxpool.server.speech import Phone, Speech, SpeechRequest, Word

CHARACTER_S: Final = 0.06
GAP_S: Final = 0.05
LEAD_S: Final = 0.03
TAIL_S: Final = 0.2
_AMPLITUDE: Final = 8000


class ToneEngine:
    """Speaks in beeps: 0.06 s per character, 0.05 s of silence between words, at a pitch that the word decides."""

    async def ready(self) -> None:
        """It always is."""

    async def close(self) -> None:
        """There is nothing to close."""

    async def speak(self, request: SpeechRequest) -> Speech:
        """Return the beeps of a text."""
        # Imported late: the server is ready sooner.
        import numpy as np

        rate_hz = request.sample_rate_hz
        words: list[Word] = []
        runs = [np.zeros(round(LEAD_S * rate_hz), np.int16)]
        done = len(runs[0])
        for start, end in tokens(request.text):
            length = round((end - start) * CHARACTER_S / request.speed * rate_hz)
            hertz = (250 + zlib.crc32(request.text[start:end].encode()) % 500) * (0.5 + request.pitch / 100)
            ramp = np.minimum(1.0, np.minimum(np.arange(length), np.arange(length)[::-1]) / (0.005 * rate_hz))
            wave = _AMPLITUDE * ramp * np.sin(2 * np.pi * hertz / rate_hz * np.arange(length))
            phone = Phone("tone", done / rate_hz, length / rate_hz)
            words.append(Word(start, end, done / rate_hz, (done + length) / rate_hz, (phone,)))
            runs += [wave.astype(np.int16), np.zeros(round(GAP_S * rate_hz), np.int16)]
            done += length + len(runs[-1])
        runs.append(np.zeros(round(TAIL_S * rate_hz), np.int16))
        return Speech(np.concatenate(runs).tobytes(), rate_hz, tuple(words))
