"""``voxpool stress``: speak many utterances at once and measure them."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from voxpool import Endpoint, Pool, PoolConfig
from voxpool.cli.endpoint import add_endpoint_options, chosen_endpoint, is_inworld, reached
from voxpool.cli.say import add_voice_options, settings_from
from voxpool.stress.engine import TEXTS, Plan
from voxpool.stress.engine import run as run_plan
from voxpool.stress.summary import Report


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``voxpool stress``."""
    parser.add_argument("--utterances", type=int, default=100, metavar="N", help="how many in all (default: 100)")
    parser.add_argument("--concurrency", type=int, default=20, metavar="C", help="how many at once (default: 20)")
    parser.add_argument("--connections", type=int, default=20, metavar="N", help="most connections (default: 20)")
    parser.add_argument("--text", action="append", metavar="TEXT", help="what to say; again for several in turn")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report as JSON; - prints it instead")
    parser.add_argument("--yes", action="store_true", help="speak through the service itself, which costs money")
    add_voice_options(parser)
    add_endpoint_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run it, print the report and return 1 when an utterance failed.

    Raises:
        VoxpoolError: If the endpoint or a setting cannot be used at all.
    """
    plan = Plan(arguments.utterances, arguments.concurrency, tuple(arguments.text or TEXTS), settings_from(arguments))
    config = PoolConfig(max_connections=arguments.connections)
    # A key in the environment is not consent to pay for a load test: only --url asks for the service.
    endpoint = chosen_endpoint(arguments.url, arguments.key) if arguments.url else None
    if endpoint is not None and is_inworld(endpoint) and not arguments.yes:
        print(
            f"voxpool: this would send {plan.characters} characters to {endpoint.host}, which are billed; "
            "add --yes to do it",
            file=sys.stderr,
        )
        return 2
    report = asyncio.run(_run(endpoint, config, plan))
    _show(report, arguments.json)
    return 1 if report.failed else 0


async def _run(endpoint: Endpoint | None, config: PoolConfig, plan: Plan) -> Report:
    async with reached(endpoint) as target, Pool(target, config) as pool:
        return await run_plan(pool, plan, url=target.url, progress=_progress(plan.utterances))


def _show(report: Report, file: Path | None) -> None:
    data: dict[str, Any] = report.as_dict()
    if file == Path("-"):
        print(json.dumps(data, indent=2))
        return
    print(report.text())
    if file is not None:
        file.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def _progress(total: int) -> Any:
    """Return a callback that keeps one line of a terminal up to date, or None when there is no terminal."""
    if not sys.stderr.isatty():
        return None

    def show(ended: int, failed: int) -> None:
        print(f"\r{ended} of {total}, {failed} failed", end="\n" if ended == total else "", file=sys.stderr)

    return show
