"""The ledger of connections in words."""

from __future__ import annotations

from collections.abc import Mapping

from voxgrid.models.connections import ConnectionLife
from voxgrid.models.wording import CONNECTION_WORDS, age, age_words, count
from voxpool.events import CloseReason


def life_line(life: ConnectionLife, now: float) -> str:
    """Return a connection in a line: row, id, how long, how many contexts, why it closed."""
    lasted = age(life.age_s(now))
    why = _why(life)
    state = "" if life.closed_at is not None else f" · {CONNECTION_WORDS[life.state]}"
    head = f"{life.row + 1:>2}  id {life.connection_id:<4} {lasted:>4}  {life.contexts:>3} ctx{state}"
    return f"{head} · {why}" if why else head


def life_sentence(life: ConnectionLife, now: float) -> str:
    """Return everything about a connection, for a screen reader."""
    ended = life.closed_at is not None
    lasting = "lived" if ended else f"{CONNECTION_WORDS[life.state]} for"
    parts = [
        f"Connection {life.row + 1}, id {life.connection_id}: {lasting} {age_words(life.age_s(now))}",
        f"carried {count(life.contexts)} context{'' if life.contexts == 1 else 's'}",
    ]
    why = _why(life)
    if why:
        parts.append(f"{'closed' if ended else 'closes'}: {why}")
    return ", ".join(parts)


def closings_line(closings: Mapping[CloseReason, int]) -> str:
    """Return how many closed why: ``"12 closed: 8 idle, 3 network, 1 lifetime"``."""
    total = sum(closings.values())
    if not total:
        return "No connection has closed yet."
    parts = sorted(closings.items(), key=lambda item: -item[1])
    return f"{count(total)} closed: " + ", ".join(f"{count(number)} {reason.value}" for reason, number in parts)


def _why(life: ConnectionLife) -> str:
    if life.reason is None:
        return ""
    detail = life.detail.partition(": ")[2] if life.detail.startswith("connection ") else life.detail
    if detail.startswith(life.reason.value):
        return detail
    return f"{life.reason.value}: {detail}" if detail else life.reason.value
