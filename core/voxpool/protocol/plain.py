"""Recognising the next audio frame of a context without parsing anything."""

from __future__ import annotations

from typing import Final

from voxpool.protocol.context import ContextLife
from voxpool.protocol.messages import AudioChunk

_MOST: Final = 64


class PlainFrames(dict[str, ContextLife]):
    """Frames of nothing but audio, without the audio, and the context that each belongs to.

    A plain dictionary, because a look-up happens for every frame; what it holds is bounded by ``remember``.
    """

    def remember(self, rest: str, message: AudioChunk, life: ContextLife | None) -> None:
        """Know a frame again by everything but its audio, where that says nothing else.

        Args:
            rest: The frame without its audio.
            message: What it said.
            life: The context it was for, or None when there is no such context.
        """
        if life is None or message.characters or message.timestamps is not None:
            return
        if len(self) >= _MOST:
            self.clear()
        self[rest] = life
