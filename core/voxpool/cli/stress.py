"""``voxpool stress``: run a scenario and measure it.

Exit codes: 0 when the thresholds held (without any: when no utterance failed), 1 when one did not, or a cap, a
threshold or a service out of reach ended the run, 2 for a wrong use, 3 when the tool itself was the bottleneck, 130
after Ctrl+C, 143 after SIGTERM.  Whatever ended a run, its report is written.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from voxpool.cli.endpoint import add_endpoint_options, billed, chosen_endpoint, may_cost
from voxpool.cli.extras import need
from voxpool.cli.say import add_voice_options, settings_from
from voxpool.errors import SettingError

if TYPE_CHECKING:
    from voxpool.config import Endpoint
    from voxpool.stress.result import RunResult
    from voxpool.stress.scenario import Scenario

_LIBRARIES: Final = ("msgspec", "hdrh", "psutil", "rich", "plotly", "jinja2")
_FAULTS: Final = """\
A scenario may set faults at the local server while it runs.  Here the first connection dies after 20 seconds, and from
then on half of all audio comes at half its speed, for 10 seconds:

  [[faults]]
  at_s = 20
  fault = { place = "now", effect = "drop", connection = 1 }

  [[faults]]
  at_s = 20
  fault = { place = "audio", effect = "rate", rate = 0.5, probability = 0.5, until_s = 10 }

places: upgrade, open, create, text, audio, flush, close, now (at once, when it is set)
effects: refuse (http_status), stall (seconds), drop, disconnect (code, message), fatal (code, message), inactive,
  silent, half_open, status (code, message), omit, malformed, wrong_types, unknown_id, fragments, bad_base64,
  empty_audio, truncated_audio, shuffled_timestamps, rate (rate), stale (count), limit (contexts_per_connection,
  max_connections, max_generations)
