"""The texts and voices of a scenario, drawn by weight."""

from __future__ import annotations

from pathlib import Path
from random import Random

from voxassets.texts import SampleText, text_sets
from voxpool.errors import ScenarioError
from voxpool.pool.script import check_text
from voxpool.stress.behaviours import Words
from voxpool.stress.cost import price_of
from voxpool.stress.scenario import Scenario, TextSource


class Mix:
    """What a scenario says, ready to be drawn from.

    Args:
        scenario: The scenario.
        source: What errors name: its file.

    Raises:
        ScenarioError: If a set or a file of texts cannot be used.
    """

    def __init__(self, scenario: Scenario, source: str = "") -> None:
        self._texts = [_read(each, f"texts[{index}]", source) for index, each in enumerate(scenario.texts)]
        self._text_weights = [each.weight for each in scenario.texts]
        self._settings = [settings for settings, _ in scenario.mix]
        self._voice_weights = [weight for _, weight in scenario.mix]

    def draw(self, random: Random) -> Words:
        """Return a text with settings; a text that names its language is spoken in it unless the voice says one."""
        (texts,) = random.choices(self._texts, self._text_weights)
        (settings,) = random.choices(self._settings, self._voice_weights)
        sample = random.choice(texts)
        if sample.language and settings.language is None:
            settings = settings.with_(language=sample.language)
        return Words(sample.text, settings)

    @property
    def mean_characters(self) -> float:
        """Characters of a text, on average."""
        lengths = [sum(len(each.text) for each in texts) / len(texts) for texts in self._texts]
        return _mean(lengths, self._text_weights)

    def mean_price(self, own_price: float = 0.0) -> float:
        """Return US dollars for a million characters, on average."""
        return _mean([price_of(settings.model, own_price) for settings in self._settings], self._voice_weights)


def _mean(values: list[float], weights: list[float]) -> float:
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)


def _read(source: TextSource, where: str, scenario: str) -> tuple[SampleText, ...]:
    if source.set is not None:
        sets = {each.name: each.texts for each in text_sets()}
        if source.set not in sets:
            raise ScenarioError(scenario, f"{where}.set", f"expected one of {', '.join(sets)}, got {source.set!r}")
        return sets[source.set]
    if source.text is not None:
        return (SampleText(_checked(source.text, f"{where}.text", scenario)),)
    file = Path(source.file or "")
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise ScenarioError(scenario, f"{where}.file", f"{file.name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ScenarioError(scenario, f"{where}.file", f"{file.name} is not text in UTF-8") from None
    texts = tuple(SampleText(_checked(line.strip(), f"{where}.file", scenario)) for line in lines if line.strip())
    if not texts:
        raise ScenarioError(scenario, f"{where}.file", f"expected a text on each line of {file.name}, it is empty")
    return texts


def _checked(text: str, where: str, scenario: str) -> str:
    try:
        return check_text(text)
    except ValueError as error:
        raise ScenarioError(scenario, where, str(error)) from None
