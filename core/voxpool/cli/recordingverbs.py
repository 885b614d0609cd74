"""What ``voxpool recording`` can do with a recording."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any

from voxpool import Endpoint, Pool, PoolConfig
from voxpool.cli.endpoint import billed, chosen_endpoint, may_cost, reached
from voxpool.cli.outputs import check_outputs
from voxpool.errors import RecordingError, SettingError
from voxpool.events import Outcome, UtteranceEnded
from voxpool.recording.export import FORMATS, export
from voxpool.recording.items import Mark
from voxpool.recording.reader import Recording
from voxpool.recording.replay import Load, Replayed, load_of, replay


def do(arguments: argparse.Namespace) -> int:
    """Do it, and return 1 when a replayed utterance failed.

    Raises:
        RecordingError: The file is no recording, or has nothing to replay.
        OSError: A file cannot be written.
    """
    with Recording.open(arguments.file) as recording:
        recording.check_end()
        code = {"info": _info, "export": _export, "replay": _replay}[arguments.verb](recording, arguments)
        for problem in recording.problems:
            print(f"voxpool: {problem}", file=sys.stderr)
    return code


def _info(recording: Recording, arguments: argparse.Namespace) -> int:
    facts = _facts(recording)
    if arguments.json:
        print(json.dumps(facts, indent=2))
        return 0
    wide = max(map(len, facts))
    for name, value in facts.items():
        print(f"{name:{wide}}  {value}")
    return 0


def _facts(recording: Recording) -> dict[str, Any]:
    outcomes: Counter[Outcome] = Counter()
    marks = 0
    for item in recording.items():
        if isinstance(item, UtteranceEnded):
            outcomes[item.outcome] += 1
        marks += isinstance(item, Mark)
    opening = recording.opening
    return {
        "recorded by": opening.app,
        "session": opening.session,
        "began": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(recording.wall(recording.first))),
        "seconds": round(recording.duration_s, 1),
        "files": len(recording.paths),
        "bytes": sum(path.stat().st_size for path in recording.paths if path.exists()),
        "events": sum(head.events for head in recording.heads),
        "frames": sum(head.events for head in recording.frame_heads),
        "done": outcomes[Outcome.DONE],
        "failed": outcomes[Outcome.FAILED],
        "cancelled": outcomes[Outcome.CANCELLED],
        "marks": marks,
        "texts": opening.texts,
        "audio": opening.audio,
    }


def _export(recording: Recording, arguments: argparse.Namespace) -> int:
    kind = FORMATS[arguments.to]
    path = arguments.output or arguments.file.with_name(f"{arguments.file.stem}-export{kind.suffix}")
    stretch = _stretch(recording, arguments)
    check_outputs({"--output": path}, *recording.paths)
    export(recording, path, kind, stretch=stretch, texts=not arguments.no_texts)
    print(path)
    return 0


def _replay(recording: Recording, arguments: argparse.Namespace) -> int:
    begin, end = _stretch(recording, arguments)
    load = load_of(recording.items(begin, end)).at_speed(arguments.speed)
    if not load.calls:
        raise RecordingError("nothing was asked for in that recording, so there is nothing to replay")
    if load.caveat:
        print(f"voxpool: {load.caveat}", file=sys.stderr)
    # A key in the environment is not consent to pay for a load: only --url asks for the service.
    endpoint = chosen_endpoint(arguments.url, arguments.key) if arguments.url else None
    if endpoint is not None and may_cost(endpoint) and not arguments.yes:
        print(
            f"voxpool: this would send {load.characters} characters to {billed(endpoint)}; add --yes to do it",
            file=sys.stderr,
        )
        return 2
    result = asyncio.run(_run(endpoint, PoolConfig(max_connections=arguments.connections), load))
    print(
        f"{result.asked} asked for, {result.done} done, {result.failed} failed, in {result.wall_s:.1f} s; "
        f"requests were up to {result.late_s * 1000:.0f} ms late"
    )
    if result.failed:
        print(f"voxpool: the last one that failed: {result.error}", file=sys.stderr)
    return 1 if result.failed else 0


async def _run(endpoint: Endpoint | None, config: PoolConfig, load: Load) -> Replayed:
    async with reached(endpoint) as target, Pool(target, config) as pool:
        return await replay(pool, load)


def _stretch(recording: Recording, arguments: argparse.Namespace) -> tuple[float, float]:
    begin = float("-inf") if arguments.begin is None else recording.first + arguments.begin
    end = float("inf") if arguments.end is None else recording.first + arguments.end
    if begin > end:
        raise SettingError("--from", arguments.begin, "before --until")
    return begin, end
