"""Lets the clients that people run speak through the local server, and checks the books of both sides.

Each client is installed into an environment of its own (``.venv-judges/``), speaks in its own defaults, and says
what it heard.  The server's ledger says what it sent.  A verdict is GOOD when the audio of every uninterrupted
utterance arrived complete, its words are in order and inside the audio, nothing was logged that the real service
would not cause, and the server holds nothing afterwards.  What a client does wrong by itself is listed as such.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import venv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from voxpool.local import LocalServer

HERE: Final = Path(__file__).resolve().parent
ENVIRONMENTS: Final = HERE.parent.parent / ".venv-judges"
HEX_ID: Final = re.compile(r"\b[0-9a-f]{12,}\b")
FRAME_S: Final = 0.021
"""A client may pad or keep back a part of its last frame (20 ms in these clients)."""
LIMIT_S: Final = 300.0


@dataclass(frozen=True)
class Judge:
    """One client.

    Attributes:
        name: What the table calls it.
        script: The judge, beside this file.
        packages: What is installed for it.
        concurrency: Utterances at once.
        own_faults: What it does wrong by itself: part of a case's name or of a log line, and the explanation.
    """

    name: str
    script: str
    packages: tuple[str, ...]
    concurrency: int = 5
    own_faults: dict[str, str] = field(default_factory=dict)


TWICE: Final = "closes or cancels a context again that it had closed before (protocol.md section 13, number 4)"
OVER_LIMIT: Final = "opens a sixth context while interrupted ones still drain (protocol.md section 13, number 2)"

JUDGES: Final = (
    Judge(
        "livekit 1.7.1 (pool)",
        "livekit_judge.py",
        ("livekit-plugins-inworld==1.7.1",),
        concurrency=100,
        own_faults={"limit of 5": OVER_LIMIT, "not found": TWICE},
    ),
    Judge(
        "livekit 1.8.9",
        "livekit_judge.py",
        ("livekit-plugins-inworld==1.8.9",),
        own_faults={"limit of 5": OVER_LIMIT, "not found": TWICE},
    ),
    Judge("pipecat 1.14.0", "pipecat_judge.py", ("pipecat-ai==1.14.0", "websockets")),
    Judge(
        "vision-agents 0.6.9",
        "vision_agents_judge.py",
        ("vision-agents-plugins-inworld==0.6.9",),
        own_faults={
            "limit of 5": OVER_LIMIT,
            "long": "ends a turn at the first flushCompleted (protocol.md section 13, number 25)",
        },
    ),
)


def environment(judge: Judge) -> Path:
    """Return the interpreter of the judge's environment, made on first use."""
    home = ENVIRONMENTS / judge.name.split(" (")[0].replace(" ", "-")
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = home / "installed"
    if not stamp.exists() or stamp.read_text() != "\n".join(judge.packages):
        print(f"installing {', '.join(judge.packages)} ...", file=sys.stderr, flush=True)
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *judge.packages], check=True)
        stamp.write_text("\n".join(judge.packages))
    return python


async def hear(judge: Judge, server: LocalServer) -> tuple[list[dict[str, Any]], list[str], str]:
    """Run one judge; return its verdicts, its log lines and what it died of."""
    process = await asyncio.create_subprocess_exec(
        str(environment(judge)), judge.script, "--url", server.url, "--concurrency", str(judge.concurrency),
        cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        out, err = await asyncio.wait_for(process.communicate(), LIMIT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        return [], [], f"did not finish within {LIMIT_S:g} s"
    said = [json.loads(line) for line in out.decode().splitlines() if line.startswith('{"')]
    died = "" if process.returncode == 0 else err.decode()[-2000:]
    return (
        [line["verdict"] for line in said if "verdict" in line],
        [log for line in said for log in line.get("logs", ())],
        died,
    )


async def ledger(server: LocalServer) -> dict[str, Any]:
    """Return the server's books."""
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/voxgrid/v1/ledger") as reply:
        books: dict[str, Any] = await reply.json()
        return books


def contexts(books: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every context of the books."""
    return [
        context
        for connection in books["connections"] + books["ended"]
        for context in connection["endedContexts"] + connection["openContexts"]
    ]


def complaints(verdict: dict[str, Any], sent: list[dict[str, Any]]) -> list[str]:
    """Return what is wrong with one utterance."""
    if verdict["cut"] or verdict["error"]:
        return [verdict["error"]] if verdict["error"] else []
    found = []
    whole = any(
        verdict["sha256"] == context["audioSha256"] or abs(verdict["audio_s"] - context["audioSeconds"]) <= FRAME_S
        for context in sent
        if context["state"] == "closed"
    )
    if not whole:
        found.append(f"heard {verdict['audio_s']:.2f} s, and no context was sent just that")
    starts = [start for _, start in verdict["words"]]
    if starts != sorted(starts):
        found.append("word times go backwards")
    if starts and starts[-1] > verdict["audio_s"]:
        found.append(f"a word starts at {starts[-1]:.2f} s, after the {verdict['audio_s']:.2f} s that were heard")
    return found


async def judge_one(judge: Judge) -> bool:
    """Let one client speak; print its table; return whether the server is without fault."""
    async with LocalServer("--engine", "espeak") as server:
        verdicts, logs, died = await hear(judge, server)
        books = await ledger(server)
    sent = contexts(books)
    good = not died and bool(verdicts)
    exact = sum(any(v["sha256"] == c["audioSha256"] for c in sent) for v in verdicts if not v["cut"])
    uncut = sum(not v["cut"] for v in verdicts)
    print(f"\n{judge.name}: {len(verdicts)} utterances, {exact} of {uncut} uninterrupted ones identical to the byte")
    problems = [(v["case"], wrong) for v in verdicts for wrong in complaints(v, sent)]
    problems += [("log", HEX_ID.sub("…", line)) for line in logs]
    problems += [("held", f"{context['contextId']} is still open") for context in sent if context["endedAt"] is None]
    if died:
        problems.append(("died", died))
    for case, wrong in dict.fromkeys(problems):
        why = next((why for key, why in judge.own_faults.items() if key in case or key in wrong), "")
        count = problems.count((case, wrong))
        print(f"  {'client' if why else 'BAD   '} {case}: {wrong}" + (f" (x{count})" if count > 1 else ""))
        if why:
            print(f"         its own doing: {why}")
        good = good and bool(why)
    print(f"  {'GOOD' if good else 'BAD'}")
    return good


async def main() -> int:
    """Run the judges that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("names", nargs="*", help="parts of the clients' names; all of them by default")
    asked = parser.parse_args().names
    chosen = [judge for judge in JUDGES if not asked or any(name in judge.name for name in asked)]
    if not chosen:
        parser.error(f"no such client; there are {', '.join(judge.name for judge in JUDGES)}")
    good = [await judge_one(judge) for judge in chosen]
    print(f"\n{sum(good)} passed, {len(good) - sum(good)} failed")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
