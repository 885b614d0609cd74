"""A burst of utterances: which texts in which voices, and what it would cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import TYPE_CHECKING, Final

from voxassets.texts import SampleText, text_sets

if TYPE_CHECKING:
    from voxpool.voices import Voice

MOST: Final = 500
TYPED: Final = "typed"
"""Source of a burst: the text in the editor."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One utterance of a burst.

    Attributes:
        text: What to speak.
        voice: In which voice.
    """

    text: str
    voice: str


@dataclass(frozen=True, slots=True)
class FirePlan:
    """A burst, decided but not begun.

    Attributes:
        shots: Its utterances.
        model: The model that would speak.
        usd_per_million: Price of a million characters.
        cap: Most characters the person allows for one burst.
        paid: Whether it would cost money at all.
        moments: When each shot is to begin, in seconds after the first; without them all begin at once.
    """

    shots: tuple[Shot, ...]
    model: str
    usd_per_million: float
    cap: int
    paid: bool
    moments: tuple[float, ...] = ()

    @property
    def what(self) -> str:
        """What is about to happen, as a verb and its object."""
        return f"Fire {len(self.shots)} utterances"

    @property
    def verb(self) -> str:
        """What the button says that makes it happen."""
        return f"Fire ×{len(self.shots)}"

    @property
    def characters(self) -> int:
        """Characters in all texts."""
        return sum(len(shot.text) for shot in self.shots)

    @property
    def usd(self) -> float:
        """Estimated cost in US dollars."""
        return self.characters * self.usd_per_million / 1e6 if self.paid else 0.0

    @property
    def refusal(self) -> str:
        """Why it may not go ahead, as a sentence, or ""."""
        if not self.paid or self.characters <= self.cap:
            return ""
        return (
            f"{len(self.shots)} utterances with {self.characters:,} characters are more than the cap of "
            f"{self.cap:,} that you set for one burst; fire fewer, use shorter texts, or raise the cap."
        )


def texts_for(source: str, typed: str, n: int) -> list[SampleText]:
    """Return ``n`` texts: the typed one n times, or those of a bundled set in turn.

    Args:
        source: ``"typed"`` or the name of a set; an unknown one means the first set.
        typed: What stands in the editor.
        n: How many, 1 to ``MOST``.
    """
    n = max(1, min(MOST, n))
    if source == TYPED:
        return [SampleText(typed)] * n
    sets = {each.name: each for each in text_sets()}
    chosen = sets.get(source, text_sets()[0])
    return list(islice(cycle(chosen.texts), n))


def cast(texts: Sequence[SampleText], voices: Sequence[Voice], chosen: str, on_purpose: bool) -> tuple[Shot, ...]:
    """Give every text a voice.

    Args:
        texts: What to speak.
        voices: The endpoint's voices.
        chosen: The voice in the playground.
        on_purpose: Whether the person chose that voice; then it speaks everything.

    Returns:
        One shot per text: in the chosen voice, or else in eSpeak voices of the text's language in turn (a hundred
        neural ones would overload a small machine), or in the chosen one when there are no such voices.
    """
    if on_purpose:
        return tuple(Shot(sample.text, chosen) for sample in texts)
    light = [voice for voice in voices if "espeak" in voice.tags]
    # Once per language: a search through all voices for each of 500 shots would hold up the loop.
    fitting = {language: _fitting(language, light) or [chosen] for language in {_language(each) for each in texts}}
    return tuple(
        Shot(sample.text, fitting[_language(sample)][index % len(fitting[_language(sample)])])
        for index, sample in enumerate(texts)
    )


def _language(sample: SampleText) -> str:
    return sample.language or "en"


def _fitting(language: str, voices: Sequence[Voice]) -> list[str]:
    for wanted in (language, language.split("-")[0]):
        found = [voice.id for voice in voices if any(_speaks(each, wanted) for each in (*voice.languages, *voice.tags))]
        if found:
            # The service's own names first; the rest are eSpeak's languages and accents, a hundred of them.
            return [each for each in found if not each.startswith("espeak-")] or found
    return []


def _speaks(language: str, wanted: str) -> bool:
    language, wanted = language.replace("_", "-").lower(), wanted.lower()
    return language == wanted or language.startswith(wanted + "-")
