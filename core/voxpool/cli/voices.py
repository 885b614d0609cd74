"""``voxpool voices``: what an endpoint can speak with."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import asdict

from voxpool import Endpoint
from voxpool.cli.endpoint import add_endpoint_options, chosen_endpoint, reached
from voxpool.cli.outputs import print_data
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
        print_data(json.dumps([asdict(voice) for voice in wanted], indent=2, ensure_ascii=False) + "\n")
    else:
        _print_table(wanted)
    if voices and not wanted:
        print(f"voxpool: no voice speaks {arguments.language}; without --language all are listed", file=sys.stderr)
    return 0


async def _list(endpoint: Endpoint | None) -> tuple[Voice, ...]:
    async with reached(endpoint) as target:
        return await list_voices(target)


def _speaks(voice: Voice, language: str) -> bool:
    wanted = _code(language)
    return not wanted or any(_within(known, wanted) or _within(wanted, known) for known in map(_code, voice.languages))


def _code(language: str) -> str:
    """The service writes EN_US, people write en-US."""
    return language.strip().lower().replace("_", "-")


def _within(narrow: str, wide: str) -> bool:
    """Whether one code is the other one or a kind of it, as en-us is of en."""
    return narrow == wide or narrow.startswith(f"{wide}-")


def _print_table(voices: list[Voice]) -> None:
    width = max((len(voice.id) for voice in voices), default=0)
    for voice in voices:
        print(f"{voice.id:<{width}}  {', '.join(voice.languages):<8}  {voice.description or voice.name}")
