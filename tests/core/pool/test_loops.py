"""A pool belongs to the event loop that it began in; another one is refused at once instead of waiting for ever."""

from __future__ import annotations

import asyncio
import threading

import pytest

from support.fake_transport import FakeService
from voxpool import Endpoint, Pool
from voxpool.errors import WrongLoop


def test_a_second_loop_is_refused_and_harms_nothing() -> None:
    pool = Pool(Endpoint("http://fake"), connect=FakeService())
    first = asyncio.new_event_loop()

    async def begin() -> bytes:
        await pool.__aenter__()
        return b"".join([chunk.pcm.tobytes() async for chunk in pool.speak("Hello.")])

    async def elsewhere() -> None:
        for use in (pool.__aenter__, pool.close, pool.drain, lambda: pool.prewarm(2)):
            with pytest.raises(WrongLoop, match="another event loop"):
                await use()
        with pytest.raises(WrongLoop):
            pool.speak("Hello.")
        with pytest.raises(WrongLoop):
            pool.stream()

    try:
        heard = first.run_until_complete(begin())
        asyncio.run(elsewhere())
        stats = pool.stats()
        assert (stats.done, stats.waiting, stats.failed) == (1, 0, 0)
        again = first.run_until_complete(asyncio.wait_for(begin(), 10))
        assert again == heard
        first.run_until_complete(pool.close())
    finally:
        first.close()


async def test_an_utterance_is_not_read_in_another_loop() -> None:
    async with Pool(Endpoint("http://fake"), connect=FakeService()) as pool:
        utterance = pool.speak("Hello.")
        caught: list[type[BaseException]] = []

        def read() -> None:
            for use in (utterance.__anext__, utterance.wait):
                try:
                    asyncio.run(use())  # type: ignore[arg-type]
                except WrongLoop as error:
                    caught.append(type(error))

        thread = threading.Thread(target=read)
        thread.start()
        await asyncio.to_thread(thread.join)
        assert caught == [WrongLoop, WrongLoop]
        assert [chunk async for chunk in utterance]
