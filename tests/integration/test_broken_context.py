"""A context that the service failed in mid-stream, after its close was sent: nobody answers that close any more."""

from __future__ import annotations

import asyncio

import pytest

from voxpool import Pool, PoolConfig
from voxpool.errors import ServiceError
from voxpool.local import LocalServer


async def test_a_context_that_failed_behind_its_close_gives_its_slot_back_without_becoming_a_zombie() -> None:
    config = PoolConfig(max_attempts=1, zombie_after_s=600.0)
    async with (
        LocalServer("--engine", "tone", "--fault", "audio:status,code=13,chunk=2") as server,
        Pool(server.endpoint, config) as pool,
    ):
        with pytest.raises(ServiceError, match="code 13"):
            async for _ in pool.speak("A sentence that is long enough for several chunks of a tone, and goes on."):
                pass
        async with asyncio.timeout(30):
            while pool.stats().slots_held:
                await asyncio.sleep(0.01)
        assert pool.stats().slots_acquired == pool.stats().slots_released == 1
