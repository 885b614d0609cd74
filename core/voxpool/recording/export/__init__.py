"""A recording, or a stretch of one, as a file for others: scrubbed once more, with texts or without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from voxpool.errors import RecordingError
from voxpool.recording.export.har import to_har
from voxpool.recording.export.lines import to_lines
from voxpool.recording.export.pieces import Piece
from voxpool.recording.export.recording import to_recording
from voxpool.recording.export.trace import to_trace
from voxpool.recording.reader import Recording
from voxpool.whole import whole

__all__ = ["FORMATS", "Format", "Piece", "export"]


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file.

    Attributes:
        name: How the command line calls it.
        title: What people call it.
        suffix: What its files end with.
        make: Yields the file's bytes.
    """

    name: str
    title: str
    suffix: str
    make: Callable[[Piece], Iterator[bytes]]


FORMATS: Final = {
    each.name: each
    for each in (
        Format("vxr", "Recording, for a colleague's Voxgrid", ".vxr", to_recording),
        Format("jsonl", "JSON lines", ".jsonl", to_lines),
        Format("trace", "Chrome trace, for Perfetto", ".trace.json", to_trace),
        Format("har", "HAR with WebSocket messages", ".har", to_har),
    )
}
"""By their names."""


def export(
    recording: Recording,
    path: Path,
    kind: Format,
    *,
    stretch: tuple[float, float] | None = None,
    texts: bool = True,
) -> None:
    """Write a file; one that is there already stays as it is until the new one is whole.

    Args:
        recording: What to export.
        path: The file.
        kind: What kind of file.
        stretch: Begin and end in monotonic seconds of the recording, or None for all of it.
        texts: Whether what was spoken is in it.

    Raises:
        RecordingError: The file is the recording itself, which would be lost.
        OSError: It cannot be written.
    """
    if path.exists() and any(each.exists() and path.samefile(each) for each in recording.paths):
        raise RecordingError(f"{path} is the recording itself; choose another file")
    piece = Piece(recording, *(stretch or (float("-inf"), float("inf"))), texts=texts)
    with whole(path) as file:
        file.writelines(kind.make(piece))
