"""Which states of slots and connections may follow which."""

from __future__ import annotations

from typing import Final

from voxpool.events import ConnectionState, SlotState

S = SlotState
_GONE: Final = (S.EMPTY, S.FAILED)
SLOT_MOVES: Final[dict[SlotState, tuple[SlotState, ...]]] = {
    S.EMPTY: (S.RESERVED,),
    S.FAILED: (S.RESERVED, S.EMPTY),
    S.RESERVED: (S.CREATING, S.CLOSING, *_GONE),
    S.CREATING: (S.OPEN, S.GENERATING, S.DRAINING, S.CLOSING, *_GONE),
    S.OPEN: (S.GENERATING, S.DRAINING, S.CLOSING, *_GONE),
    S.GENERATING: (S.OPEN, S.DRAINING, S.CLOSING, *_GONE),
    S.DRAINING: (S.GENERATING, S.CLOSING, *_GONE),
    S.CLOSING: (S.ZOMBIE, *_GONE),
    S.ZOMBIE: _GONE,
}
"""The legal transitions of a slot; anything else is a bug of ours."""

C = ConnectionState
LINK_MOVES: Final[dict[ConnectionState, tuple[ConnectionState, ...]]] = {
    C.CONNECTING: (C.OPEN, C.CLOSED),
    C.OPEN: (C.RETIRING, C.CLOSED),
    C.RETIRING: (C.CLOSED,),
    C.CLOSED: (),
}
"""The legal transitions of a connection."""


class IllegalTransition(AssertionError):
    """The books were asked for a transition that their tables do not have: a bug, never an input."""
