"""The pool at work: carries out what the books decide, with sockets and tasks, and tells the books what came.

Everything runs in one event loop and every input is handled to its end before the next: there is no lock.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from voxpool.connection import Connection, Traffic
from voxpool.errors import ConnectFailed, NotNow, VoxpoolError, WrongLoop
from voxpool.events import CloseReason, SlotState
from voxpool.pool import commands
from voxpool.pool.core import PoolCore
from voxpool.pool.job import Job
from voxpool.pool.records import Link, Slot, Ticket
from voxpool.pool.timer import Timer
from voxpool.protocol.life import Phase
from voxpool.protocol.messages import Shape
from voxpool.protocol.outputs import AudioOut, CreatedOut, EndedOut, ErrorOut, FaultOut, FlushOut, Output
from voxpool.transport import Connector, Transport

_ABRUPT: Final = (CloseReason.NETWORK, CloseReason.UNRESPONSIVE, CloseReason.SERVER_CLOSED, CloseReason.ZOMBIE)
"""Reasons for which the peer is not expected to answer a goodbye."""


class Runner:
    """Owns the connections, the tasks and the timer of one pool.

    Args:
        core: The books and their rules.
        connector: Opens transports.
        clock: Monotonic seconds.

    Attributes:
        core: As given.
        connections: Open connections by id.
        jobs: Utterances that have not ended, or whose slot is not free yet, by id.
        traffic: Counters of all connections.
        buffered_bytes: Audio that no consumer has read yet.
        loop: The event loop, once started.
        telling: Whether consumers are being told an event: the books are in the middle of something.
    """

    def __init__(self, core: PoolCore, connector: Connector, clock: Callable[[], float]) -> None:
        self.core = core
        self.connections: dict[int, Connection] = {}
        self.jobs: dict[int, Job] = {}
        self.traffic = Traffic()
        self.buffered_bytes = 0
        self.loop: asyncio.AbstractEventLoop | None = None
        self.telling = False
        self._connector = connector
        self._clock = clock
        self._connecting: dict[int, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer = Timer(clock, self._on_time)
        self._changed: list[asyncio.Future[None]] = []
        self._working = False
        self._do: Final[dict[type[commands.Command], Callable[[Any], None]]] = {
            commands.Start: self._start,
            commands.Finish: self._finish,
            commands.Released: self._released,
            commands.Rewind: lambda command: self.jobs[command.ticket.id].rewind(),
            commands.CancelContext: lambda command: self._cancel_context(command.slot),
            commands.CloseContext: lambda command: self._close_context(command.slot),
            commands.Connect: self._connect,
            commands.Disconnect: self._disconnect,
            commands.Ping: lambda command: self.connections[command.link.id].ping(),
        }

    def __repr__(self) -> str:
        return f"<Runner {len(self.connections)} connections, {len(self.jobs)} jobs, {len(self._tasks)} tasks>"

    @property
    def unfinished(self) -> Sequence[Ticket]:
        """Utterances that have not ended."""
        return [job.ticket for job in self.jobs.values() if job.ticket.outcome is None]

    def work(self) -> None:
        """Carry out every command, and see to it that the next deadline is met."""
        if self._working:
            return
        self._working = True
        pending = self.core.commands
        try:
            while pending:
                command = pending.popleft()
                self._do[type(command)](command)
        finally:
            self._working = False
        self._timer.ask(self.core.next_at())
        if self._changed:
            self._wake_waiting()

    def _on_time(self) -> None:
        self.core.tick(self._clock())
        self.work()

    def spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Start a task that the runner owns until it is done."""
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        self._own(task)
        return task

    def _own(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def enter(self) -> asyncio.AbstractEventLoop:
        """Return the running loop, which is the pool's from its first use on.

        Raises:
            WrongLoop: It is not: nothing of the pool's would ever wake anybody here.
        """
        here = asyncio.get_running_loop()
        if self.loop is None:
            self.loop = here
        elif self.loop is not here:
            raise WrongLoop
        return here

    def check_steerable(self) -> None:
        """Raise ``NotNow`` while consumers are being told an event."""
        if self.telling:
            raise NotNow

    async def change(self) -> None:
        """Wait until something in the books may have changed."""
        waiter = self.enter().create_future()
        self._changed.append(waiter)
        await waiter

    def _wake_waiting(self) -> None:
        waiting, self._changed = self._changed, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    # -- contexts --------------------------------------------------------------------------------------------

    def _start(self, command: commands.Start) -> None:
        slot = command.slot
        connection = self.connections[slot.link.id]
        try:
            self.jobs[command.ticket.id].begin(connection, slot)
        except VoxpoolError as error:
            connection.bindings.pop(slot.context_id, None)
            self.core.start_failed(slot, error, self._clock())
        else:
            self.core.started(slot, self._clock())

    def _finish(self, command: commands.Finish) -> None:
        ticket = command.ticket
        self.jobs[ticket.id].finish()
        if ticket.slot is None:
            del self.jobs[ticket.id]

    def _released(self, command: commands.Released) -> None:
        connection = self.connections.get(command.slot.link.id)
        if connection is not None:
            connection.bindings.pop(command.context_id, None)
        ticket = command.ticket
        job = self.jobs.get(ticket.id)
        if job is not None:
            job.released(command.context_id, self._clock())
            if ticket.outcome is not None and ticket.slot is None and job.closed_s is not None:
                del self.jobs[ticket.id]

    def _cancel_context(self, slot: Slot) -> None:
        if not slot.state.holds_slot:
            # Its connection was given up in the same input, as when several deadlines pass in one blocked moment.
            return
        connection = self.connections.get(slot.link.id)
        life = connection.session.contexts.get(slot.context_id) if connection else None
        if connection is None or life is None:
            return
        connection.drop_text(slot.context_id)
        if life.phase is not Phase.BROKEN and life.can_cancel:
            connection.write(connection.session.cancel(slot.context_id))
        elif life.can_close:
            connection.write(connection.session.close(slot.context_id))

    def _close_context(self, slot: Slot) -> None:
        if not slot.state.holds_slot:
            return
        connection = self.connections.get(slot.link.id)
        life = connection.session.contexts.get(slot.context_id) if connection else None
        if connection is not None and life is not None and life.can_close:
            connection.write(connection.session.close(slot.context_id))

    # -- what jobs tell --------------------------------------------------------------------------------------

    def text_sent(self, slot: Slot, *, speakable: bool, asks: bool, restarts: bool) -> None:
        """Text, a flush or a close was handed to a connection."""
        self.core.text_sent(slot, self._clock(), speakable=speakable, asks=asks, restarts=restarts)
        if not self._working:
            self._timer.ask(self.core.next_at())

    def give_up(self, job: Job, error: VoxpoolError) -> None:
        """A job cannot go on."""
        self.core.fail(job.ticket, error, self._clock())
        self.work()

    def cancel(self, job: Job) -> None:
        """End a job for its caller; harmless when it has ended."""
        self.check_steerable()
        if job.ticket.outcome is None:
            self.core.cancel(job.ticket, self._clock())
            self.work()
        job.discard()

    def abandon(self, job: Job) -> None:
        """Nobody holds the utterance any more; may be called from any thread, at any time."""
        if self.loop is not None:
            # A loop that is closed has nobody left to tell, and may close at any time.
            with contextlib.suppress(RuntimeError):
                self.loop.call_soon_threadsafe(self.cancel, job)

    async def let_go(self, job: Job) -> None:
        """Wait until the slot of an ended job is free, but no longer than ``cancel_context`` may take."""
        try:
            async with asyncio.timeout(self.core.cancel_grace_s):
                while job.ticket.slot is not None:
                    await job.change()
        except TimeoutError:
            return

    # -- what connections tell -------------------------------------------------------------------------------

    def on_state(self, connection: Connection, context_id: str, state: SlotState, now: float) -> None:
        """A context changed its state."""
        binding = connection.bindings.get(context_id)
        if binding is not None:
            self.core.moved(binding.slot, state, now)

    def on_output(self, connection: Connection, output: Output, now: float) -> None:
        """Take an output that is more than plain audio."""
        if isinstance(output, FaultOut):
            self.core.service_error(
                connection.link,
                output.error,
                now,
                fatal=output.fatal,
                names_message=output.shape is Shape.C,
            )
            self.work()
            return
        binding = connection.bindings.get(output.context_id)
        if binding is None:
            # An error that ended the connection has told everyone on it: their ends are no frames of their own.
            if not isinstance(output, EndedOut):
                self.traffic.frames_ignored += 1
            return
        slot = binding.slot
        job = binding.receiver if isinstance(binding.receiver, Job) else None
        match output:
            case AudioOut():
                self._first_audio(slot, job, output, now)
            case CreatedOut():
                if job is not None:
                    job.created_s = now
                self.core.confirmed(slot, now)
            case FlushOut():
                self.core.synthesis_ended(slot, now)
            case ErrorOut(error=error):
                self.core.broke(slot, error, now)
            case EndedOut(error=error):
                self.core.ended(slot, error, now)
        self.work()

    def _first_audio(self, slot: Slot, job: Job | None, output: AudioOut, now: float) -> None:
        slot.last_at = now
        if job is None:
            return
        job.created_s = now if job.created_s is None else job.created_s
        self.core.first_audio(slot, job.heard_first(now), now)
        job.deliver(output, now)

    def on_lost(self, connection: Connection, reason: CloseReason, error: VoxpoolError, now: float) -> None:
        """A connection ended without being asked to."""
        self.core.lost(connection.link, reason, error, now)
        self.work()

    def on_pong(self, connection: Connection, ping_ms: float, now: float) -> None:
        """A ping was answered."""
        self.core.ponged(connection.link, ping_ms, now)

    def on_dropped(self, connection: Connection, kind: str, text: str, count: int, now: float) -> None:
        """A frame had nothing for anybody."""
        self.core.dropped(connection.link, kind, text, count, now)

    # -- connections -----------------------------------------------------------------------------------------

    def _connect(self, command: commands.Connect) -> None:
        link = command.link
        task = self._connecting[link.id] = self.spawn(self._open(link), f"voxpool connect {link.id}")
        task.add_done_callback(lambda task: self._never_begun(link, task))

    def _never_begun(self, link: Link, task: asyncio.Task[None]) -> None:
        """A task that is cancelled before its first step never runs: nobody else would say that this one is over."""
        if task.cancelled():
            self._connecting.pop(link.id, None)
            self.core.closed(link, self._clock())
            self.work()

    async def _open(self, link: Link) -> None:
        try:
            transport = await self._handshake(link)
        except VoxpoolError as error:
            if link.closing:
                self.core.closed(link, self._clock())
            else:
                self.core.connect_failed(link, error, self._clock())
        except asyncio.CancelledError:
            self.core.closed(link, self._clock())
        else:
            connection = Connection(link, transport, self, self.traffic, self._clock)
            self.connections[link.id] = connection
            connection.start()
            for task in connection.tasks:
                self._own(task)
            if link.closing:
                self._disconnect(commands.Disconnect(link, CloseReason.POOL_CLOSED))
            else:
                self.core.connected(link, self._clock())
        self.work()

    async def _handshake(self, link: Link) -> Transport:
        try:
            return await self._connector.connect()
        except VoxpoolError:
            raise
        except Exception as error:
            # Not what a connector may raise; but nobody shall wait for a handshake that is no more.  Without its task:
            # from Python 3.12 on the handler is run in the context of that, which is this very one and entered already.
            context = {"message": f"handshake {link.id} failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)
            raise ConnectFailed("the service", f"unexpected {type(error).__name__}") from error
        finally:
            self._connecting.pop(link.id, None)

    def _disconnect(self, command: commands.Disconnect) -> None:
        link = command.link
        connecting = self._connecting.get(link.id)
        if connecting is not None:
            connecting.cancel()
        connection = self.connections.get(link.id)
        if connection is not None:
            self.spawn(self._end(connection, command.reason), f"voxpool close {link.id}")

    async def _end(self, connection: Connection, reason: CloseReason) -> None:
        try:
            await connection.close(graceful=reason not in _ABRUPT, timeout_s=1.0)
        finally:
            self.connections.pop(connection.link.id, None)
            self.core.closed(connection.link, self._clock())
            self.work()

    # -- the end ---------------------------------------------------------------------------------------------

    async def stop(self) -> None:
        """End every task and give everything back; the books have closed before."""
        self._timer.close()
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        for connection in self.connections.values():
            connection.abort()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._connector.close()
