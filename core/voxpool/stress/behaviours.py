"""What a caller does once it has its turn: pure rules, with every chance decided by the caller's own random source.

A caller is a sequence of turns, each one utterance.  The engine carries them out and keeps the times.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Annotated, Final, Literal

import msgspec

from voxpool.protocol.settings import ContextSettings

Seconds = Annotated[float, msgspec.Meta(ge=0, le=3600)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Chunking = Literal["tokens", "sentences", "whole"]
_TOKEN: Final = re.compile(r"\s*\S{1,4}")
"""About what the tokenizers of language models make of English: four letters, with the space before them."""


@dataclass(frozen=True, slots=True)
class Words:
    """What to say and how.

    Attributes:
        text: The text.
        settings: Voice, model and the rest.
    """

    text: str
    settings: ContextSettings


@dataclass(frozen=True, slots=True)
class Piece:
    """A bit of text that arrives while the utterance is under way.

    Attributes:
        at_s: Seconds after the turn began.
        text: The bit.
    """

    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Interruption:
    """The caller talks over it.

    Attributes:
        after_s: Seconds.
        since: From the moment it was asked for, or from the first audio.
    """

    after_s: float
    since: Literal["start", "audio"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance of a caller.

    Attributes:
        words: What to say; all of it, also when it comes in pieces.
        pause_s: Seconds before it, after the turn before.
        pause_per_audio: Further seconds before it for each second of audio of the turn before.
        interruption: When it is interrupted, or None.
        pieces: Its text bit by bit, or () when it is there at once.
        sentences: Whether the pool collects the pieces into sentences.
        listens: Whether the turn lasts until a listener has heard it, not only until it has arrived.
    """

    words: Words
    pause_s: float = 0.0
    pause_per_audio: float = 0.0
    interruption: Interruption | None = None
    pieces: tuple[Piece, ...] = ()
    sentences: bool = False
    listens: bool = False


Draw = Callable[[Random], Words]
"""Chooses a text, a voice and settings."""


class Behaviour(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """Base of all behaviours: the table ``[behaviour]`` of a scenario."""

    def turns(self, draw: Draw, random: Random) -> Iterator[Turn]:
        """Yield the turns of one caller."""
        raise NotImplementedError

    @property
    def utterances(self) -> float:
        """Utterances of one caller, on average."""
        return 1.0


class OneShot(Behaviour, frozen=True, kw_only=True, tag="one_shot"):
    """Says one text and is done."""

    def turns(self, draw: Draw, random: Random) -> Iterator[Turn]:
        """Yield the turns of one caller."""
        yield Turn(draw(random))


class Interrupting(Behaviour, frozen=True, kw_only=True, tag="interrupting"):
    """Starts, is interrupted after a random time, and starts again.

    Attributes:
        least_s: Shortest time until the interruption.
        most_s: Longest.
        since: Counted from the moment it was asked for, or from the first audio.
        share: How many of the utterances are interrupted at all, 0 to 1.
        restarts: Utterances that follow at once; the last one is heard to its end.
    """

    least_s: Seconds = 0.2
    most_s: Seconds = 2.0
    since: Literal["start", "audio"] = "audio"
    share: Share = 1.0
    restarts: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 1

    def __post_init__(self) -> None:
        """Check the order of the times."""
        if self.least_s > self.most_s:
            raise ValueError("expected most_s to be at least least_s")

    def turns(self, draw: Draw, random: Random) -> Iterator[Turn]:
        """Yield the turns of one caller."""
        for left in range(self.restarts, -1, -1):
            words, chance, after_s = draw(random), random.random(), random.uniform(self.least_s, self.most_s)
            cut = chance < self.share and (left > 0 or self.restarts == 0)
            yield Turn(words, interruption=Interruption(after_s, self.since) if cut else None)

    @property
    def utterances(self) -> float:
        """Utterances of one caller, on average."""
        return 1.0 + self.restarts


class Feeding(Behaviour, frozen=True, kw_only=True, tag="feeding"):
    """A language model writes while the voice speaks.

    The turn begins when the model does, so the corrected time to first audio holds what the chunking costs.

    Attributes:
        tokens_per_s: How fast it writes, in tokens of about four letters.
        first_token_s: Seconds until its first token.
        chunking: ``"tokens"`` sends each as it comes, ``"sentences"`` each complete sentence, ``"whole"`` all at once.
    """

    tokens_per_s: Annotated[float, msgspec.Meta(gt=0, le=10_000)] = 40.0
    first_token_s: Seconds = 0.3
    chunking: Chunking = "sentences"

    def turns(self, draw: Draw, random: Random) -> Iterator[Turn]:
        """Yield the turns of one caller."""
        words = draw(random)
        pieces = list(self._written(words.text))
        if self.chunking == "whole":
            pieces = [Piece(pieces[-1].at_s, words.text)]
        yield Turn(words, pieces=tuple(pieces), sentences=self.chunking == "sentences")

    def _written(self, text: str) -> Iterator[Piece]:
        tokens = _TOKEN.findall(text)
        # White space at the end belongs to no token.
        tokens[-1] += text[sum(map(len, tokens)) :]
        for index, token in enumerate(tokens):
            yield Piece(self.first_token_s + index / self.tokens_per_s, token)


class Conversing(Behaviour, frozen=True, kw_only=True, tag="conversing"):
    """A call: the voice speaks, the caller listens, talks, and waits while the agent thinks; and again.

    Attributes:
        turns_least: Fewest utterances of a call.
        turns_most: Most.
        talk_share: How much of the talking is the voice's, above 0 to 1; the rest is the caller's.
        think_s: Seconds between the caller's last word and the next utterance, on average (half to one and a half).
        barge_in: How many utterances the caller talks over, 0 to 1.
    """

    turns_least: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 3
    turns_most: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 8
    talk_share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.5
    think_s: Seconds = 0.8
    barge_in: Share = 0.1

    def __post_init__(self) -> None:
        """Check the order of the numbers."""
        if self.turns_least > self.turns_most:
            raise ValueError("expected turns_most to be at least turns_least")

    def turns(self, draw: Draw, random: Random) -> Iterator[Turn]:
        """Yield the turns of one caller."""
        for number in range(random.randint(self.turns_least, self.turns_most)):
            words, think, chance = draw(random), random.uniform(0.5, 1.5), random.random()
            after_s = random.uniform(0.3, 2.0)
            yield Turn(
                words,
                pause_s=self.think_s * think if number else 0.0,
                pause_per_audio=(1.0 - self.talk_share) / self.talk_share if number else 0.0,
                interruption=Interruption(after_s, "audio") if chance < self.barge_in else None,
                listens=True,
            )

    @property
    def utterances(self) -> float:
        """Utterances of one caller, on average."""
        return (self.turns_least + self.turns_most) / 2.0


AnyBehaviour = OneShot | Interrupting | Feeding | Conversing
