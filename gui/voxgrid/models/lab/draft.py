"""The scenario that is being edited: plain data as the file has it, checked as a whole, never lost when it is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from voxgrid.models.lab.fields import CALLERS, LOADS, kind_of
from voxpool.errors import VoxpoolError
from voxpool.stress.scenario import Scenario, scenario_from
from voxpool.stress.thresholds import parse

ABORT: Final = "abort"
"""The word behind a threshold that ends the run when it is crossed."""
TYPED: Final = "typed"
"""Texts: what stands in the playground's editor."""
FILE: Final = "file"
"""Texts: a file with one on each line."""
AS_LOADED: Final = "as loaded"
"""Texts or voices of the scenario's file that the form has no fields for."""
FIRST_THRESHOLDS: Final = "ttfa_ms.p95 < 400\nerrors.rate < 0.01\nstalls.per_minute < 1"


class VoiceSource(StrEnum):
    """Whose voices speak."""

    FITTING = "fitting"
    PLAYGROUND = "playground"
    MIX = "mix"
    AS_LOADED = AS_LOADED


@dataclass(frozen=True, slots=True)
class Extras:
    """What the window knows and a scenario needs.

    Attributes:
        typed: The text in the editor.
        settings: What the playground's settings are, as plain data that a scenario's voice may have.
        fitting: Names of voices that the endpoint can speak with many at once; none means the playground's.
    """

    typed: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    fitting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A scenario as the form has it.

    Attributes:
        name: For people.
        loads: Fields of every load, by its tag: changing the load and back loses nothing.
        load: Tag of the one that is chosen.
        callers: Fields of everything that callers may do, by its tag.
        caller: Tag of what is chosen.
        texts: ``TYPED``, ``FILE``, ``AS_LOADED`` or the name of a bundled set.
        file: The file of texts.
        voices: Whose voices speak.
        mix: Voices with their weights: ``"Ashley 2, Clive 1"``.
        thresholds: One on each line, perhaps followed by ``abort``.
        seed: Of everything random.
        jitter_buffer_ms: Of the listener whose stalls are counted.
        warm_up_s: Before anything counts.
        max_characters: The run stops before it sends more, or None.
        pool: Fields of the pool that differ from its defaults.
        rest: Everything of a scenario's file that the form has no field for.
    """

    name: str = "Unnamed"
    loads: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {each.tag: each.first for each in LOADS})
    load: str = "concurrency"
    callers: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {each.tag: each.first for each in CALLERS})
    caller: str = "one_shot"
    texts: str = "short-replies"
    file: str = ""
    voices: VoiceSource = VoiceSource.FITTING
    mix: str = ""
    thresholds: str = FIRST_THRESHOLDS
    seed: int = 1
    jitter_buffer_ms: float = 60.0
    warm_up_s: float = 0.0
    max_characters: int | None = None
    pool: Mapping[str, Any] = field(default_factory=dict)
    rest: Mapping[str, Any] = field(default_factory=dict)

    def with_load(self, name: str, value: Any) -> Draft:
        """Return the draft with a field of its load changed; None leaves it out."""
        return replace(self, loads=_with(self.loads, self.load, name, value))

    def with_caller(self, name: str, value: Any) -> Draft:
        """Return the draft with a field of what its callers do changed; None leaves it out."""
        return replace(self, callers=_with(self.callers, self.caller, name, value))

    def with_pool(self, name: str, value: Any) -> Draft:
        """Return the draft with a field of its pool changed; None leaves it to its default."""
        kept = {key: each for key, each in self.pool.items() if key != name}
        return replace(self, pool=kept if value is None else kept | {name: value})

    def to_dict(self, extras: Extras) -> dict[str, Any]:
        """Return the scenario as plain data.

        Raises:
            ValueError: For voices or thresholds that cannot be read, in one sentence.
        """
        data: dict[str, Any] = dict(self.rest) | {
            "name": self.name.strip() or "Unnamed",
            "seed": self.seed,
            "jitter_buffer_ms": self.jitter_buffer_ms,
            "warm_up_s": self.warm_up_s,
            "load": {"profile": self.load, **self.loads.get(self.load, {})},
            "behaviour": {"kind": self.caller, **self.callers.get(self.caller, {})},
            "thresholds": _thresholds(self.thresholds),
            "pool": dict(self.pool),
        }
        if self.max_characters is not None:
            data["max_characters"] = self.max_characters
        if self.texts != AS_LOADED:
            data["texts"] = [self._source(extras)]
        if self.voices is not VoiceSource.AS_LOADED:
            data["voices"] = self._voices(extras)
        return data

    def scenario(self, extras: Extras) -> Scenario:
        """Return the scenario, checked.

        Raises:
            ValueError: In one sentence, where it cannot be used.
        """
        try:
            return scenario_from(self.to_dict(extras))
        except VoxpoolError as error:
            raise ValueError(str(error)) from error

    def _source(self, extras: Extras) -> dict[str, Any]:
        if self.texts == TYPED:
            if not extras.typed.strip():
                raise ValueError("texts: there is no text in the playground's editor; type one or choose a set.")
            return {"text": extras.typed}
        if self.texts == FILE:
            if not self.file.strip():
                raise ValueError("texts: choose the file, one text on each line.")
            return {"file": self.file}
        return {"set": self.texts}

    def _voices(self, extras: Extras) -> list[dict[str, Any]]:
        base = dict(extras.settings)
        if self.voices is VoiceSource.FITTING and extras.fitting:
            return [base | {"voice": voice} for voice in extras.fitting]
        if self.voices is not VoiceSource.MIX:
            return [base] if base else []
        return [base | {"voice": voice, "weight": weight} for voice, weight in read_mix(self.mix)]


def draft_of(scenario: Scenario, path: Path | None = None) -> Draft:
    """Return the draft that shows a scenario, such as one from a file.

    Args:
        scenario: The scenario.
        path: Where it came from; names it when it has no name.
    """
    data = scenario.to_dict()
    load, caller = dict(data["load"]), dict(data.get("behaviour", {"kind": "one_shot"}))
    profile, kind = str(load.pop("profile")), str(caller.pop("kind"))
    empty = Draft()
    texts, file, rest_texts = _texts_of(data.get("texts", []))
    known = {
        "name", "seed", "jitter_buffer_ms", "warm_up_s", "max_characters", "load", "behaviour", "thresholds", "pool",
        "texts",
    }  # fmt: skip
    name = scenario.name
    if path is not None and name == "Unnamed":
        name = path.stem.replace("-", " ")
    return Draft(
        name=name,
        loads=dict(empty.loads) | {profile: load},
        load=kind_of(LOADS, profile).tag,
        callers=dict(empty.callers) | {kind: caller},
        caller=kind_of(CALLERS, kind).tag,
        texts=texts,
        file=file,
        voices=VoiceSource.AS_LOADED,
        thresholds="\n".join(_line(each) for each in data.get("thresholds", [])),
        seed=scenario.seed,
        jitter_buffer_ms=scenario.jitter_buffer_ms,
        warm_up_s=scenario.warm_up_s,
        max_characters=scenario.max_characters,
        pool=dict(scenario.pool),
        rest={key: value for key, value in data.items() if key not in known} | rest_texts,
    )


def check_threshold(line: str) -> str:
    """Return what is wrong with one line of the thresholds as a sentence, or ""."""
    if not line.strip():
        return ""
    try:
        parse(_split(line)[0])
    except (ValueError, VoxpoolError) as error:
        return str(error)
    return ""


def first_wrong_threshold(lines: str) -> tuple[int, str] | None:
    """Return number (from 0) and sentence of the first line that is no threshold, or None when all are."""
    for number, line in enumerate(lines.splitlines()):
        said = check_threshold(line)
        if said:
            return number, said
    return None


def read_mix(mix: str) -> list[tuple[str, float]]:
    """Read voices with their weights from ``"Ashley 2, Clive"``.

    Raises:
        ValueError: In one sentence.
    """
    found: list[tuple[str, float]] = []
    for part in (each.strip() for each in mix.replace("\n", ",").split(",")):
        if not part:
            continue
        name, _, weight = part.rpartition(" ")
        try:
            share = float(weight)
        except ValueError:
            name, share = part, 1.0
        if not name or share <= 0:
            raise ValueError(f"voices: expected a name and a weight above 0, like “Ashley 2”, got “{part}”.")
        found.append((name.strip(), share))
    if not found:
        raise ValueError("voices: name at least one, like “Ashley 2, Clive 1”.")
    return found


def _with(tables: Mapping[str, Mapping[str, Any]], tag: str, name: str, value: Any) -> dict[str, Mapping[str, Any]]:
    kept = {key: each for key, each in tables.get(tag, {}).items() if key != name}
    return dict(tables) | {tag: kept if value is None else kept | {name: value}}


def _split(line: str) -> tuple[str, bool]:
    """Return a condition, and whether crossing it ends the run."""
    words = line.strip()
    if words.lower().endswith(" " + ABORT):
        return words[: -len(ABORT)].strip(), True
    return words, False


def _thresholds(lines: str) -> list[str | dict[str, Any]]:
    wrong = first_wrong_threshold(lines)
    if wrong is not None:
        raise ValueError(f"threshold {wrong[0] + 1}: {wrong[1]}")
    split = [_split(line) for line in lines.splitlines() if line.strip()]
    return [{"check": check, "abort": True} if aborts else check for check, aborts in split]


def _line(threshold: Any) -> str:
    if isinstance(threshold, str):
        return threshold
    check = str(threshold["check"])
    return f"{check} {ABORT}" if threshold.get("abort") else check


def _texts_of(texts: Sequence[Mapping[str, Any]]) -> tuple[str, str, dict[str, Any]]:
    if len(texts) == 1:
        only = texts[0]
        if only.get("set"):
            return str(only["set"]), "", {}
        if only.get("file"):
            return FILE, str(only["file"]), {}
    return AS_LOADED, "", {"texts": list(texts)}