which: connection, context, chunk (the nth of each), marker (a part of the text), probability
when: after_s, until_s (seconds since it was set), times
"""
_WRONG_USE: Final = 2
_INVALID: Final = 3
_INTERRUPTED: Final = 130
_TERMINATED: Final = 143


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``voxpool stress``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _FAULTS
    parser.add_argument("scenario", nargs="?", type=Path, metavar="SCENARIO.toml", help="the scenario to run")
    parser.add_argument("--profile", metavar="NAME", help="run a bundled scenario instead; --list names them")
    parser.add_argument("--list", action="store_true", help="name the bundled scenarios and end")
    parser.add_argument("--print", action="store_true", help="print the scenario as a file and end: to begin one's own")
    quick = parser.add_argument_group("without a scenario")
    quick.add_argument("--utterances", type=int, metavar="N", help="how many in all (default: 100)")
    quick.add_argument("--concurrency", type=int, metavar="C", help="how many at once (default: 20)")
    quick.add_argument("--connections", type=int, metavar="N", help="most connections (default: 20)")
    quick.add_argument("--text", action="append", metavar="TEXT", help="what to say; again for several")
    parser.add_argument("--seed", type=int, metavar="N", help="seed of everything random, instead of the scenario's")
    parser.add_argument("--max-characters", type=int, metavar="N", help="stop before more are sent")
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="write the report, one file for a browser")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything as JSON; - prints it instead")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write every utterance as a line of CSV; - prints it")
    parser.add_argument(
        "--texts", action="store_true", help="put the utterances' texts into what is written; left out otherwise"
    )
    parser.add_argument("--metrics", type=int, metavar="PORT", help="serve Prometheus metrics on this port meanwhile")
    parser.add_argument("--no-keep", action="store_true", help="leave the run out of the list of kept runs")
    parser.add_argument("--plain", action="store_true", help="plain lines instead of a live view")
    parser.add_argument(
        "--yes", action="store_true", help="speak through the service or another remote server, which may cost money"
    )
    # How voxpool.stress.process starts it: orders come in and what happens goes out, as lines of JSON.
    parser.add_argument("--feed", action="store_true", help=argparse.SUPPRESS)
    add_voice_options(parser)
    add_endpoint_options(parser, unasked="a local server of its own; with --key the service")


def run(arguments: argparse.Namespace) -> int:
    """Run a scenario, print and write the report, and return the exit code.

    Raises:
        VoxpoolError: If the endpoint, the scenario or a setting cannot be used at all.
        OSError: If a file cannot be read or written.
    """
    need("tools", *_LIBRARIES)
    if arguments.feed:
        from voxpool.stress.child import serve_feed

        return serve_feed()
    if arguments.list:
        return _list()
    scenario, source = _scenario(arguments)
    if arguments.print:
        print(scenario.to_toml(), end="")
        return 0
    # A key in the environment is not consent to pay for a load test: only --url or --key asks for the service.
    asked = arguments.url is not None or arguments.key is not None
    endpoint = chosen_endpoint(arguments.url, arguments.key) if asked else None
    paid = may_cost(endpoint)
    if endpoint is not None and paid and not arguments.yes:
        print(f"voxpool: {_price(scenario, endpoint)}; add --yes to do it", file=sys.stderr)
        return _WRONG_USE
    from voxpool.cli.stressrun import StressRun

    stress = StressRun(arguments, scenario, source, endpoint, paid=paid)
    result = asyncio.run(stress.run())
    stress.show(result)
    return _exit_code(result)


def _list() -> int:
    from voxpool.stress.scenarios import bundled, names

    for name in names():
        print(f"{name:20}  {bundled(name).description}")
    return 0


def _scenario(arguments: argparse.Namespace) -> tuple[Scenario, str]:
    """Return the scenario and what errors call it."""
    from voxpool.stress.scenario import read_scenario
    from voxpool.stress.scenarios import bundled

    if arguments.scenario is not None and arguments.profile is not None:
        raise SettingError("--profile", arguments.profile, "left out when there is a scenario")
    if arguments.scenario is None and arguments.profile is None:
        return _changed(_quick(arguments), arguments), ""
    for name in ("utterances", "concurrency", "connections", "text"):
        if getattr(arguments, name) is not None:
            raise SettingError(f"--{name}", getattr(arguments, name), "left out: the scenario says it")
    if settings_from(arguments) != settings_from(_defaults()):
        raise SettingError("--voice", arguments.voice, "left out, as all about the voice: the scenario says it")
    if arguments.profile is not None:
        return _changed(bundled(arguments.profile), arguments), f"{arguments.profile}.toml"
    return _changed(read_scenario(arguments.scenario), arguments), str(arguments.scenario)


def _quick(arguments: argparse.Namespace) -> Scenario:
    import msgspec

    from voxpool.stress.scenario import scenario_from

    defaults = {"utterances": 100, "concurrency": 20, "connections": 20}
    given = {name: getattr(arguments, name) if getattr(arguments, name) is not None else value
             for name, value in defaults.items()}  # fmt: skip
    for name in ("utterances", "concurrency"):
        if given[name] < 1:
            raise SettingError(name, given[name], "at least 1")
    settings = {
        name: value for name, value in msgspec.to_builtins(settings_from(arguments)).items() if value is not None
    }
    data: dict[str, Any] = {
        "name": f"{given['utterances']} utterances, {given['concurrency']} at once",
        "load": {"profile": "concurrency", "concurrency": given["concurrency"], "utterances": given["utterances"]},
        "pool": {"max_connections": given["connections"]},
        "voices": [settings],
    }
    if arguments.text:
        data["texts"] = [{"text": text} for text in arguments.text]
    return scenario_from(data)


def _changed(scenario: Scenario, arguments: argparse.Namespace) -> Scenario:
    changes = {name: getattr(arguments, name) for name in ("seed", "max_characters")
               if getattr(arguments, name) is not None}  # fmt: skip
    return scenario.with_(**changes) if changes else scenario


def _defaults() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_voice_options(parser)
    return parser.parse_args([])


def _price(scenario: Scenario, endpoint: Endpoint) -> str:
    from voxpool.stress.cost import cap_of, estimate

    about = estimate(scenario, paid=True)
    words = f"up to {about.characters:,}" if about.capped else f"about {about.characters or 0:,}"
    cap = cap_of(scenario, paid=True)
    return (
        f"this would send {words} characters to {billed(endpoint)} (about {about.usd or 0.0:.2f} US "
        f"dollars by Inworld's list; it stops at {cap or 0:,} characters)"
    )


def _exit_code(result: RunResult) -> int:
    from voxpool.cli.stressrun import INTERRUPTED, TERMINATED
    from voxpool.stress.result import Verdict

    if INTERRUPTED in result.reasons:
        return _INTERRUPTED
    if TERMINATED in result.reasons:
        return _TERMINATED
    if result.verdict is Verdict.INVALID:
        return _INVALID
    return 0 if result.verdict is Verdict.PASSED else 1
