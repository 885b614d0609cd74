"""One connection's worth of contexts, without the connection.

Frames to write come out of the methods, frames that were read go into ``receive``, and the owner does the I/O::

    session = Session(connection_id=1, prefix="vx-")
    context_id, frame = session.create(ContextSettings())
    write(frame)
    write(session.send_text(context_id, "Hello. "))
    write(session.close(context_id))            # pipelined: nothing need be awaited (protocol.md section 1)
    for frame in reading():
        for output in session.receive(frame):
            match output:
                case AudioOut(pcm=pcm): play(pcm)
                case ErrorOut(broken=True) if session.contexts[output.context_id].can_close:
                    write(session.close(output.context_id))
                case EndedOut(error=error): the_slot_is_free(error)
    for output in session.eof("closed by the server"):
        ...                                     # an EndedOut for every context that was left

Changes of state go to ``on_state``, whether a frame of ours or of the service caused them.  Nothing here waits,
reads a clock or touches a socket, and nothing is safe to call from two threads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from pybase64 import b64decode

from voxpool.errors import ProtocolError, ServiceError, VoxpoolError, WrongState
from voxpool.protocol import codec
from voxpool.protocol.context import ContextLife, OnState
from voxpool.protocol.counters import Counters
from voxpool.protocol.cut import AudioCut, read_cut, split_audio
from voxpool.protocol.decoder import Decoder
from voxpool.protocol.life import Step
from voxpool.protocol.messages import (
    AudioChunk,
    CancelContext,
    CloseContext,
    ConnectionStatus,
    ContextClosed,
    ContextCreated,
    ContextStatus,
    Create,
    FlushCompleted,
    FlushContext,
    SendText,
    ServerMessage,
    Shape,
    Unknown,
)
from voxpool.protocol.outputs import CreatedOut, EndedOut, FaultOut, FlushOut, Output
from voxpool.protocol.plain import PlainFrames
from voxpool.protocol.settings import ContextSettings
from voxpool.protocol.status import FATAL, to_error

NOTHING: Final[tuple[Output, ...]] = ()


class Session:
    """Multiplexes contexts over one connection (sections 1 to 9).

    Args:
        connection_id: The pool's id of the connection, for errors.
        prefix: Beginning of the context ids made here; the rest is a serial number, so no id is used twice.
        on_state: Called at every change of a context's ``SlotState``.

    Attributes:
        counters: What was seen so far.
        fault: The last top-level error, or None.
        stray: The context that the last frame named although it is not here, or "".  The echo of a context that was
            refused ("not found" for every message sent behind it) is none.
        parting: A top-level error of shape B, if it is the last thing that was heard: the cause of an end that follows.
        over: Why no more contexts can be made here (a fatal fault, or ``eof``), or None.
    """

    def __init__(self, connection_id: int = 0, prefix: str = "vx-", *, on_state: OnState | None = None) -> None:
        self.connection_id = connection_id
        self.counters = Counters()
        self.fault: ServiceError | None = None
        self.stray = ""
        self.over: VoxpoolError | str | None = None
        self.parting: ServiceError | None = None
        self._prefix = prefix
        self._serial = 0
        self._on_state = on_state
        self._lives: dict[str, ContextLife] = {}
        self._plain = PlainFrames()

    def __repr__(self) -> str:
        return f"<Session {self.connection_id}: {len(self._lives)} contexts>"

    @property
    def contexts(self) -> Mapping[str, ContextLife]:
        """The contexts that are not over, by id; a live view."""
        return MappingProxyType(self._lives)

    # Frames to write.

    def create(
        self, settings: ContextSettings, *, context_id: str | None = None, decoder: Decoder | None = None
    ) -> tuple[str, str]:
        """Open a context.

        Args:
            settings: What to create it with.
            context_id: An id of the caller's choice that was never used on this connection, or None for a new one.
            decoder: Needed for encodings other than PCM, LINEAR16 and WAV.

        Returns:
            The context's id and the frame to write.

        Raises:
            SettingError: If the encoding needs a decoder and there is none.
            WrongState: If the id is in use or the session is over.
        """
        if context_id is None:
            self._serial += 1
            context_id = f"{self._prefix}{self._serial}"
        if self.over is not None:
            raise WrongState("create", context_id, f"the connection is over ({self.over})")
        if context_id in self._lives:
            raise WrongState("create", context_id, "its id is in use")
        life = ContextLife(context_id, settings, decoder=decoder, on_state=self._on_state)
        frame = codec.encode(Create(context_id, settings))
        self._lives[context_id] = life
        life.announce()
        return context_id, frame

    def send_text(self, context_id: str, text: str, *, flush: bool = False) -> str:
        """Append text, which brings its own spaces, and perhaps have it spoken at once.

        Raises:
            SettingError: If the text is not valid Unicode.
            WrongState: If the context is over or closing.
        """
        life = self._life(context_id, Step.TEXT)
        frame = codec.encode(SendText(context_id, text, flush))
        life.text_sent(text, flush=flush)
        return frame

    def flush(self, context_id: str) -> str:
        """Have everything spoken that is buffered.  Raises ``WrongState``."""
        self._life(context_id, Step.FLUSH).flush_sent()
        return codec.encode(FlushContext(context_id))

    def close(self, context_id: str) -> str:
        """Have the rest spoken and the context let go; ``EndedOut`` tells when.  Raises ``WrongState``."""
        self._life(context_id, Step.CLOSE).closed()
        return codec.encode(CloseContext(context_id))

    def cancel(self, context_id: str) -> str:
        """Drop what is not spoken yet: no audio, word or flush is delivered any more.  Raises ``WrongState``.

        A deployment that does not know ``cancel_context`` stays silent or refuses it (``ErrorOut``): then write
        ``close`` as well, where ``life.can_close`` (section 4.5).
        """
        self._life(context_id, Step.CANCEL).cancelled()
        return codec.encode(CancelContext(context_id))

    def _life(self, context_id: str, step: Step) -> ContextLife:
        life = self._lives.get(context_id)
        if life is None:
            raise WrongState(step.value, context_id, "it is over")
        life.check(step)
        return life

    # Frames that were read.

    def receive(self, frame: str | bytes) -> Sequence[Output]:
        """Take one frame.

        Args:
            frame: A text frame as it was read.

        Returns:
            What it means, in order; often one output, often none.

        Raises:
            ProtocolError: If it is not a JSON object.  The session goes on all the same.
        """
        self.parting = None
        if not isinstance(frame, str):
            frame = self._text(frame)
        parts = split_audio(frame)
        if parts is None:
            return self._take(self._decode(frame))
        content, rest = parts
        life = self._plain.get(rest)
        if life is not None:
            try:
                audio = b64decode(content, validate=True)
            except ValueError:
                return self._take(self._decode(frame))
            output = life.plain_audio(audio)
            return (output,) if output is not None else NOTHING
        message = read_cut(AudioCut(content, rest))
        if message is None or (isinstance(message, AudioChunk) and message.defect):
            # Parse all of it: only then is it known whether the audio or the frame is at fault.
            return self._take(self._decode(frame))
        outputs = self._take(message)
        if isinstance(message, AudioChunk):
            self._plain.remember(rest, message, self._lives.get(message.context_id))
        return outputs

    def _text(self, frame: bytes) -> str:
        try:
            return frame.decode()
        except UnicodeDecodeError:
            self.counters.malformed += 1
            raise ProtocolError(f"{len(frame)} bytes that are not UTF-8 text") from None

    def _decode(self, frame: str) -> ServerMessage:
        try:
            return codec.decode_server(frame)
        except ProtocolError:
            self.counters.malformed += 1
            raise

    def _take(self, message: ServerMessage) -> Sequence[Output]:
        if isinstance(message, ConnectionStatus):
            return self._take_fault(message)
        if isinstance(message, Unknown):
            self.counters.unknown += 1
            return NOTHING
        life = self._lives.get(message.context_id)
        if life is None:
            self.counters.strays += 1
            self.stray = "" if isinstance(message, ContextStatus) else message.context_id[:80]
            return NOTHING
        outputs = self._take_for(life, message)
        if life.phase.over:
            del self._lives[life.context_id]
            self._plain.clear()
        return outputs

    def _take_for(self, life: ContextLife, message: ServerMessage) -> Sequence[Output]:
        match message:
            case AudioChunk():
                return self._take_audio(life, message)
            case FlushCompleted():
                return self._take_flush(life)
            case ContextCreated():
                if life.created():
                    return (CreatedOut(life.context_id),)
                self.counters.unexpected += 1
            case ContextClosed():
                return _present(*life.context_closed())
            case ContextStatus(status=status) if status.code:
                return _present(life.status(status))
            case _:
                self.counters.unknown += 1
        return NOTHING

    def _take_audio(self, life: ContextLife, message: AudioChunk) -> Sequence[Output]:
        if message.model:
            life.model = message.model
        if message.defect:
            return _present(life.broke(ProtocolError(message.defect)))
        return _present(life.audio(message.audio, message.characters, message.timestamps))

    def _take_flush(self, life: ContextLife) -> Sequence[Output]:
        held, expected = life.synthesis_ended()
        if not expected:
            self.counters.unexpected += 1
        heard = expected and not life.deaf
        return _present(held, FlushOut(life.context_id) if heard else None)

    def _take_fault(self, message: ConnectionStatus) -> Sequence[Output]:
        """Take a top-level error: codes 7, 16 and 10 end everything, others wait for the CLOSE (section 9)."""
        error = to_error(message.status)
        self.fault = error
        if message.status.code in FATAL:
            return [FaultOut(error, message.shape, fatal=True), *self._end_all(str(error), error)]
        if message.shape is Shape.B:
            self.parting = error
        concerned = tuple(life.context_id for life in self._lives.values() if not life.confirmed)
        for context_id in concerned:
            life = self._lives[context_id]
            life.suspicion = life.suspicion or error
        return (FaultOut(error, message.shape, fatal=False, concerned=concerned),)

    def eof(self, why: str) -> Sequence[EndedOut]:
        """Take the end of the connection.

        Args:
            why: The cause in words.

        Returns:
            The end of every context that was left, each with ``ConnectionLost``, or with the service's own error
            where one of shape B came right before the end (section 9).
        """
        return self._end_all(why, self.parting)

    def _end_all(self, why: str, cause: VoxpoolError | None) -> list[EndedOut]:
        self.over = self.over or cause or why
        lives, self._lives = list(self._lives.values()), {}
        self._plain.clear()
        return [life.lost(self.connection_id, why, cause) for life in lives]


def _present(*outputs: Output | None) -> tuple[Output, ...]:
    return tuple(output for output in outputs if output is not None)
