"""The text of one utterance on its way to the socket: in order, bounded, and kept for another attempt."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final, NamedTuple

from voxpool.errors import SettingError
from voxpool.protocol.settings import check_unicode
from voxpool.protocol.text import slice_text

WINDOW: Final = 16_384
"""Characters that may be on their way before ``send`` waits: some 20 minutes of speech."""

REPLAY: Final = 200_000
"""Characters kept for another attempt; an utterance that sent more before its first audio is not tried again."""


class Piece(NamedTuple):
    """One message to come.

    Attributes:
        text: Text, or "" for a bare flush.
        flush: Whether it is to be spoken at once.
    """

    text: str
    flush: bool


class Script:
    """What is to be said.

    Attributes:
        pending: Pieces that were not handed to a connection yet.
        finished: Whether the caller gives no more.
        replayable: Whether everything can be sent again from the beginning.
        on_the_way: Characters that the socket has not taken yet.
    """

    __slots__ = ("_given", "_kept", "_limit", "_sent", "_waiters", "finished", "on_the_way", "pending", "replayable")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._sent: list[Piece] = []
        self._given: list[str] = []
        self._kept = 0
        self._waiters: deque[asyncio.Future[None]] = deque()
        self.pending: deque[Piece] = deque()
        self.finished = False
        self.replayable = True
        self.on_the_way = 0

    def __repr__(self) -> str:
        return f"<Script {len(self.pending)} pieces pending, {self.on_the_way} characters on the way>"

    @property
    def text(self) -> str:
        """Everything given so far."""
        if len(self._given) > 1:
            self._given = ["".join(self._given)]
        return self._given[0] if self._given else ""

    def add(self, text: str, *, flush: bool = False) -> None:
        """Append text, cut to the length of a message; ``flush`` has it spoken at once."""
        self._given.append(text)
        self.on_the_way += len(text)
        pieces = slice_text(text, self._limit)
        self.pending.extend(Piece(piece, False) for piece in pieces[:-1])
        if pieces or flush:
            self.pending.append(Piece(pieces[-1] if pieces else "", flush))

    def take(self) -> Piece | None:
        """Return the next piece to send, or None."""
        if not self.pending:
            return None
        piece = self.pending.popleft()
        if self.replayable:
            self._sent.append(piece)
            self._kept += len(piece.text)
            if self._kept > REPLAY:
                self.keep_no_longer()
        return piece

    def taken_by_socket(self, characters: int) -> None:
        """Note that the socket took so many characters; whoever waits for room may go on."""
        self.on_the_way -= characters
        if self.on_the_way < WINDOW:
            self._wake()

    def keep_no_longer(self) -> None:
        """Forget what was sent: it will not be sent again."""
        self.replayable = False
        self._sent.clear()
        self._kept = 0

    def rewind(self) -> None:
        """Begin again from the start, for another attempt."""
        self.pending.extendleft(reversed(self._sent))
        self._sent.clear()
        self._kept = 0
        self.on_the_way = sum(len(piece.text) for piece in self.pending)

    async def room(self) -> None:
        """Wait until less than the window is on its way, or ``release`` is called."""
        while self.on_the_way >= WINDOW:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter

    def release(self) -> None:
        """Nothing is sent any more: drop it all and let everyone who waits for room go on."""
        self.pending.clear()
        self._sent.clear()
        self.on_the_way = 0
        self._wake()

    def _wake(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)


def check_text(text: str, name: str = "text") -> str:
    """Return the text if it can be sent.

    Args:
        text: What was given.
        name: What it was given as.

    Raises:
        SettingError: If it is not a text, or holds half of a surrogate pair, which no JSON can carry.
    """
    if not isinstance(text, str):
        raise SettingError(name, text, "a text")
    check_unicode(name, text)
    return text


def speakable(text: str) -> bool:
    """Whether there is anything to say: punctuation alone is not answered (protocol.md section 4.2)."""
    return any(character.isalnum() for character in text)
