"""Every error that voxpool raises, in one tree.

::

    VoxpoolError
    ├── SettingError            a setting is unknown or out of range; nothing was sent (also a ValueError)
    ├── ScenarioError           a scenario of the stress lab cannot be used (also a ValueError)
    ├── WrongUse                options of a command cannot be used as they are; nothing was done (also a ValueError)
    ├── EndpointError           an endpoint URL or a credential cannot be used (also a ValueError)
    ├── PoolError               the pool itself could not serve the caller
    │   ├── PoolClosed          the pool was closed, or is closing
    │   ├── WrongLoop           it is used in another event loop (also a RuntimeError)
    │   ├── NotNow              it is steered while it tells an event (also a RuntimeError)
    │   ├── TooManyWaiters      the queue is at its limit; fail fast instead of waiting
    │   └── AcquireTimeout      no context in time; says which stage ate it
    ├── TransportError          the network, not the service
    │   ├── ConnectFailed       no connection could be made (refused, timed out, HTTP status)
    │   └── ConnectionLost      an open connection died under its contexts
    ├── ServiceError            the service answered with a status (protocol.md section 9)
    │   ├── CredentialRejected  codes 7 and 16
    │   └── LimitReached        code 8
    ├── UtteranceError          one utterance went wrong while it was spoken
    │   ├── FirstAudioTimeout   nothing was heard in time
    │   ├── StallTimeout        audio stopped in mid-stream
    │   ├── ConsumerTooSlow     the caller stopped reading and the bounded buffer filled up
    │   └── UtteranceCancelled  the caller cancelled it
    ├── ProtocolError           a frame could not be understood
    ├── WrongState              a context cannot do that now: it is over, or its close was sent (also a RuntimeError)
    ├── AudioError              sound output
    │   └── DeviceUnavailable   no such device, no sound library, or it vanished
    ├── LocalServerError        the local server could not be started or died
    ├── RecordingError          a recording cannot be written or opened
    ├── RunFailed               a run of the stress lab in a process of its own could not be started or died
    └── RunsError               kept runs of the stress lab cannot be read or written

Data lives in attributes; the text is computed from them, so that a window, a log and a test read the same
facts.  Texts are one sentence: what happened, where, what to try.  A text never holds a credential.
"""

from __future__ import annotations

from enum import Enum
from typing import Any


class VoxpoolError(Exception):
    """Root of the tree.

    Attributes:
        retryable: Whether the same request may succeed on another connection or a little later.
    """

    retryable: bool = False


class SettingError(VoxpoolError, ValueError):
    """A setting is unknown or out of range.  Raised before anything is sent.

    Attributes:
        field: Name of the setting as the Python API spells it, for example ``"speaking_rate"``.
        value: What was given.
        expected: What would have been accepted, in words.
    """

    def __init__(self, field: str, value: object, expected: str) -> None:
        self.field = field
        self.value = value
        self.expected = expected
        super().__init__(field, value, expected)

    def __str__(self) -> str:
        shown = repr(self.value)
        return f"{self.field} is {shown[:80]}, but must be {self.expected}"


class UnknownSetting(SettingError):
    """There is no setting of that name; ``expected`` lists those that there are."""

    def __str__(self) -> str:
        return f"there is no setting {self.field}; there are {self.expected}"


class ScenarioError(VoxpoolError, ValueError):
    """A scenario of the stress lab cannot be used.

    Attributes:
        source: The file, or what else it came from.
        where: The key's path, as in ``load.rate``, or the line of a mistake in the syntax, or "".
        why: What was expected, in words.
    """

    def __init__(self, source: str, where: str, why: str) -> None:
        self.source = source
        self.where = where
        self.why = why
        super().__init__(source, where, why)

    def __str__(self) -> str:
        return ": ".join(part for part in (self.source, self.where, self.why) if part)


class WrongUse(VoxpoolError, ValueError):
    """A command was called with options that cannot be used as they are; nothing was done."""


class EndpointError(VoxpoolError, ValueError):
    """An endpoint URL or a credential cannot be used."""


class PoolError(VoxpoolError):
    """The pool itself could not serve the caller."""


class PoolClosed(PoolError):
    """The pool was closed, or is closing."""

    def __str__(self) -> str:
        return "the pool is closed; open a new one to speak"


