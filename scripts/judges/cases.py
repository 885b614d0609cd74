"""What every judge says: the same texts in the same cases, and one line of JSON for each utterance.

This file is imported by the judges inside their own environments, so it uses the standard library only.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

SHORT = "Your table for four is ready, please follow me."
LONG = " ".join(
    f"Sentence number {n} talks about the river, the weather and the small dog that runs in the park."
    for n in range(1, 16)
)
STREAMED = "I can move your appointment to Thursday. Would three o'clock suit you, or do you prefer the morning?"
INTERRUPTED = " ".join(["This sentence will be cut short because somebody speaks over it."] * 8)
AFTER = "Of course, let me change that."


def tokens(text: str) -> Iterator[str]:
    """Yield a text in small pieces, as a language model streams it."""
    for start in range(0, len(text), 7):
        yield text[start : start + 7]


def concurrent(count: int) -> list[str]:
    """Return ``count`` different texts."""
    return [f"Caller {n}, thank you for waiting, your number in the queue is {n + 100}." for n in range(count)]


@dataclass
class Verdict:
    """What one utterance brought.

    Attributes:
        case: Name of the case.
        text: What was said.
        audio_s: Seconds of audio that the client handed on.
        sha256: Hash of the PCM that it handed on.
        words: ``(word, start_s)`` as the client tells them.
        cut: Whether the utterance was interrupted on purpose.
        error: What went wrong, or "".
    """

    case: str
    text: str
    audio_s: float = 0.0
    sha256: str = ""
    words: list[tuple[str, float]] = field(default_factory=list)
    cut: bool = False
    error: str = ""

    def heard(self, pcm: bytes, sample_rate_hz: int) -> Verdict:
        """Fill in what was heard: 16 bit mono PCM."""
        self.audio_s = len(pcm) / 2 / sample_rate_hz
        self.sha256 = hashlib.sha256(pcm).hexdigest()
        return self

    def tell(self) -> None:
        """Print the line that the runner reads."""
        print(json.dumps({"verdict": asdict(self)}), flush=True)


class LogKeeper(logging.Handler):
    """Keeps every warning and error that the client logs, for the runner to judge."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record."""
        # LiveKit tells the error in extra fields of the record.
        told = "".join(f" ({vars(record)[name]})" for name in ("error_code", "error_message") if name in vars(record))
        self.lines.append(f"{record.levelname} {record.name}: {record.getMessage()}{told}")

    def tell(self) -> None:
        """Print the line that the runner reads."""
        print(json.dumps({"logs": self.lines}), flush=True)


def arguments() -> argparse.Namespace:
    """Read the command line of a judge."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True, help="base URL of the local server, http://127.0.0.1:PORT")
    parser.add_argument("--key", default="made-up-key-for-tests")
    parser.add_argument("--concurrency", type=int, default=5)
    return parser.parse_args()


def keep_logs() -> LogKeeper:
    """Attach a keeper to the root logger."""
    keeper = LogKeeper()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    logging.getLogger().addHandler(keeper)
    return keeper
