"""A connection pool for Inworld's streaming text-to-speech protocol.

    async with Pool(Endpoint(credential=Credential.basic(key))) as pool:
        async for chunk in pool.speak("Hello there.", voice="Ashley"):
            play(chunk.pcm, chunk.sample_rate_hz)

Names are loaded when they are first used, so ``import voxpool`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from voxpool.chunk import AudioChunk as AudioChunk
    from voxpool.config import Credential as Credential
    from voxpool.config import Endpoint as Endpoint
    from voxpool.config import PoolConfig as PoolConfig
    from voxpool.errors import VoxpoolError as VoxpoolError
    from voxpool.events import EventStream as EventStream
    from voxpool.events import Outcome as Outcome
    from voxpool.pool.pool import Pool as Pool
    from voxpool.pool.stages import Stages as Stages
    from voxpool.pool.stages import UtteranceState as UtteranceState
    from voxpool.pool.stats import ConnectionInfo as ConnectionInfo
    from voxpool.pool.stats import PoolStats as PoolStats
    from voxpool.pool.stats import WaiterInfo as WaiterInfo
    from voxpool.pool.utterance import StreamingUtterance as StreamingUtterance
    from voxpool.pool.utterance import Utterance as Utterance
    from voxpool.protocol.settings import ContextSettings as ContextSettings
    from voxpool.voices import Voice as Voice
    from voxpool.voices import list_voices as list_voices

_HOMES: Final = {
    "AudioChunk": "voxpool.chunk",
    "ConnectionInfo": "voxpool.pool.stats",
    "ContextSettings": "voxpool.protocol.settings",
    "Credential": "voxpool.config",
    "Endpoint": "voxpool.config",
    "EventStream": "voxpool.events",
    "Outcome": "voxpool.events",
    "Pool": "voxpool.pool.pool",
    "PoolConfig": "voxpool.config",
    "PoolStats": "voxpool.pool.stats",
    "Stages": "voxpool.pool.stages",
    "StreamingUtterance": "voxpool.pool.utterance",
    "Utterance": "voxpool.pool.utterance",
    "UtteranceState": "voxpool.pool.stages",
    "Voice": "voxpool.voices",
    "VoxpoolError": "voxpool.errors",
    "WaiterInfo": "voxpool.pool.stats",
    "list_voices": "voxpool.voices",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Load a public name from its module (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names too, for completion."""
    return sorted({*globals(), *_HOMES})