class WrongLoop(PoolError, RuntimeError):
    """The pool is used in another event loop than the one that it began in."""

    def __str__(self) -> str:
        return "this pool belongs to another event loop; open a pool in each loop, and close it there"


class NotNow(PoolError, RuntimeError):
    """The pool is steered by whoever it is just telling an event to, in the middle of its work."""

    def __str__(self) -> str:
        return "the pool cannot be steered while it tells an event; do so in a task, or through loop.call_soon"


class TooManyWaiters(PoolError):
    """The queue is at its limit.

    Attributes:
        limit: The configured largest number of waiters.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(limit)

    def __str__(self) -> str:
        return (
            f"{self.limit} utterances already wait for a slot, which is the limit; try again later or raise max_waiters"
        )


class Stage(Enum):
    """Where the time of an acquisition went."""

    QUEUEING = "queueing"
    CONNECTING = "connecting"
    CREATING = "creating"


class AcquireTimeout(PoolError):
    """No usable context in time.

    Attributes:
        stage: The stage that was running when the time ran out.
        timeout_s: The whole budget, in seconds.
        spent_s: Seconds spent in each stage so far.
    """

    retryable = True

    def __init__(self, stage: Stage, timeout_s: float, spent_s: dict[Stage, float]) -> None:
        self.stage = stage
        self.timeout_s = timeout_s
        self.spent_s = dict(spent_s)
        super().__init__(stage, timeout_s, spent_s)

    def __str__(self) -> str:
        parts = ", ".join(f"{stage.value} {seconds:.2f} s" for stage, seconds in self.spent_s.items())
        return f"no context within {self.timeout_s:g} s: timed out while {self.stage.value} ({parts})"


class TransportError(VoxpoolError):
    """The network, not the service."""

    retryable = True


class ConnectFailed(TransportError):
    """No connection could be made.

    Attributes:
        host: Host and port that were tried (no path, no query, no credential).
        why: The cause in words.
        http_status: The HTTP status of a refused upgrade, or None.
        retry_after_s: The seconds to wait that the answer asked for (``Retry-After``), or None.
        retryable: Not for a status that says that the request is wrong, such as 404.
    """

    def __init__(self, host: str, why: str, http_status: int | None = None, retry_after_s: float | None = None) -> None:
        self.host = host
        self.why = why
        self.http_status = http_status
        self.retry_after_s = retry_after_s
        self.retryable = http_status is None or http_status >= 500 or http_status in (408, 425, 429)
        super().__init__(host, why, http_status, retry_after_s)

    @property
    def too_many_connections(self) -> bool:
        """Whether the account is at its connection limit (protocol.md sections 2 and 10)."""
        return self.http_status == 429

    def __str__(self) -> str:
        if self.too_many_connections:
            asked = f" (it asks to wait {self.retry_after_s:g} s)" if self.retry_after_s else ""
            return (
                f"{self.host} refused another connection (429){asked}: the account is at its connection limit; "
                "close some or lower max_connections"
            )
        status = f" (HTTP {self.http_status})" if self.http_status else ""
        return f"could not connect to {self.host}{status}: {self.why}"


class ConnectionLost(TransportError):
    """An open connection died under its contexts.

    Attributes:
        connection_id: The pool's id of the connection.
        why: The cause in words.
        heard_s: Seconds of audio that the failed utterance had already delivered.
    """

    def __init__(self, connection_id: int, why: str, heard_s: float = 0.0) -> None:
        self.connection_id = connection_id
        self.why = why
        self.heard_s = heard_s
        super().__init__(connection_id, why, heard_s)

    def __str__(self) -> str:
        heard = f" after {self.heard_s:.2f} s of audio" if self.heard_s else " before any audio"
        return f"connection {self.connection_id} was lost{heard}: {self.why}"


class ServiceError(VoxpoolError):
    """The service answered with a status (protocol.md section 9).

    Attributes:
        code: The gRPC status code.
        message: The service's own text, with key prefixes scrubbed.
        context_id: The context it belongs to, or None for a connection-level error.
        details: The decoded ``details`` list.
        retryable: From the code (4, 8, 13, 14), unless a ``reconnectType`` of ``NO_RETRY`` says otherwise.
    """

    def __init__(
        self,
        code: int,
        message: str,
        *,
        context_id: str | None = None,
        details: tuple[Any, ...] = (),
        retryable: bool = False,
    ) -> None:
        self.code = code
        self.message = message
        self.context_id = context_id
        self.details = details
        self.retryable = retryable
        super().__init__(code, message, context_id)

    def __str__(self) -> str:
        return f"{self.message or 'no message'} (code {self.code})"


class CredentialRejected(ServiceError):
    """The key or token was missing (16) or refused (7), by the service or, with an HTTP status, at the upgrade."""

    @property
    def what(self) -> str:
        """What happened, without what to do: that depends on where the key is set."""
        if self.message.startswith("HTTP "):
            # The service itself lets everybody in, and looks at the credential later (protocol.md section 2).
            return f"the upgrade was refused with {self.message}, perhaps by a proxy in between"
        happened = "no credential was sent" if self.code == 16 else "the service refused the credential"
        return f"{happened} (code {self.code})"

    def __str__(self) -> str:
        return f"{self.what}; check the key"


class LimitReached(ServiceError):
    """A limit of the service was reached (code 8)."""


class UtteranceError(VoxpoolError):
    """One utterance went wrong while it was spoken."""


class FirstAudioTimeout(UtteranceError):
    """No audio came within the deadline.

    Attributes:
        deadline_s: The deadline in seconds, counted from the first text.
    """

    retryable = True

    def __init__(self, deadline_s: float) -> None:
        self.deadline_s = deadline_s
        super().__init__(deadline_s)

    def __str__(self) -> str:
        return f"no audio within {self.deadline_s:g} s of the first text"


class StallTimeout(UtteranceError):
    """Audio stopped in mid-stream.

    Attributes:
        deadline_s: Seconds without a frame that were allowed.
        heard_s: Seconds of audio that had been delivered before the stall.
    """

    def __init__(self, deadline_s: float, heard_s: float) -> None:
        self.deadline_s = deadline_s
        self.heard_s = heard_s
        super().__init__(deadline_s, heard_s)

    def __str__(self) -> str:
        return f"audio stopped after {self.heard_s:.2f} s: nothing came for {self.deadline_s:g} s"


class ConsumerTooSlow(UtteranceError):
    """The caller stopped reading and the bounded buffer filled up.

    Attributes:
        buffered_bytes: Bytes of audio that waited when the utterance was given up.
        chunks: Chunks that waited, those with words alone included.
    """

    def __init__(self, buffered_bytes: int, chunks: int = 1) -> None:
        self.buffered_bytes = buffered_bytes
        self.chunks = chunks
        super().__init__(buffered_bytes, chunks)

    def __str__(self) -> str:
        return (
            f"{self.chunks} chunks with {self.buffered_bytes} bytes of audio were not read in time, "
            "so this utterance was given up to protect the others"
        )


class UtteranceCancelled(UtteranceError):
    """The caller cancelled the utterance."""

    def __str__(self) -> str:
        return "the utterance was cancelled"


class ProtocolError(VoxpoolError):
    """A frame could not be understood.

    Attributes:
        what: What was wrong, in words, without the frame's audio.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(what)

    def __str__(self) -> str:
        return f"the service sent a frame that cannot be understood: {self.what}"


