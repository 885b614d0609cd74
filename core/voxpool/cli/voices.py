"""``voxpool voices``: what an endpoint can speak with."""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import asdict

from voxpool import Endpoint
from voxpool.cli.endpoint import add_endpoint_options, chosen_endpoint, reached
from voxpool.voices import Voice, list_voices


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``voxpool voices``."""
    parser.add_argument("--language", metavar="CODE", default="", help="only voices of this language, for example en")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_endpoint_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the voices and return the exit code.

    Raises:
        VoxpoolError: If the endpoint cannot be reached or refuses.
    """
    voices = asyncio.run(_list(chosen_endpoint(arguments.url, arguments.key)))
    wanted = [voice for voice in voices if _speaks(voice, arguments.language)]
    if arguments.json:
        print(json.dumps([asdict(voice) for voice in wanted], indent=2, ensure_ascii=False))
    else:
        _print_table(wanted)
    return 0


async def _list(endpoint: Endpoint | None) -> tuple[Voice, ...]:
    async with reached(endpoint) as target:
        return await list_voices(target)


def _speaks(voice: Voice, language: str) -> bool:
    # The service writes EN_US, people write en-US.
    wanted = language.lower().replace("_", "-")
    return not wanted or any(known.lower().replace("_", "-").startswith(wanted) for known in voice.languages)


def _print_table(voices: list[Voice]) -> None:
    width = max((len(voice.id) for voice in voices), default=0)
    for voice in voices:
        print(f"{voice.id:<{width}}  {', '.join(voice.languages):<8}  {voice.description or voice.name}")
