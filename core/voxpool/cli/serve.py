"""``voxpool serve``: the local server."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from dataclasses import replace
from pathlib import Path

from voxpool.errors import SettingError
from voxpool.server.config import CONNECTIONS_PER_GENERATION, PLANS, TIMINGS, ServerConfig, TimingProfile
from voxpool.server.configtext import with_settings
from voxpool.server.faultfiles import read_file, read_short
from voxpool.server.faults import Fault


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; beyond this machine needs a key")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default 0: any)")
    parser.add_argument(
        "--engine", choices=("auto", "neural", "espeak", "tone"), default="auto", help="which speech to offer"
    )
    parser.add_argument("--timing", choices=tuple(TIMINGS), default="instant", help="when audio leaves the server")
    parser.add_argument("--first-audio-ms", type=float, metavar="MS", help="median time to first audio")
    parser.add_argument("--delivery-rate", type=float, metavar="X", help="times real time; 1 is real time, 0 unlimited")
    parser.add_argument("--jitter-ms", type=float, metavar="MS", help="hold each chunk back by up to this")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random")
    parser.add_argument("--chunk-ms", type=float, metavar="MS", help="audio in a chunk (default: as the service)")
    parser.add_argument("--key", help="the key to accept (better: VOXPOOL_SERVER_KEY); none accepts everybody")
    parser.add_argument("--plan", choices=tuple(PLANS), help="limits of a plan: generations, ten connections for each")
    parser.add_argument("--max-connections", type=int, metavar="N", help="connections before 429 (default 20, 0: any)")
    parser.add_argument("--max-generations", type=int, metavar="N", help="contexts producing at once (default 0: any)")
    parser.add_argument("--inactivity-s", type=float, metavar="S", help="silence that ends a connection (default 600)")
    parser.add_argument("--network-ms", type=float, metavar="MS", help="hold every frame of the server back by this")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="FAULT",
        help="PLACE:EFFECT[,NAME=VALUE]..., as in audio:drop,chunk=3",
    )
    parser.add_argument("--faults", metavar="FILE", help="faults as a JSON list of objects")
    parser.add_argument(
        "--control-token", help="what setting faults while it runs needs (better: VOXPOOL_CONTROL_TOKEN)"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="any other setting, as in wording=2026-03"
    )
    parser.add_argument("--stop-with-parent", action="store_true", help="end when standard input ends")
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="warning")


def run(arguments: argparse.Namespace) -> int:
    """Run the server and return the exit code of the process."""
    from voxpool.server.process import serve

    logging.basicConfig(
        level=arguments.log_level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    config = config_of(arguments)
    asyncio.run(serve(config, arguments.host, arguments.port, stop_with_parent=arguments.stop_with_parent))
    return 0


def config_of(arguments: argparse.Namespace) -> ServerConfig:
    """Return the settings that the options ask for.

    Raises:
        SettingError: For a number out of range.
    """
    if not 0 <= arguments.port <= 65535:
        raise SettingError("port", arguments.port, "between 0 and 65535")
    config = ServerConfig(
        engine=arguments.engine,
        key=arguments.key or os.environ.get("VOXPOOL_SERVER_KEY") or None,
        timing=_timing(arguments),
        seed=arguments.seed,
        faults=_faults(arguments),
        control_token=arguments.control_token or os.environ.get("VOXPOOL_CONTROL_TOKEN") or None,
    )
    if arguments.plan:
        generations = PLANS[arguments.plan]
        config = replace(config, max_generations=generations, max_connections=CONNECTIONS_PER_GENERATION * generations)
    for name in ("max_connections", "max_generations", "inactivity_s"):
        value = getattr(arguments, name)
        if value is not None:
            config = replace(config, **{name: value})
    if arguments.chunk_ms is not None:
        seconds = arguments.chunk_ms / 1000
        config = replace(config, first_chunk_s=seconds, chunk_s=seconds)
    return with_settings(config, arguments.set)


def _timing(arguments: argparse.Namespace) -> TimingProfile:
    timing = TIMINGS[arguments.timing]
    if arguments.first_audio_ms is not None:
        timing = replace(timing, first_audio_s=arguments.first_audio_ms / 1000)
    if arguments.delivery_rate is not None:
        timing = replace(timing, delivery_rate=arguments.delivery_rate)
    if arguments.jitter_ms is not None:
        timing = replace(timing, jitter_s=arguments.jitter_ms / 1000)
    if arguments.network_ms is not None:
        timing = replace(timing, network_s=arguments.network_ms / 1000)
    return timing


def _faults(arguments: argparse.Namespace) -> tuple[Fault, ...]:
    found = read_file(Path(arguments.faults).read_bytes()) if arguments.faults else ()
    return (*found, *(read_short(line) for line in arguments.fault))