class WrongState(VoxpoolError, RuntimeError):
    """A context cannot do now what was asked of it; nothing was sent.

    Attributes:
        action: What was asked, as in ``"text"``.
        context_id: The context.
        state: What it is doing, in words.
    """

    def __init__(self, action: str, context_id: str, state: str) -> None:
        self.action = action
        self.context_id = context_id
        self.state = state
        super().__init__(action, context_id, state)

    def __str__(self) -> str:
        return f"context {self.context_id} takes no {self.action}: {self.state}"


class AudioError(VoxpoolError):
    """Sound output."""


class DeviceUnavailable(AudioError):
    """No such device, no sound library, or the device vanished.

    Attributes:
        device: Name of the device that was wanted, or None for the default one.
        why: The cause in words.
    """

    def __init__(self, device: str | None, why: str) -> None:
        self.device = device
        self.why = why
        super().__init__(device, why)

    def __str__(self) -> str:
        return f"{self.device or 'the default sound device'} cannot be used: {self.why}"


class LocalServerError(VoxpoolError):
    """The local server could not be started or died."""


class RunsError(VoxpoolError):
    """Kept runs of the stress lab cannot be read or written."""


class RecordingError(VoxpoolError):
    """A recording cannot be written, or a file is none; the text is a whole sentence."""


class RunFailed(VoxpoolError):
    """A run of the stress lab in a process of its own could not be started, or the process died."""
