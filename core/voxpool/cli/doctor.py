"""``voxpool doctor``: is everything here, and if not, what to do."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterable
from typing import Final

from voxpool.cli import checks
from voxpool.cli.checks import Finding, Grade
from voxpool.cli.endpoint import add_endpoint_options, chosen_endpoint
from voxpool.errors import EndpointError

_MARKS: Final = {Grade.GOOD: "ok  ", Grade.MISSING: "note", Grade.BAD: "FAIL"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``voxpool doctor``."""
    parser.add_argument("--offline", action="store_true", help="leave the endpoint alone")
    add_endpoint_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print a line for every check and return 1 when something fails that is needed."""
    findings: list[Finding] = []
    for finding in _findings(arguments):
        findings.append(finding)
        print(f"{_MARKS[finding.grade]}  {finding.subject:<10}  {finding.text}")
        if finding.advice:
            print(f"{'':18}-> {finding.advice}")
        sys.stdout.flush()
    bad = sum(finding.grade is Grade.BAD for finding in findings)
    print("\nEverything that is needed works." if not bad else f"\n{bad} of {len(findings)} checks failed.")
    return 1 if bad else 0


def _findings(arguments: argparse.Namespace) -> Iterable[Finding]:
    simple: tuple[Callable[[], Finding], ...] = (
        checks.python,
        checks.pool_libraries,
        checks.sound_libraries,
        checks.sound_device,
        checks.engines,
        checks.stress_lab,
        checks.window,
        checks.keyring,
    )
    for check in simple:
        yield check()
    try:
        endpoint = chosen_endpoint(arguments.url, arguments.key)
    except EndpointError as error:
        yield Finding(Grade.BAD, "endpoint", str(error))
        return
    yield checks.key(endpoint)
    if not arguments.offline:
        yield asyncio.run(checks.endpoint(endpoint))
