"""A scenario: what a run does, as one small TOML file that the window and the command line share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from voxpool.config import PoolConfig
from voxpool.errors import ScenarioError
from voxpool.protocol.settings import ContextSettings
from voxpool.stress.behaviours import AnyBehaviour, OneShot
from voxpool.stress.sample import WARM_UP
from voxpool.stress.shapes import AnyLoad, Plan, Search
from voxpool.stress.thresholds import Threshold, ThresholdSpec, parse

Weight = Annotated[float, msgspec.Meta(gt=0, le=1_000_000)]
UNNAMED: Final = "Unnamed"
"""Name of a scenario that has none."""

_VOICE_FIELDS: Final = tuple(each.name for each in fields(ContextSettings))
_POOL_FIELDS: Final = tuple(each.name for each in fields(PoolConfig))


class TextSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where texts come from: exactly one of a set, a file or a text.

    Attributes:
        set: Name of a bundled set.
        file: A text file with one text on each line, relative to the scenario's file.
        text: The text itself.
        weight: How often, compared with the other sources.
    """

    set: str | None = None
    file: str | None = None
    text: str | None = None
    weight: Weight = 1.0

    def __post_init__(self) -> None:
        """Check that it is one of them."""
        given = [each for each in (self.set, self.file, self.text) if each is not None]
        if len(given) != 1:
            raise ValueError("expected exactly one of set, file and text")
        if not given[0].strip():
            raise ValueError("expected something other than spaces")


class TimedFault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fault for the local server at some time of the run.

    Attributes:
        at_s: Seconds since the run began.
        fault: The fault as ``voxpool serve --faults`` reads one.
        text: What the time line says of it; the fault itself when "".
    """

    at_s: Annotated[float, msgspec.Meta(ge=0, le=604_800)]
    fault: dict[str, str | int | float | bool]
    text: str = ""

    @property
    def words(self) -> str:
        """What people are told of it."""
        return self.text or ", ".join(f"{name} {value}" for name, value in self.fault.items())


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run does.

    Attributes:
        name: For people.
        description: For people: what it shows.
        seed: Of everything random.
        load: How much (``[load]``, see ``voxpool.stress.shapes``).
        behaviour: What each caller does (``[behaviour]``, see ``voxpool.stress.behaviours``).
        texts: What is said (``[[texts]]``), chosen by weight.
        voices: In which voice and with which settings (``[[voices]]``): fields of ``ContextSettings``, and ``weight``.
        pool: Fields of ``PoolConfig`` (``[pool]``).
        thresholds: Conditions: texts, or tables with ``check`` and ``abort``.
        faults: Faults for the local server (``[[faults]]``).
        jitter_buffer_ms: Jitter buffer of the listener whose stalls are counted.
        warm_up_s: Seconds at the first target before anything counts; 0 for a search, whose levels settle.
        max_characters: The run stops before it sends more, or None.
        max_samples: Utterances kept in full; of a longer run the newest.
        unreachable_s: The run ends when the service was out of reach for so long: no connection is open, and every
            attempt at one fails, or nothing at all comes although utterances are in flight (for 3 s at least).
    """

    name: str = UNNAMED
    description: str = ""
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 1
    jitter_buffer_ms: Annotated[float, msgspec.Meta(ge=0, le=10_000)] = 60.0
    warm_up_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0.0
    max_characters: Annotated[int, msgspec.Meta(ge=1, le=2**53)] | None = None
    max_samples: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 20_000
    unreachable_s: Annotated[float, msgspec.Meta(gt=0, le=604_800)] = 30.0
    thresholds: tuple[str | ThresholdSpec, ...] = ()
    load: AnyLoad
    behaviour: AnyBehaviour = OneShot()
    texts: tuple[TextSource, ...] = (TextSource(set="short-replies"),)
    voices: tuple[dict[str, Any], ...] = ()
    pool: dict[str, Any] = {}
    faults: tuple[TimedFault, ...] = ()

    def __post_init__(self) -> None:
        """Check what only the whole can tell."""
        if not self.texts:
            raise ValueError("expected at least one [[texts]]")
        if isinstance(self.load, Search) and not self.thresholds:
            raise ValueError("expected thresholds: the search for the breaking point raises the load until one fails")
        if isinstance(self.load, Search) and self.warm_up_s:
            raise ValueError("expected no warm_up_s: each level of a search settles for its own settle_s")

    @property
    def plan(self) -> Plan:
        """The load with its warm-up, second by second."""
        return self.load.plan() if isinstance(self.load, Search) else self.load.plan().after(WARM_UP, self.warm_up_s)

    @property
    def conditions(self) -> tuple[Threshold, ...]:
        """The thresholds, read."""
        return tuple(
            parse(each) if isinstance(each, str) else parse(each.check, aborts=each.abort) for each in self.thresholds
        )

    @property
    def mix(self) -> tuple[tuple[ContextSettings, float], ...]:
        """Settings and their weights."""
        voices = self.voices or ({},)
        return tuple((_settings(voice), float(voice.get("weight", 1.0))) for voice in voices)

    @property
    def pool_config(self) -> PoolConfig:
        """How the pool is to behave."""
        return msgspec.convert(dict(self.pool), PoolConfig)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, as the file has it: what is left to its default may be missing."""
        data: dict[str, Any] = _without_nothing(msgspec.to_builtins(self))
        return data

    def to_toml(self) -> str:
        """Return the scenario as the text of a file."""
        import tomlkit

        return tomlkit.dumps(self.to_dict())

    def with_(self, **changes: Any) -> Scenario:
        """Return a copy with some fields changed; checked again.

        Raises:
            ScenarioError: For a refused value.
        """
        return scenario_from(self.to_dict() | changes)


def scenario_from(data: Mapping[str, Any], source: str = "") -> Scenario:
    """Return the scenario that plain data describes.

    Args:
        data: As TOML or JSON gives it.
        source: What errors name: the file.

    Raises:
        ScenarioError: With the key's path and what was expected there.
    """
    from voxpool.stress.scenariowords import TOO_DEEP, explain

    try:
        # JSON has a null, which TOML has not: it leaves things to their default.
        data = _without_nothing(dict(data))
        scenario = msgspec.convert(data, Scenario)
    except RecursionError:
        raise ScenarioError(source, "", TOO_DEEP) from None
    except msgspec.ValidationError as error:
        raise explain(error, data, source) from None
    for index, voice in enumerate(scenario.voices):
        _check_table(voice, ("weight", *_VOICE_FIELDS), f"voices[{index}]", source)
        _check(lambda voice=voice: _settings(voice), voice, f"voices[{index}]", source)
        weight = voice.get("weight", 1.0)
        _check(lambda weight=weight: msgspec.convert(weight, Weight), weight, f"voices[{index}].weight", source)
    _check_table(scenario.pool, _POOL_FIELDS, "pool", source)
    _check(lambda: scenario.pool_config, scenario.pool, "pool", source)
    for index, threshold in enumerate(scenario.thresholds):
        if isinstance(threshold, str):
            _check(lambda threshold=threshold: parse(threshold), data, f"thresholds[{index}]", source)
    _check_faults(scenario, source)
    return scenario


def read_scenario(path: Path) -> Scenario:
    """Return the scenario of a file; one without a name has that of its file.

    Raises:
        ScenarioError: If it cannot be read or used; names the file, and the key's path or the line.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ScenarioError(str(path), "", f"cannot be read: {error.strerror or error}") from error
    scenario = parse_scenario(content, str(path), path.parent)
    if scenario.name != UNNAMED:
        return scenario
    return msgspec.structs.replace(scenario, name=path.stem.replace("-", " ") or UNNAMED)


