"""What a run in a process of its own and its parent say to each other: one JSON object on each line.

The parent writes commands to the child's standard input: ``start`` once, then ``edit`` and ``stop``; its end ends the
run.  The child writes what happens to its standard output: ``head`` first, then ``event``, ``sample``, ``tick`` and
``mark`` as they come, and ``result`` or ``error`` last.  No credential is among them: it travels in the environment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from voxpool.errors import ProtocolError

KEY_VARIABLE: Final = "VOXPOOL_STRESS_KEY"
"""Environment variable that holds the credential of the endpoint, with its scheme."""
TOKEN_VARIABLE: Final = "VOXPOOL_CONTROL_TOKEN"  # noqa: S105 - the name of a variable
"""Environment variable that holds the control token of the local server."""

LONGEST_LINE: Final = 64 * 1024 * 1024
"""A line beyond this many bytes is no line of ours."""


def packed(what: str, data: Mapping[str, Any]) -> bytes:
    """Return a line.

    Args:
        what: What it is: ``"tick"``, ``"stop"``, ...
        data: The rest of it.
    """
    return orjson.dumps({"is": what, **data}, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)


class Lines:
    """Takes bytes as they come and gives the objects whose lines are complete."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield what each complete line is, and its data.

        Raises:
            ProtocolError: If a line is none of ours.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            raise ProtocolError("a line of the run's process does not end")
        for line in lines:
            if line.strip():
                yield _read(line)


def _read(line: bytes) -> tuple[str, dict[str, Any]]:
    try:
        data = orjson.loads(line)
        what = data.pop("is")
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise ProtocolError("a line of the run's process is no JSON object that says what it is") from error
    if not isinstance(what, str):
        raise ProtocolError("a line of the run's process does not say what it is")
    return what, data
