"""Where to speak to, with what credential, and how the pool behaves."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from voxpool import scrub
from voxpool.errors import EndpointError, SettingError

WS_PATH: Final = "/tts/v1/voice:streamBidirectional"
"""The WebSocket path, with its literal colon (protocol.md section 2)."""

INWORLD_URL: Final = "https://api.inworld.ai"


class Credential:
    """A key or token that never shows itself: not in ``repr``, ``str``, comparisons' texts or pickles.

    Args:
        scheme: ``"Basic"`` for a portal key (it is sent verbatim, it is already base64), ``"Bearer"`` for a
            token (protocol.md section 2).
        secret: The key or token.

    Raises:
        EndpointError: If the secret is empty or cannot stand in an HTTP header.
    """

    __slots__ = ("_secret", "scheme")

    def __init__(self, scheme: str, secret: str) -> None:
        secret = secret.strip()
        for known in ("Basic", "Bearer"):
            if secret == known or secret.startswith(known + " "):
                scheme, secret = known, secret.removeprefix(known).strip()
        if not secret:
            raise EndpointError("the key is empty; paste the Basic (base64) key from the Inworld portal")
        if not (secret.isascii() and secret.isprintable()) or " " in secret:
            raise EndpointError("the key has a character that no key has (a space, a line break or a non-ASCII one)")
        self.scheme = scheme
        self._secret = secret
        # From now on it is taken out of every log line, report and export, wherever it turns up.
        scrub.remember(self._forms())

    @classmethod
    def basic(cls, key: str) -> Credential:
        """Return the credential for a portal key."""
        return cls("Basic", key)

    @classmethod
    def bearer(cls, token: str) -> Credential:
        """Return the credential for a one-time or session token."""
        return cls("Bearer", token)

    def header(self) -> str:
        """Return the value of the ``Authorization`` header.  Never log it."""
        return f"{self.scheme} {self._secret}"

    def scrub(self, text: str) -> str:
        """Return ``text`` with the secret, its decoded form and the prefixes the service quotes taken out."""
        for hidden in self._forms():
            text = text.replace(hidden, scrub.HIDDEN)
        return scrub.scrub(text)

    def _forms(self) -> list[str]:
        forms = [self._secret]
        try:
            decoded = base64.b64decode(self._secret, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            decoded = ""
        forms += [part for part in (decoded, *decoded.split(":")) if len(part) >= 4]
        # The service quotes the first four characters (protocol.md section 9, code 7).
        forms.append(f"{self._secret[:4]}***")
        return forms

    def __repr__(self) -> str:
        return f"<Credential {self.scheme} ***>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Credential) and self.header() == other.header()

    def __hash__(self) -> int:
        return hash(self.header())

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a credential is not pickled; build it anew where it is needed")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A service that speaks the protocol.

    Attributes:
        url: Base URL, ``http(s)://host[:port]``, without a path: clients of this protocol serve it at the root.
        credential: Key or token, or None for a local server that asks for none.
    """

    url: str = INWORLD_URL
    credential: Credential | None = None

    def __post_init__(self) -> None:
        """Normalise the URL.

        Raises:
            EndpointError: If it is not an http(s) or ws(s) URL of a host, or carries a credential or a query.
        """
        try:
            parts = urlsplit(self.url.strip())
            _ = parts.port
        except ValueError:
            raise EndpointError("the endpoint URL cannot be read; write it like https://api.inworld.ai") from None
        scheme = {"http": "http", "https": "https", "ws": "http", "wss": "https"}.get(parts.scheme)
        if scheme is None or not parts.hostname:
            raise EndpointError("the endpoint URL needs http:// or https:// and a host, like https://api.inworld.ai")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise EndpointError("the endpoint URL must not hold a user, a key or a query; give the key apart")
        if parts.path.rstrip("/") not in ("", WS_PATH):
            raise EndpointError("the endpoint URL must end after the host: the service is always at the root")
        object.__setattr__(self, "url", f"{scheme}://{parts.netloc}")

    @property
    def ws_url(self) -> str:
        """URL of the WebSocket."""
        return "ws" + self.url.removeprefix("http") + WS_PATH

    @property
    def host(self) -> str:
        """Host and port, for messages."""
        return urlsplit(self.url).netloc

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine's loopback interface."""
        return urlsplit(self.url).hostname in ("127.0.0.1", "localhost", "::1")

    def scrub(self, text: str) -> str:
        """Return ``text`` without anything secret."""
        return self.credential.scrub(text) if self.credential else scrub.scrub(text)