def parse_scenario(content: bytes, source: str, folder: Path | None = None) -> Scenario:
    """Return the scenario of the text of a file.

    Args:
        content: The text.
        source: What errors name.
        folder: Where files of texts are looked for that it names without a folder.

    Raises:
        ScenarioError: If it cannot be used.
    """
    from voxpool.stress.scenariowords import toml_table

    data = toml_table(content, source)
    scenario = scenario_from(data, source)
    if folder is None or not any(each.file for each in scenario.texts):
        return scenario
    found = tuple(
        msgspec.structs.replace(each, file=str(folder / each.file)) if each.file else each for each in scenario.texts
    )
    return msgspec.structs.replace(scenario, texts=found)


def _settings(voice: Mapping[str, Any]) -> ContextSettings:
    return msgspec.convert({name: value for name, value in voice.items() if name != "weight"}, ContextSettings)


def _check_table(table: Mapping[str, Any], known: tuple[str, ...], where: str, source: str) -> None:
    for name in table:
        if name not in known:
            raise ScenarioError(source, f"{where}.{name}", f"not known here; expected one of {', '.join(known)}")


def _check(read: Any, data: Any, where: str, source: str) -> None:
    from voxpool.stress.scenariowords import explain, form_of

    try:
        read()
    except msgspec.ValidationError as error:
        raise explain(error, data, source, where) from None
    except ValueError as error:
        raise ScenarioError(source, where, f"{error}{form_of(where)}") from None


def _check_faults(scenario: Scenario, source: str) -> None:
    """Find out what the local server would refuse before anything is sent to it."""
    if not scenario.faults:
        return
    from voxpool.server.faultfiles import read

    for index, timed in enumerate(scenario.faults):
        _check(lambda timed=timed: read(timed.fault), scenario.faults, f"faults[{index}].fault", source)


def _without_nothing(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _without_nothing(value) for name, value in data.items() if value is not None}
    if isinstance(data, (list, tuple)):
        return [_without_nothing(value) for value in data]
    return data
