"""Finding a command by a few letters of its name."""

from __future__ import annotations

from collections.abc import Sequence


def score(wanted: str, name: str) -> float | None:
    """Return how well a name fits, higher being better, or None when it does not.

    Every letter of ``wanted`` must come in order; beginnings of words and neighbours count more.
    """
    typed, name = wanted.lower().strip(), name.lower()
    wanted = typed.replace(" ", "")
    # What was typed as it stands, at the beginning of a word, is what was meant.
    total, place = (len(wanted) * 2.0 if f" {typed}" in f" {name}" else 0.0), -1
    for letter in wanted:
        found = _next(name, letter, place)
        if found < 0:
            return None
        beginning = found == 0 or not name[found - 1].isalnum()
        total += 3.0 if beginning else 2.0 if found == place + 1 else 0.5
        place = found
    return total - len(name) / 100


def _next(name: str, letter: str, place: int) -> int:
    """Prefer the next letter, then the beginning of a later word, then anything."""
    if name[place + 1 : place + 2] == letter:
        return place + 1
    for start in range(place + 1, len(name)):
        if name[start] == letter and (start == 0 or not name[start - 1].isalnum()):
            return start
    return name.find(letter, place + 1)


def rank(wanted: str, names: Sequence[str]) -> list[int]:
    """Return the places of the names that fit, the best first; all in their order when nothing is wanted."""
    if not wanted.strip():
        return list(range(len(names)))
    scored = ((score(wanted, name), place) for place, name in enumerate(names))
    return [place for value, place in sorted((-value, place) for value, place in scored if value is not None)]
