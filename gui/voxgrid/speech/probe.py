"""Tries an endpoint: opens a connection and a context, closes them, and says in a sentence how it went."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from voxgrid.speech.endpoints import EndpointChoice, EndpointKind, resolve
from voxgrid.speech.link import LinkConfig
from voxgrid.speech.notice import as_sentence
from voxgrid.speech.voices import fitting
from voxpool.config import Endpoint, PoolConfig
from voxpool.errors import VoxpoolError
from voxpool.events import Outcome, SlotChanged, SlotState, Subscription
from voxpool.protocol.settings import ContextSettings

_PROBE: PoolConfig = PoolConfig(max_connections=1, max_attempts=1, acquire_timeout_s=12.0, close_timeout_s=1.0)


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """How it went.

    Attributes:
        ok: Whether the endpoint took the key and opened a context.
        text: The result as a sentence.
    """

    ok: bool
    text: str


async def probe(
    choice: EndpointChoice, local: Endpoint | None, settings: ContextSettings, config: LinkConfig
) -> ProbeResult:
    """Try an endpoint.

    Args:
        choice: What to try.
        local: Where the local server is, for that choice.
        settings: Voice and model of the context.
        config: How pools are made.
    """
    try:
        endpoint = local if choice.kind is EndpointKind.LOCAL else await asyncio.to_thread(resolve, choice)
        if endpoint is None:
            return ProbeResult(False, "The local server is not running yet.")
        return await _open_and_close(endpoint, settings, config)
    except VoxpoolError as error:
        return ProbeResult(False, as_sentence(error))


async def _open_and_close(endpoint: Endpoint, settings: ContextSettings, config: LinkConfig) -> ProbeResult:
    # The endpoint's own voices: an unknown one would fail although everything else is well.
    known = await config.read_voices(endpoint)
    settings = settings.with_(voice=fitting(settings.voice, known, is_local=endpoint.is_local))
    began = time.monotonic()
    async with config.make_pool(endpoint, _PROBE) as pool:
        events = pool.events.subscribe()
        utterance = pool.stream(settings=settings)
        await utterance.close()
        outcome = await utterance.wait()
        if outcome is Outcome.FAILED and utterance.error is not None:
            raise utterance.error
        took_ms = (time.monotonic() - began) * 1e3
        opened = utterance.stages.created_s is not None or _was_open(events)
    if not opened:
        return ProbeResult(False, f"{endpoint.host} can be reached, but did not confirm a context.")
    return ProbeResult(
        True, f"{endpoint.host} opened a context and closed it in {took_ms:,.0f} ms; it has {len(known)} voices."
    )


def _was_open(events: Subscription) -> bool:
    return any(isinstance(event, SlotChanged) and event.new is SlotState.OPEN for event in events.drain())
