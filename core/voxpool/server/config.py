"""Everything about the local server that can be set, with the choices made where the protocol is unknown."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Final, Literal

from voxpool.errors import SettingError
from voxpool.protocol.settings import MODELS
from voxpool.server.faults import Fault

EngineChoice = Literal["auto", "neural", "espeak", "tone"]
Wording = Literal["2026-09", "2026-03"]

PLANS: Final = {"on-demand": 5, "creator": 10, "builder": 50, "developer": 150, "growth": 500}
"""Concurrent generations by plan (section 10, newest numbers)."""

CONNECTIONS_PER_GENERATION: Final = 10
"""Connections an account may hold for each concurrent generation (section 10, the newer of two sources)."""


@dataclass(frozen=True, slots=True)
class TimingProfile:
    """When audio leaves the server.

    Attributes:
        first_audio_s: Median time from a flush to its first chunk, in seconds; 0 means as soon as it exists.
        first_audio_spread: Standard deviation of the logarithm of that time; 0 means always the same.
        delivery_rate: Seconds of audio sent per second; 1.0 is real time, 0 means as fast as possible.
        jitter_s: Each chunk is held back by up to this many seconds more.
        network_s: Every frame from the server is held back this long, as a network would.
    """

    first_audio_s: float = 0.0
    first_audio_spread: float = 0.0
    delivery_rate: float = 0.0
    jitter_s: float = 0.0
    network_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            SettingError: For a negative number.
        """
        for name in ("first_audio_s", "first_audio_spread", "delivery_rate", "jitter_s", "network_s"):
            value = getattr(self, name)
            if not 0 <= value < 1e6:
                raise SettingError(name, value, "zero or a positive number")


INSTANT: Final = TimingProfile()
"""As fast as it can."""

SERVICE: Final = TimingProfile(first_audio_s=0.18, first_audio_spread=0.2, delivery_rate=4.0, jitter_s=0.015)
"""Like the service, seen by a person: a short wait, then audio at a few times real time (section 7)."""

