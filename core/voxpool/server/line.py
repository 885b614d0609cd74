"""The writing side of one connection, and what faults do to it."""

from __future__ import annotations

import asyncio
import contextlib
import math
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import WSMsgType, web

from voxpool.server import replies, statuses
from voxpool.server.faults import Facts, Fault
from voxpool.server.fragments import fragments
from voxpool.server.ledger import ConnectionRecord
from voxpool.server.services import Services
from voxpool.server.spoiling import spoil_frame
from voxpool.server.statuses import Status

NORMAL: Final = 1000
GOING_AWAY: Final = 1001
_FRAMES_UNDER_WAY: Final = 64
_CLOSE_TIMEOUT_S: Final = 1.0
_CODE: Final = struct.Struct("!H")


class LineEnded(ConnectionResetError):
    """This side has ended the connection; nothing more is sent on it."""


class Line:
    """Sends the frames of one connection, one after the other.

    Args:
        socket: The prepared WebSocket.
        transport: Its transport.
        services: The parts of the server.
        record: Its account.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        services: Services,
        record: ConnectionRecord,
    ) -> None:
        self._socket = socket
        self._transport = transport
        self._services = services
        self._record = record
        self._silent = False
        self._halted = False
        self._closing = False
        self._released = asyncio.Event()
        self._held_until = -math.inf
        network_s = services.config.timing.network_s
        self._network = _Network(network_s, self._put) if network_s else None
        self.active_at = self._now()
        self.why = ""

    def __repr__(self) -> str:
        return f"<Line {self._record.number} silent={self._silent} halted={self._halted}>"

    @property
    def closing(self) -> bool:
        """Whether this side has ended it."""
        return self._closing

    async def emit(self, frame: bytes, faults: tuple[Fault, ...] = ()) -> None:
        """Send a frame; waits while the client reads too slowly, which holds up nobody else.

        Args:
            frame: The frame.
            faults: What strikes it.

        Raises:
            OSError: If the connection is gone.
        """
        split = any(fault.effect == "fragments" for fault in faults)
        for each in spoil_frame(frame, faults) if faults else (frame,):
            if self._halted:
                await self._released.wait()
            await self._held()
            if self._closing:
                raise LineEnded("the connection was ended")
            if self._silent:
                continue
            self.active_at = self._now()
            self._record.frames_out += 1
            if self._network is not None:
                await self._network.put(each, split=split)
            else:
                await self._put(each, split=split)

    async def strike(self, place: str, facts: Facts) -> tuple[Fault, ...]:
        """Let the faults strike that are due; return those that are a matter of the frame or the context.

        Raises:
            OSError: If one of them ended the connection.
        """
        due = self._services.faults.due(place, facts, self._now())
        if not due:
            return ()
        self._record.faults += len(due)
        return tuple([fault for fault in due if not await self.act(fault)])

    async def act(self, fault: Fault) -> bool:
        """Do what a fault does to a connection; return False if it is none of that kind.

        Raises:
            OSError: If it ended the connection.
        """
        if fault.effect == "stall" and fault.place == "now":
            # Nothing is about to be sent that could be waited with: whatever comes is held back from here on.
            self._held_until = self._now() + (math.inf if fault.seconds is None else fault.seconds)
        elif fault.effect == "stall":
            await self._stall(fault.seconds)
        elif fault.effect == "silent":
            self._silent = True
        elif fault.effect == "half_open":
            self._halted = True
            if self._transport is not None:
                self._transport.pause_reading()
        elif fault.effect in ("drop", "disconnect", "fatal", "inactive"):
            await self._end(fault)
            raise LineEnded(f"ended by a fault: {fault.effect}")
        else:
            return False
        return True

    async def fatal(self, status: Status) -> None:
        """Send an error of the whole connection, then close it (shape B)."""
        self.why = self.why or f"refused with code {status.code}"
        await self.emit(replies.connection_status(status))
        await self.close(NORMAL)

    async def inactive(self) -> None:
        """End the connection for its silence (sections 2 and 9)."""
        self.why = self.why or "inactive"
        if not self._halted:
            await self.emit(replies.connection_status(statuses.INACTIVE))
        if self._halted:
            self.drop()
        elif self._services.config.inactivity_end == "drop":
            await self.hang_up()
        else:
            await self.close(NORMAL)

    async def watch(self) -> None:
        """End the connection after a long silence on all of its contexts (sections 2 and 10).

        Frames in either direction count as activity, pings do not (section 17, 9: unknown).
        """
        limit = self._services.config.inactivity_s
        if not limit:
            return
        while (left := self.active_at + limit - self._now()) > 0:  # noqa: ASYNC110 - a deadline that moves, no poll
            await asyncio.sleep(left)
        try:
            async with asyncio.timeout(self._patience_s):
                await self.inactive()
        except OSError:
            # It reads nothing any more (too late is an OSError too), or nothing can be written any more to a client
            # that has ended its own direction: either would last for good.
            self.drop()

    async def close(self, code: int, message: str = "", *, drain: bool = True) -> None:
        """Send a close frame.  The session reads on until the client has answered it, or takes too long to.

        Args:
            code: The close code.
            message: The reason.
            drain: Whether what is held back by the network's delay is sent before.
        """
        if self._closing:
            return
        if self._network is not None:
            if drain:
                await self._drain(self._network)
            self._network.stop()
        self._closing = True
        self._released.set()
        # A reason has 123 bytes at most, and must be UTF-8: no character is cut.
        reason = message.encode()[:100].decode(errors="ignore").encode()
        # Not the socket's own close(): called beside its reader, that ends TCP before the client could answer.
        with contextlib.suppress(OSError):
            await self._socket.send_frame(_CODE.pack(code) + reason, WSMsgType.CLOSE)
        asyncio.get_running_loop().call_later(_CLOSE_TIMEOUT_S, self.drop)

    async def hang_up(self) -> None:
        """End the connection without a close frame, but so that the client gets what was sent before.

        An abort would not do: the reset that answers the client's next frame makes its system throw away the frames
        it has not read, the reason among them.  The session reads on until the client has gone too.
        """
        if self._closing:
            return
        if self._network is not None:
            await self._drain(self._network)
        self._closing = True
        self._released.set()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()
        asyncio.get_running_loop().call_later(_CLOSE_TIMEOUT_S, self.drop)

    def drop(self) -> None:
        """End the connection without a close frame; what the client has not read by then may be lost to it."""
        self._closing = True
        self._released.set()
        if self._transport is not None:
            self._transport.abort()

    async def finish(self) -> None:
        """End the connection when nothing more will be read: answer the client's close, or let go of TCP."""
        self._released.set()
        if self._network is not None:
            self._network.stop()
        if self._closing and self._transport is not None:
            self._transport.close()
        else:
            await self._socket.close()

    @property
    def _patience_s(self) -> float:
        return self._services.config.timing.network_s + _CLOSE_TIMEOUT_S

    async def _drain(self, network: _Network) -> None:
        """Send what is held back, to a client that reads."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience_s):
                await network.drain()

    async def _end(self, fault: Fault) -> None:
        self.why = f"ended by a fault: {fault.effect}"
        if fault.effect == "drop":
            self.drop()
        elif fault.effect == "inactive":
            await self.inactive()
        elif fault.effect == "fatal":
            await self.fatal(Status(fault.status_code, fault.message or "injected fault"))
        else:
            await self.close(fault.status_code, fault.message)

    async def _stall(self, seconds: float | None) -> None:
        if seconds is not None:
            await asyncio.sleep(seconds)
            return
        await self._released.wait()
        raise LineEnded("the connection was ended")

    async def _held(self) -> None:
        while (left := self._held_until - self._now()) > 0 and not self._released.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if math.isinf(left) else left):
                    await self._released.wait()

    async def _put(self, frame: bytes, *, split: bool = False) -> None:
        if split and self._transport is not None:
            self._transport.write(fragments(frame))
        else:
            await self._socket.send_frame(frame, WSMsgType.TEXT)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


class _Network:
    """Holds every frame back for the same time, as a longer way would; order is kept.

    Args:
        delay_s: The time.
        put: Sends a frame.
    """

    def __init__(self, delay_s: float, put: Callable[..., Awaitable[None]]) -> None:
        self._delay_s = delay_s
        self._send = put
        self._under_way: deque[tuple[float, bytes, bool]] = deque()
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._carry(), name="network delay")

    async def put(self, frame: bytes, *, split: bool = False) -> None:
        """Take a frame; waits if too many are under way, and says so if the connection is gone."""
        while len(self._under_way) >= _FRAMES_UNDER_WAY and not self._task.done():
            await self._change()
        if self._task.done():
            raise ConnectionResetError("the connection is gone")
        self._under_way.append((asyncio.get_running_loop().time() + self._delay_s, frame, split))
        self._changed.set()

    async def drain(self) -> None:
        """Wait until everything has been sent."""
        while self._under_way and not self._task.done():
            await self._change()

    def stop(self) -> None:
        """Forget what is under way."""
        self._task.cancel()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def _carry(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                while not self._under_way:
                    await self._change()
                due, frame, split = self._under_way[0]
                if (left := due - loop.time()) > 0:
                    await asyncio.sleep(left)
                await self._send(frame, split=split)
                self._under_way.popleft()
                self._changed.set()
        except OSError:
            # The connection is gone; whoever puts the next frame is told.
            return
        finally:
            self._changed.set()
