"""Says whether a recording is speech, and roughly which words: a small recogniser and a count of words in order.

It is no judge of single words.  Measured with a sentence of 21 words: neural speech 15 or 16, eSpeak 10; shuffled or
reversed speech at most 4, a tone, noise or silence none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import soxr
from pocketsphinx import Decoder

NEURAL = 1 / 2
"""Share of a sentence's words that neural speech must reach."""

ESPEAK = 1 / 3
"""Share of a sentence's words that eSpeak must reach."""

_RATE_HZ = 16_000
_PAD_S = 0.2


def words(text: str) -> list[str]:
    """Return the words of a text, in lower case, without punctuation."""
    return re.findall(r"[a-z']+", text.lower().replace("\u2019", "'"))


def recognise(pcm: npt.NDArray[np.int16], sample_rate_hz: int) -> list[str]:
    """Return the words heard in a recording, shape (n,), int16 mono."""
    speech = soxr.resample(pcm.astype(np.float32), sample_rate_hz, _RATE_HZ) if len(pcm) else np.zeros(0)
    pad = np.zeros(round(_PAD_S * _RATE_HZ))
    padded = np.clip(np.concatenate([pad, speech, pad]), -32768, 32767).astype(np.int16)
    decoder = Decoder(samprate=_RATE_HZ, loglevel="FATAL")
    decoder.start_utt()
    decoder.process_raw(padded.tobytes(), full_utt=True)
    decoder.end_utt()
    heard = decoder.hyp()
    return words(heard.hypstr) if heard is not None else []


def found_in_order(heard: Sequence[str], wanted: Sequence[str]) -> int:
    """Return how many of the wanted words were heard in their order (the longest common subsequence)."""
    row = [0] * (len(wanted) + 1)
    for word in heard:
        above = row.copy()
        for column, other in enumerate(wanted):
            row[column + 1] = above[column] + 1 if word == other else max(above[column + 1], row[column])
    return row[-1]


def share_of_words(pcm: npt.NDArray[np.int16], sample_rate_hz: int, sentence: str) -> float:
    """Return the share of the sentence's words that were heard in order, 0 to 1."""
    wanted = words(sentence)
    return found_in_order(recognise(pcm, sample_rate_hz), wanted) / len(wanted)
