"""Volume, mute and device: the player's settings, remembered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from voxgrid import settings as remembered
from voxgrid.settings import Settings

if TYPE_CHECKING:
    from voxpool.audio.player import DeviceState, Player


class Sound:
    """Sets the player as the person left it, and remembers what the person changes.

    Args:
        player: The player.
        store: Where it is remembered.
    """

    def __init__(self, player: Player, store: Settings) -> None:
        self._player = player
        self._store = store

    def start(self, on_state: Callable[[DeviceState], None]) -> None:
        """Start the player.

        Args:
            on_state: Called by a thread of the player when sound goes elsewhere, or nowhere.
        """
        self._player.master_gain = self._store.get(remembered.VOLUME)
        self._player.muted = self._store.get(remembered.MUTED)
        self._player.on_state = on_state
        if self._store.get(remembered.DEVICE):
            self._player.select(self._store.get(remembered.DEVICE))
        self._player.start()

    def set_volume(self, gain: float) -> None:
        """Set the volume, 0 to 1."""
        self._player.master_gain = gain
        self._store.set(remembered.VOLUME, gain)

    def set_muted(self, on: bool) -> None:
        """Mute everything, or no longer."""
        self._player.muted = on
        self._store.set(remembered.MUTED, on)

    def set_device(self, name: str) -> None:
        """Send sound to a device, "" meaning the system's default."""
        self._store.set(remembered.DEVICE, name)
        self._player.select(name or None)
