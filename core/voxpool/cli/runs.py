"""``voxpool runs``: the kept runs of the stress lab; list, show, compare, export and delete them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from voxpool.cli.extras import need

LAST: Final = "last"
"""Names the newest run."""
_LIBRARIES: Final = ("hdrh", "jinja2", "platformdirs", "plotly", "psutil", "tomlkit")
_WHICH: Final = f'id, the beginning of one, "{LAST}", or a JSON file that was exported'


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``voxpool runs``."""
    parser.add_argument("--store", type=Path, metavar="FILE", help="file of kept runs (default: that of the window)")
    verbs = parser.add_subparsers(dest="verb", metavar="WHAT", required=True)
    made = verbs.add_parser("list", help="list kept runs, newest first")
    made.add_argument("search", nargs="*", metavar="WORD", help="words in name, note, endpoint, verdict or id")
    made.add_argument("--json", action="store_true", help="print JSON")
    made = verbs.add_parser("show", help="print the summary of a run")
    made.add_argument("run", metavar="RUN", help=_WHICH)
    made = verbs.add_parser("compare", help="compare runs with the first one; says what is more than noise")
    made.add_argument("runs", nargs="+", metavar="RUN", help=_WHICH)
    made.add_argument("--html", type=Path, metavar="FILE", help="write a page with curves over each other as well")
    made = verbs.add_parser("export", help="write a run as a report, JSON, CSV or Chrome trace")
    made.add_argument("run", metavar="RUN", help=_WHICH)
    made.add_argument("--html", type=Path, metavar="FILE", help="self-contained report")
    made.add_argument("--json", type=Path, metavar="FILE", help="everything as JSON; - prints it")
    made.add_argument("--csv", type=Path, metavar="FILE", help="one line for each utterance; - prints it")
    made.add_argument("--trace", type=Path, metavar="FILE", help="Chrome trace, opens in Perfetto")
    made.add_argument("--scenario", type=Path, metavar="FILE", help="its scenario as TOML, to run it again")
    made.add_argument(
        "--texts", action="store_true", help="with the texts of the utterances and of the scenario; left out otherwise"
    )
    made = verbs.add_parser("delete", help="delete runs for good")
    made.add_argument("runs", nargs="+", metavar="RUN", help=f'id, the beginning of one, or "{LAST}"')


def run(arguments: argparse.Namespace) -> int:
    """Do it and return the exit code.

    Raises:
        WrongUse: If a file cannot be written, or ``--store`` names no file of kept runs.
        VoxpoolError: If a library or a run is not there, or the file of kept runs cannot be used.
        OSError: If a file cannot be written.
    """
    need("tools", *_LIBRARIES)
    from voxpool.cli.runsverbs import do

    return do(arguments)
