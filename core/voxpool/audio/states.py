"""What the player says about devices and about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A sound device.

    Attributes:
        name: Its name, unique in the list, as ``Player.select`` takes it.
        is_default: Whether the system uses it when nothing was selected.
    """

    name: str
    is_default: bool


@dataclass(frozen=True, slots=True)
class DeviceState:
    """Where sound goes.

    Attributes:
        kind: ``"device"``, or ``"none"`` when everything goes on without being heard.
        name: Of the device in use, else "".
        why: Why there is none, or why it is not the one that was asked for: one sentence without a full stop,
            or "".
    """

    kind: Literal["device", "none"]
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class PlayerStats:
    """A snapshot of the player.

    Attributes:
        device: Name of the device, or "".
        latency_ms: From a track to the ear, as the device reports it; 0 without one.
        callbacks: Blocks that the device asked for, over all openings.
        underflows: Times the device ran out of audio.
        blocks: Blocks rendered, with or without a device.
        callback_us_mean: Time spent in the callback, mean, in microseconds.
        callback_us_max: The longest, in microseconds.
        collisions: Blocks lost to a change of device.
        openings: Times that a device was opened.
        losses: Times that a device was lost.
        tracks: Tracks in the mix.
        gaps: Times that a track waited for its source, over all tracks so far.
        gap_s: Seconds of silence in those gaps.
        refused_s: Seconds of audio refused because too much waited in a track.
        buffered_s: Seconds of audio waiting in all tracks.
        recorded_s: Seconds recorded by the running or the last recording.
        record_lost_s: Seconds that recordings lost because the disk was too slow.
    """

    device: str
    latency_ms: float
    callbacks: int
    underflows: int
    blocks: int
    callback_us_mean: float
    callback_us_max: float
    collisions: int
    openings: int
    losses: int
    tracks: int
    gaps: int
    gap_s: float
    refused_s: float
    buffered_s: float
    recorded_s: float
    record_lost_s: float
