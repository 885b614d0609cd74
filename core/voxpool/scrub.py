"""Takes secrets out of texts: one place for logs, errors, reports, frame views, recordings and exports.

Two nets, because either alone has holes.  What a key *looks like* where it usually stands (an ``Authorization``
header, ``?authorization=`` in a URL, a ``bearer_`` subprotocol, the key prefix that code 7 quotes, protocol.md sections
2 and 9) is found by its surroundings.  What *is* a key of this process is found wherever it stands: every
``Credential`` that is made is remembered here, in memory alone, and so is the token of the local server.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

HIDDEN: Final = "***"
_SHORTEST: Final = 8
"""A remembered secret of fewer characters would take ordinary words out of texts."""
_MOST: Final = 256

_VALUE: Final = r"[^\s\"'`,;&<>()\[\]{}\\]+"
_PATTERNS: Final[tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]] = (
    # "Authorization: Basic Zm9v", {'authorization': 'Bearer x'}, authorization=x, ?authorization=Basic%20x
    (
        ("authorization",),
        re.compile(
            rf"(?P<kept>\b(?:proxy-)?authorization\b\\?[\"']?\s*[:=]\s*\\?[\"']?)(?:(?:basic|bearer)(?:\s+|%20|\+))?{_VALUE}",
            re.IGNORECASE,
        ),
    ),
    # "Basic Zm9vYmFyYmF6", wherever it stands: a scheme and something long that is no word of a sentence
    (
        ("basic", "bearer"),
        re.compile(
            r"(?P<kept>\b(?:basic|bearer)(?:\s+|%20))(?=[^\s]*[\d+/=_-]|[^\s]{20})[A-Za-z0-9+/=._~%-]{8,}",
            re.IGNORECASE,
        ),
    ),
    # the subprotocol that carries a token
    (("bearer_",), re.compile(r"(?P<kept>\bbearer_)[A-Za-z0-9+/=._~%-]{6,}", re.IGNORECASE)),
    (("basic_",), re.compile(r"(?P<kept>\bbasic_)[A-Za-z0-9+/=.~%-]{20,}", re.IGNORECASE)),
    # INWORLD_API_KEY=x, VOXPOOL_CONTROL_TOKEN=x, "api_key": "x", secret: x, password=x
    (
        ("key", "token", "secret", "passw"),
        re.compile(
            r"(?P<kept>(?:api[_-]?key|access[_-]?key|control[_-]?token|session[_-]?token|secret|password|passwd)\b"
            rf"\\?[\"']?\s*[:=]\s*\\?[\"']?){_VALUE}",
            re.IGNORECASE,
        ),
    ),
    # token: x, "accessToken": "x" (protocol.md section 2), where x is no word of a sentence
    (
        ("token",),
        re.compile(
            r"(?P<kept>\b(?:[a-z]{1,20}[_-]?)?token\b\\?[\"']?\s*[:=]\s*\\?[\"']?)"
            r"(?=[^\s]*\d)[A-Za-z0-9+/=._~-]{8,}",
            re.IGNORECASE,
        ),
    ),
    (("key=", "token=", "jwt="), re.compile(rf"(?P<kept>[?&](?:key|token|access_token|jwt)=){_VALUE}", re.IGNORECASE)),
    # https://user:password@host
    (("://",), re.compile(r"(?P<kept>\b[a-z][a-z0-9+.-]*://)[^\s/@\"']+:[^\s/@\"']+(?=@)", re.IGNORECASE)),
    # three parts of base64url: a session token
    (("eyj",), re.compile(r"(?P<kept>)\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")),
)
_PREFIX: Final = re.compile(r"[^\s\"'`(\[{<\\*]+\*{3}(?!\*)")
"""The first characters of a key with three stars behind them, as code 7 quotes them: ``"Zm9v***"`` (section 9)."""

# What is written into files of recordings is looked at more strictly: they are handed on.
_STRICTER: Final = (
    # a token has a digit, an underscore or a padding: "Basic internationalisation" is speech
    (re.compile(r"(?i)\b(basic|bearer)(\s+|%20)(?=[a-z+/\-.]*[0-9=_])[a-z0-9+/=_\-.~]{8,}"), rf"\1\2{HIDDEN}"),
    (
        re.compile(
            r"(?i)(authorization\\?[\"']?\s*[:=]\s*\\?[\"']?)(?:(?:basic|bearer)(?:\s+|%20))?[^\s\"'\\,;&}]{4,}"
        ),
        rf"\1{HIDDEN}",
    ),
    (
        re.compile(
            r"(?i)(\\?[\"']?(?:api[_-]?key|access[_-]?token|secret|password|signature|client[_-]?secret|jwt)\\?[\"']?"
            r"\s*[:=]\s*\\?[\"']?)[^\s\"'\\,;&}]{4,}"
        ),
        rf"\1{HIDDEN}",
    ),
    # a session token, whole or without its signature
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}(\.[\w-]*)?"), HIDDEN),
    # A portal key is the base64 of two long random halves; a context's id, a word or a UUID is never that long.
    (re.compile(r"(?<![\w+/*-])(?=[a-z0-9+/]*[A-Z])(?=[A-Z0-9+/]*[a-z])[A-Za-z0-9+/]{40,}={0,2}"), HIDDEN),
)
_STRICTER_WORDS: Final = (
    "basic", "bearer", "authorization", "key", "token", "secret", "password", "signature", "jwt", "eyj", HIDDEN,
)  # fmt: skip
_STRICTER_PREFIX: Final = re.compile(r"[^\s\"'`(\[{<*\\]{1,64}\*{3}")
_RUN: Final = b"A" * 40
_SAME: Final = bytes(65 if code < 128 and (chr(code).isalnum() or chr(code) in "+/") else 32 for code in range(256))

_remembered: OrderedDict[str, None] = OrderedDict()


def remember(secrets: Iterable[str]) -> None:
    """Take these secrets out of every text from now on, also in the form they have in a URL.

    The newest 256 are kept, in this process's memory alone; what is shorter than 8 characters is left out.
    """
    for secret in secrets:
        for form in (secret, quote(secret, safe="")):
            if len(form) >= _SHORTEST:
                _remembered[form] = None
                _remembered.move_to_end(form)
    while len(_remembered) > _MOST:
        _remembered.popitem(last=False)


def scrub(text: str) -> str:
    """Return a text without anything secret; a text that holds nothing secret comes back as it is.

    Every frame that is kept comes by here: an expression is asked only where a word stands that it cannot do without.
    """
    for secret in _remembered:
        if secret in text:
            text = text.replace(secret, HIDDEN)
    lowered = text.lower()
    for words, pattern in _PATTERNS:
        if any(word in lowered for word in words):
            text = pattern.sub(rf"\g<kept>{HIDDEN}", text)
    return _PREFIX.sub(HIDDEN, text) if "***" in text else text


def scrub_strictly(text: str) -> str:
    """Return a text without anything that looks like a secret, however little it looks like one.

    For JSON lines of recordings: JSON stays JSON.  No expression is asked of a text in which none can find anything.
    """
    lowered = text.lower()
    if not any(word in lowered for word in _STRICTER_WORDS) and _RUN not in _as_runs(text):
        return text
    for pattern, instead in _STRICTER:
        text = pattern.sub(instead, text)
    return _STRICTER_PREFIX.sub(HIDDEN, text) if HIDDEN in text else text


def _as_runs(text: str) -> bytes:
    """Return a text with every character of base64 made the same: what is looked for is then found in no time."""
    return text.encode(errors="replace").translate(_SAME)
