"""The load of a recording once more, against any endpoint: at its own times, faster, or all at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from typing import TYPE_CHECKING, Final

from voxpool.errors import SettingError, VoxpoolError
from voxpool.events import Event, Outcome, UtteranceQueued
from voxpool.recording.items import Asked, Coming, Item, PoolBegan
from voxpool.recording.writer import left_out_characters

if TYPE_CHECKING:
    from voxpool.pool.pool import Pool

BURST: Final = float("inf")
"""The speed at which everything is asked for at once."""
_SPEECH: Final = (
    "one moment please while I look that up for you and then we can go on with the next thing on your list "
    "because there is still a little time before the train leaves"
)


@dataclass(frozen=True, slots=True)
class Call:
    """One utterance of a load.

    Attributes:
        at_s: When it is asked for, in seconds after the first one.
        text: What is spoken.
        voice: In which voice, "" for any.
        made_up: Whether the text was not recorded and another of its length stands for it.
        shortened: Whether only the beginning of the text was recorded.
    """

    at_s: float
    text: str
    voice: str
    made_up: bool = False
    shortened: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """What a recording asked for, and when.

    Attributes:
        calls: In the order of their times.
        speed: How many times as fast as it was; ``BURST`` for all at once.
    """

    calls: tuple[Call, ...]
    speed: float = 1.0

    @property
    def characters(self) -> int:
        """Characters in all texts."""
        return sum(len(call.text) for call in self.calls)

    @property
    def duration_s(self) -> float:
        """Seconds from the first request to the last."""
        return self.calls[-1].at_s if self.calls else 0.0

    @property
    def caveat(self) -> str:
        """What is not as it was, as a sentence, or ""."""
        made_up = sum(call.made_up for call in self.calls)
        shortened = sum(call.shortened for call in self.calls)
        said = []
        if made_up:
            said.append(f"{made_up} texts were left out of the recording: others of the same length stand for them.")
        if shortened:
            said.append(f"Of {shortened} texts only the first 80 characters were recorded.")
        return " ".join(said)

    def at_speed(self, speed: float) -> Load:
        """Return the same load at another speed.

        Raises:
            SettingError: The speed is not above 0.
        """
        if not speed > 0:
            raise SettingError("speed", speed, "above 0")
        factor = self.speed / speed if speed != BURST else 0.0
        return Load(tuple(replace(call, at_s=call.at_s * factor) for call in self.calls), speed)


def load_of(items: Iterable[Event | Item]) -> Load:
    """Return the load of a recording, or of a stretch of one, at its own speed."""
    queued: list[UtteranceQueued] = []
    asked: dict[tuple[int, int], Asked] = {}
    pools = home = at = 0
    numbered: list[int] = []
    for item in items:
        if isinstance(item, PoolBegan):
            pools += 1
            if item.coming is not Coming.VISIT:
                home = home if item.coming is Coming.RETURN else pools
            at = pools if item.coming is Coming.VISIT else home
        elif isinstance(item, UtteranceQueued):
            queued.append(item)
            numbered.append(at)
        elif isinstance(item, Asked):
            asked[at, item.utterance_id] = item
    begin = queued[0].at if queued else 0.0
    calls = [
        _call(event, asked.get((pool, event.utterance_id)), event.at - begin)
        for event, pool in zip(queued, numbered, strict=True)
    ]
    return Load(tuple(sorted(calls, key=lambda call: call.at_s)))


def _call(event: UtteranceQueued, asked: Asked | None, at_s: float) -> Call:
    voice = (asked.voice if asked is not None else "") or event.voice
    if asked is not None and asked.text.strip():
        return Call(at_s, asked.text, voice)
    missing = left_out_characters(event.label)
    if missing is not None:
        return Call(at_s, made_up_text(asked.characters if asked is not None else missing), voice, made_up=True)
    whole = event.label.strip() and event.label != "(streamed text)"
    if not whole:
        return Call(at_s, made_up_text(asked.characters if asked is not None else 40), voice, made_up=True)
    return Call(at_s, event.label, voice, shortened=len(event.label) >= 80)


def made_up_text(characters: int) -> str:
    """Return speech of a length in characters, 1 to 20,000."""
    characters = min(max(1, characters), 20_000)
    words: list[str] = []
    length = -1
    source = cycle(_SPEECH.split())
    while length < characters:
        words.append(next(source))
        length += len(words[-1]) + 1
    text = " ".join(words)[:characters].rstrip()
    return (text[:1].upper() + text[1:]).ljust(characters, ".")


@dataclass(frozen=True, slots=True)
class Replayed:
    """How a replay went.

    Attributes:
        asked: Utterances asked for.
        done: Those that ended well.
        failed: Those that did not.
        late_s: The longest that a request came after its time, in seconds: above a tenth the tool was too slow.
        wall_s: How long all of it took, in seconds.
        error: What was wrong with the last one that failed, or "".
    """

    asked: int
    done: int
    failed: int
    late_s: float
    wall_s: float
    error: str = ""


async def replay(pool: Pool, load: Load, on_progress: Callable[[int, int], None] | None = None) -> Replayed:
    """Ask a pool for everything in a load, at its times whatever becomes of it, and wait for the end.

    Args:
        pool: Speaks.
        load: What and when.
        on_progress: Told how many were asked for and how many have ended.

    Raises:
        asyncio.CancelledError: It was cancelled; what runs is cancelled too.
    """
    clock = asyncio.get_running_loop().time
    began = clock()
    running: set[asyncio.Task[str | None]] = set()
    ended: list[str | None] = []
    late_s = 0.0

    def note(task: asyncio.Task[str | None]) -> None:
        running.discard(task)
        if not task.cancelled():
            ended.append(task.result())
            if on_progress is not None:
                on_progress(number, len(ended))

    number = 0
    try:
        for number, call in enumerate(load.calls, start=1):
            late_s = max(late_s, await wait_until(began + call.at_s))
            task = asyncio.create_task(_speak(pool, call), name=f"replay {number}")
            running.add(task)
            task.add_done_callback(note)
        while running:
            await asyncio.wait(set(running))
    finally:
        left = list(running)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
    failed = [why for why in ended if why is not None]
    error = failed[-1] if failed else ""
    return Replayed(len(load.calls), len(ended) - len(failed), len(failed), late_s, clock() - began, error)


async def wait_until(moment: float) -> float:
    """Wait for a moment in seconds of the loop's clock, and give the loop a turn in any case.

    Returns:
        How much later it was, in seconds.
    """
    loop = asyncio.get_running_loop()
    await asyncio.sleep(0)
    # The window's loop rounds timers, and may wake up early.
    while (left := moment - loop.time()) > 0:  # noqa: ASYNC110 - it waits for a time
        await asyncio.sleep(left)
    return -left


async def _speak(pool: Pool, call: Call) -> str | None:
    """Speak, and return what went wrong."""
    try:
        utterance = pool.speak(call.text, voice=call.voice or None)
        async for _ in utterance:
            pass
    except VoxpoolError as error:
        return str(error)
    return None if utterance.outcome is Outcome.DONE else "it was cancelled"


def speeds(load: Load) -> Iterator[tuple[str, float]]:
    """Yield the usual speeds, in words."""
    yield "At its own times", 1.0
    for factor in (2.0, 5.0, 10.0):
        if load.duration_s / factor >= 1.0:
            yield f"{factor:g} times as fast", factor
    yield "All at once", BURST
