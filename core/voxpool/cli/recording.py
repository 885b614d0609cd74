"""``voxpool recording``: look into a recorded session, export it, or ask for its load once more."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Final

from voxpool.cli.endpoint import add_endpoint_options
from voxpool.cli.extras import need

KINDS: Final = ("vxr", "jsonl", "trace", "har")
"""The names of ``voxpool.recording.export.FORMATS``, which cannot be loaded without the extra 'tools'."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``voxpool recording``."""
    verbs = parser.add_subparsers(dest="verb", metavar="WHAT", required=True)
    info = verbs.add_parser("info", help="say what is in a recording")
    info.add_argument("--json", action="store_true", help="as JSON")
    out = verbs.add_parser("export", help="write it as another file")
    out.add_argument("--to", choices=KINDS, default="jsonl", help="kind of file (default: jsonl)")
    out.add_argument("--no-texts", action="store_true", help="leave out what was spoken")
    out.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: beside the recording")
    again = verbs.add_parser("replay", help="ask for the same utterances at the same times")
    again.add_argument("--speed", type=_speed, default=1.0, metavar="X", help="times as fast, or burst (default: 1)")
    again.add_argument("--connections", type=int, default=20, metavar="N", help="most connections (default: 20)")
    again.add_argument(
        "--yes", action="store_true", help="speak through the service or another remote server, which may cost money"
    )
    add_endpoint_options(again)
    for verb in (info, out, again):
        verb.add_argument("file", type=Path, metavar="FILE", help="a recording (.vxr)")
    for verb in (out, again):
        verb.add_argument("--from", dest="begin", type=float, metavar="S", help="begin, in seconds after its start")
        verb.add_argument("--until", dest="end", type=float, metavar="S", help="end, in seconds after its start")


def run(arguments: argparse.Namespace) -> int:
    """Do it, and return 1 when a replayed utterance failed.

    Raises:
        VoxpoolError: If a library is not there, the file is no recording, or has nothing to replay.
        OSError: A file cannot be written.
    """
    need("tools", "msgspec")
    from voxpool.cli.recordingverbs import do

    return do(arguments)


def _speed(text: str) -> float:
    if text == "burst":
        return math.inf
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is neither a number above 0 nor burst")
    return value