TIMINGS: Final = {"instant": INSTANT, "service": SERVICE}


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """How the local server behaves.

    Attributes:
        engine: Which speech to offer; ``auto`` is every engine that is installed, the tone if there is none.
        key: The one key that is accepted, or None to accept any credential and none (the network is loopback).
        timing: When audio leaves the server.
        seed: Seed of everything random, so that a run can be repeated.
        faults: What is to go wrong.
        control_token: What changes over the control endpoint need; None forbids them.
        contexts_per_connection: Open contexts on one connection (section 10).
        max_connections: Connections before the upgrade is refused with 429; 0 means no limit (section 10).
        max_generations: Contexts and requests that may produce audio at once; 0 means no limit (section 10).
            An open context that produces nothing does not count.
        generation_overflow: What the socket does above that limit (section 17, 4: unknown): ``status`` fails the
            context with code 8, ``wait`` lets it wait for its turn.
        inactivity_s: Silence on a connection before it is ended; 0 means never (section 10).
        inactivity_end: How: ``drop`` sends code 10 and drops the socket without a close frame, ``close`` sends
            code 10 and closes properly (section 17, 9: today's behaviour is unknown).
        wording: Which generation of error texts to use (section 9).
        models: Accepted models; the discontinued ones are routed to a current one, as the service does.
        duplicate_create: What a ``create`` with an open id does (section 17, 2: unknown): ``refuse`` it with
            code 6 and keep the open context, ``ignore`` it, or ``replace`` the context.
        missing_id_code: Code for a missing context id (section 17, 3: unknown, known not to be 5).
        voice_error_at: When an unknown voice is reported (section 17, 5: unknown).
        cancel: What ``cancel_context`` does (section 17, 1: unknown): ``close`` drops everything and answers
            ``contextClosed``, ``silent`` drops and says nothing, ``unknown`` ignores it like any unknown message.
        threshold_cut: What is taken when the threshold is reached (section 17, 8: unknown): the ``whole`` buffer,
            or everything up to the last ``word`` boundary.
        auto_mode_ignores_delay: Whether the delay timer is off in auto mode (section 6.3, one source).
        text_limit: Longest ``send_text`` in code points (section 10; section 17, 13: the unit is unknown).
        sync_text_limit: Longest text of a synchronous REST request (section 10).
        stream_text_limit: Longest text of a streaming REST request (section 10).
        held_characters: Text that one context may hold unspoken; more is refused with code 3, as too long a text is.
            The service's own bound is unknown; ours keeps memory bounded.
        max_frame_bytes: Largest accepted frame; the service takes 1 MiB at least (section 9).
        wav_size_field: Size field of a streaming WAV header (section 17, 6: unknown).
        tokens: Word timestamps as ``tokens`` (every token of the input, as newer models send them), as ``words``
            (with their punctuation, as older ones do), or by the model of the context (section 8).
        first_chunk_s: Seconds of audio in the first chunk of a synthesis (section 7, as observed).
        chunk_s: Seconds of audio in the following chunks.
        last_chunk_samples: Samples in the tiny chunk before ``flushCompleted``; 0 sends none.
        rest_first_samples: Samples in the first line of a REST stream (section 7, as observed).
        rest_chunk_s: Seconds of audio in the following lines.
        cache_bytes: Bound of the cache of finished syntheses, in bytes of PCM.
        espeak_workers: Worker processes for eSpeak NG; two on four cores and more.
        neural_workers: Worker processes for the neural voice, about 250 MB and up to one core each; two on eight
            cores and more.
        neural_niceness: How much those yield to a window beside them (POSIX nice).
        job_characters: Longest piece of text that a worker speaks at a time; longer sentences are cut.
    """

    engine: EngineChoice = "auto"
    key: str | None = field(default=None, repr=False)
    timing: TimingProfile = INSTANT
    seed: int = 0
    faults: tuple[Fault, ...] = ()
    control_token: str | None = field(default=None, repr=False)
    contexts_per_connection: int = 5
    max_connections: int = 20
    max_generations: int = 0
    generation_overflow: Literal["status", "wait"] = "status"
    inactivity_s: float = 600.0
    inactivity_end: Literal["drop", "close"] = "drop"
    wording: Wording = "2026-09"
    models: tuple[str, ...] = (*MODELS, "inworld-tts-1", "inworld-tts-1-max")
    duplicate_create: Literal["refuse", "ignore", "replace"] = "refuse"
    missing_id_code: int = 3
    voice_error_at: Literal["create", "synthesis"] = "create"
    cancel: Literal["close", "silent", "unknown"] = "close"
    threshold_cut: Literal["whole", "word"] = "whole"
    auto_mode_ignores_delay: bool = True
    text_limit: int = 2000
    sync_text_limit: int = 2000
    stream_text_limit: int = 4000
    held_characters: int = 100_000
    max_frame_bytes: int = 4 * 1024 * 1024
    wav_size_field: int = 0xFFFFFFFF
    tokens: Literal["model", "tokens", "words"] = "model"
    first_chunk_s: float = 0.2
    chunk_s: float = 0.5
    last_chunk_samples: int = 5
    rest_first_samples: int = 8
    rest_chunk_s: float = 1.0
    cache_bytes: int = 64 * 1024 * 1024
    espeak_workers: int = field(default_factory=lambda: 2 if _cores() >= 4 else 1)
    neural_workers: int = field(default_factory=lambda: 2 if _cores() >= 8 else 1)
    neural_niceness: int = 5
    job_characters: int = 200

    def __post_init__(self) -> None:
        """Refuse numbers with which nothing could work.

        Raises:
            SettingError: Naming the setting.
        """
        for name, low, high in _BOUNDS:
            value = getattr(self, name)
            if not low <= value <= high:
                raise SettingError(name, value, f"between {low:g} and {high:g}")


def _cores() -> int:
    return os.cpu_count() or 1


_BOUNDS: Final = (
    ("contexts_per_connection", 0, 10_000),
    ("max_connections", 0, 100_000),
    ("max_generations", 0, 1_000_000),
    ("inactivity_s", 0, 1e7),
    ("missing_id_code", 1, 16),
    ("text_limit", 1, 1_000_000),
    ("sync_text_limit", 1, 1_000_000),
    ("stream_text_limit", 1, 1_000_000),
    ("held_characters", 1, 100_000_000),
    ("max_frame_bytes", 1024, 1 << 30),
    ("wav_size_field", 0, 0xFFFFFFFF),
    ("first_chunk_s", 0.001, 60),
    ("chunk_s", 0.001, 60),
    ("last_chunk_samples", 0, 48_000),
    ("rest_first_samples", 1, 48_000),
    ("rest_chunk_s", 0.001, 60),
    ("cache_bytes", 0, 1 << 40),
    ("espeak_workers", 1, 64),
    ("neural_workers", 1, 64),
    ("neural_niceness", 0, 19),
    ("job_characters", 20, 5000),
)