@dataclass(frozen=True, slots=True)
class PoolConfig:
    """How the pool behaves.  Times are in seconds.

    Attributes:
        max_connections: Most WebSocket connections, 1 to 1000 (protocol.md section 10: 20 by default).
        contexts_per_connection: Most contexts on each, 1 to 5.
        max_generations: Most utterances that may hold a slot at once over all connections (the account's
            concurrent generations), or None for no cap beyond the slots.
        max_waiters: Most utterances waiting for a slot; beyond it ``TooManyWaiters``.
        placement: ``"least_loaded"``, ``"packed"`` or ``"spread"``.
        acquire_timeout_s: Queueing, connecting and creating together.
        connect_timeout_s: One handshake.
        first_audio_timeout_s: From the first text to the first audio, plus the declared buffer delay.
        stall_timeout_s: Longest silence of a context in mid-stream.
        zombie_after_s: A closing context that has sent nothing for this long is a zombie.
        idle_close_s: A connection without contexts closes after this long (the service does after 600).
        max_lifetime_s: A connection is replaced after this long, plus or minus ``lifetime_jitter``.
        lifetime_jitter: Fraction of ``max_lifetime_s``, 0 to 1.
        heartbeat_s: Time between pings; a connection that does not answer for as long is dead.
        max_attempts: Contexts tried for one utterance, 1 meaning no retry.
        backoff_base_s: First delay before another attempt or connect.
        backoff_cap_s: Longest delay.
        prewarm: Connections opened when the pool opens.
        text_limit: Characters per ``send_text`` (2000 now, 1000 on old deployments).
        buffer_bytes: Audio held for a slow consumer before the utterance is given up; a chunk counts as a kilobyte
            at least.
        close_timeout_s: Longest time that closing the pool may take.
    """

    max_connections: int = 20
    contexts_per_connection: int = 5
    max_generations: int | None = None
    max_waiters: int = 10_000
    placement: str = "least_loaded"
    acquire_timeout_s: float = 30.0
    connect_timeout_s: float = 10.0
    first_audio_timeout_s: float = 10.0
    stall_timeout_s: float = 10.0
    zombie_after_s: float = 20.0
    idle_close_s: float = 300.0
    max_lifetime_s: float = 3600.0
    lifetime_jitter: float = 0.1
    heartbeat_s: float = 20.0
    max_attempts: int = 3
    backoff_base_s: float = 0.25
    backoff_cap_s: float = 10.0
    prewarm: int = 0
    text_limit: int = 2000
    buffer_bytes: int = field(default=64 * 1024 * 1024)
    close_timeout_s: float = 2.0

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            SettingError: Naming the field, the value and what is accepted.
        """
        for name, low, high in (
            ("max_connections", 1, 1000),
            ("contexts_per_connection", 1, 5),
            ("max_waiters", 0, 1_000_000),
            ("max_attempts", 1, 100),
            ("prewarm", 0, self.max_connections),
            ("text_limit", 1, 2000),
            ("buffer_bytes", 1, 2**40),
        ):
            value = getattr(self, name)
            if not is_whole(value) or not low <= value <= high:
                raise SettingError(name, value, f"a whole number between {low} and {high}")
        if not _is_number(self.lifetime_jitter) or not 0 <= self.lifetime_jitter <= 1:
            raise SettingError("lifetime_jitter", self.lifetime_jitter, "a number between 0 and 1")
        if self.max_generations is not None and (not is_whole(self.max_generations) or self.max_generations < 1):
            raise SettingError("max_generations", self.max_generations, "a whole number from 1 on, or None")
        if self.placement not in ("least_loaded", "packed", "spread"):
            raise SettingError("placement", self.placement, "least_loaded, packed or spread")
        for name in self.__slots__:
            value = getattr(self, name)
            if name.endswith("_s") and not (_is_number(value) and value > 0):
                raise SettingError(name, value, "a time above 0 seconds")

    @property
    def slots(self) -> int:
        """How many contexts fit at once."""
        return self.max_connections * self.contexts_per_connection


def is_whole(value: object) -> bool:
    """Whether it is a whole number; ``True`` is an answer and no number."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
