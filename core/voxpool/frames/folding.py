"""From the text of a frame to what is kept of it: the hot path of looking.

Nearly all frames are audio, and nearly all of such a frame is base64.  It is cut out before anything is parsed, as
the session does (``voxpool.protocol.cut``), and what is left of a plain chunk is the same for every chunk of its
context: it is read once and known again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
import pybase64

from voxpool.errors import ProtocolError
from voxpool.frames.record import AUDIO_MARK, FrameKind, audio_words
from voxpool.frames.secrets import Scrub, scrub_json
from voxpool.protocol import wire
from voxpool.protocol.codec import read_status, read_timestamps
from voxpool.protocol.cut import cut_audio
from voxpool.protocol.messages import TimestampKind
from voxpool.protocol.riff import is_riff, parse_header
from voxpool.protocol.settings import Encoding
from voxpool.protocol.status import Code
from voxpool.scrub import scrub

FOLDED_MOST: Final = 64_000
"""Characters kept of one frame without its audio; none that the protocol knows is a tenth of it."""
SUMMARY_MOST: Final = 160
"""Characters of a summary."""
_KNOWN_MOST: Final = 512
_CODE_NAMES: Final = {code.value: code.name for code in Code}
_HEAD: Final = 4096
"""Characters of base64 in which a WAV header ends."""

_OUTBOUND: Final[dict[str, FrameKind]] = {
    "create": FrameKind.CREATE,
    "sendText": FrameKind.TEXT,
    "flushContext": FrameKind.FLUSH,
    "closeContext": FrameKind.CLOSE,
    "cancelContext": FrameKind.CANCEL,
    "updateConfig": FrameKind.UPDATE,
}
_INBOUND: Final[dict[str, FrameKind]] = {
    "audioChunk": FrameKind.AUDIO,
    "contextCreated": FrameKind.CREATED,
    "flushCompleted": FrameKind.FLUSHED,
    "contextClosed": FrameKind.CLOSED,
    "contextUpdated": FrameKind.UPDATED,
}
_WORDS: Final[dict[FrameKind, str]] = {
    FrameKind.FLUSH: "speak what is buffered",
    FrameKind.CLOSE: "no more text",
    FrameKind.CANCEL: "drop what is not spoken",
    FrameKind.FLUSHED: "one synthesis is over",
    FrameKind.CLOSED: "the context is gone",
}


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """What a context's audio is, as its ``create`` asked for it.

    Attributes:
        encoding: Its name on the wire.
        sample_rate_hz: Samples per second.
    """

    encoding: str = "audio"
    sample_rate_hz: int = 0

    def duration_ms(self, size: int, content: str) -> float:
        """Return how long that many bytes sound in milliseconds, or 0 where compressed audio does not tell.

        Args:
            size: Bytes of decoded audio.
            content: Its base64, for the header that may stand in front of samples (protocol.md section 7).
        """
        rate, width = self.sample_rate_hz, _WIDTHS.get(self.encoding, 0)
        if content.startswith("UklGR"):  # "RIFF"
            header_bytes, rate, width = _read_riff(content, rate, width)
            size -= header_bytes
        return size / width / rate * 1000 if width and rate else 0.0


_WIDTHS: Final[dict[str, int]] = {
    Encoding.PCM: 2,
    Encoding.LINEAR16: 2,
    Encoding.WAV: 2,
    Encoding.MULAW: 1,
    Encoding.ALAW: 1,
}
"""Bytes of a sample."""


def _read_riff(content: str, rate: int, width: int) -> tuple[int, int, int]:
    """Return size of the header, sample rate and sample width; what was given where it cannot be read."""
    head = content[:_HEAD]
    try:
        data = pybase64.b64decode(head[: len(head) // 4 * 4], validate=True)
        header = parse_header(data) if is_riff(data) else None
    except (ValueError, ProtocolError):
        header = None
    return (header.size, header.format.sample_rate_hz, 2) if header is not None else (0, rate, width)


@dataclass(frozen=True, slots=True)
class Folded:
    """What a frame says, without its audio.

    Attributes:
        kind: Its kind.
        context_id: Whose, or "".
        code: Status code, or None.
        summary: A few words; for audio only what there is beside it.
        text: Its JSON with ``AUDIO_MARK`` for the audio, secrets taken out.
        cut: Characters of it that were too many.
        format: Of a ``create`` or its echo: what audio its context will bring.
        plain: Whether it is audio and nothing else, so that the next one may be the same.
    """

    kind: FrameKind
    context_id: str = ""
    code: int | None = None
    summary: str = ""
    text: str = ""
    cut: int = 0
    format: AudioFormat | None = None
    plain: bool = False


class Folder:
    """Folds frames; remembers the plain ones.

    Args:
        scrub: Takes out the credential in use.
    """

    def __init__(self, scrub: Scrub = scrub) -> None:
        self._scrub = scrub
        self._known: dict[str, Folded] = {}

    def __repr__(self) -> str:
        return f"<Folder that knows {len(self._known)} contexts' plain chunks>"

    def fold(self, frame: str, *, inbound: bool) -> tuple[Folded, str]:
        """Return what a frame says, and its audio as base64 ("" without any).  Raises nothing, whatever it holds."""
        if not inbound:
            return self._read(frame, inbound=False), ""
        cut = cut_audio(frame)
        if cut is None or not cut.content:
            return self._read(frame, inbound=True), ""
        folded = self._known.get(cut.rest)
        if folded is None:
            folded = self._read(cut.rest, inbound=True)
            if folded.kind is not FrameKind.AUDIO or folded.text.count(f'"{AUDIO_MARK}"') != 1:
                # What was cut out was some other field of that name: nothing is audio here.
                return self._read(frame, inbound=True), ""
            if folded.plain:
                self._remember(cut.rest, folded)
        return folded, cut.content

    def _remember(self, rest: str, folded: Folded) -> None:
        if len(self._known) >= _KNOWN_MOST:
            self._known.clear()
        self._known[rest] = folded

    def _read(self, frame: str, *, inbound: bool) -> Folded:
        text = scrub_json(frame, self._scrub)
        kept, cut = (text, 0) if len(text) <= FOLDED_MOST else (text[:FOLDED_MOST], len(text) - FOLDED_MOST)
        try:
            # Of bytes: read from the text itself, which is kept, it would hold a copy of itself in UTF-8 for ever.
            data = orjson.loads(text.encode(errors="surrogatepass"))
        except orjson.JSONDecodeError as error:
            return Folded(FrameKind.BROKEN, summary=f"not JSON: {_short(str(error))}", text=kept, cut=cut)
        if not isinstance(data, dict):
            what = f"a JSON {type(data).__name__}, not an object"
            return Folded(FrameKind.BROKEN, summary=what, text=kept, cut=cut)
        read = _read_inbound(data) if inbound else _read_outbound(data)
        return Folded(read.kind, read.context_id, read.code, _short(read.summary), kept, cut, read.format, read.plain)

    def scrub(self, text: str) -> str:
        """Return audio that is shown whole without secrets: nothing else looked into it."""
        return self._scrub(text)


def _short(text: str) -> str:
    one_line = " ".join(text.split()) if not text.isprintable() else text
    return one_line if len(one_line) <= SUMMARY_MOST else f"{one_line[: SUMMARY_MOST - 1]}…"


def _read_outbound(data: Mapping[str, Any]) -> Folded:
    context_id = wire.text(wire.pick(data, "contextId"))
    name = next((name for name in _OUTBOUND if wire.has(data, name)), None)
    if name is None:
        return Folded(FrameKind.OTHER, context_id, summary=f"keys: {', '.join(data) or 'none'}")
    kind, payload = _OUTBOUND[name], wire.mapping(wire.pick(data, name))
    if kind in (FrameKind.CREATE, FrameKind.UPDATE):
        return Folded(kind, context_id, summary=_settings(payload), format=_format(payload))
    if kind is FrameKind.TEXT:
        text = wire.text(wire.pick(payload, "text"))
        flush = " + flush" if wire.has(payload, "flushContext") else ""
        return Folded(kind, context_id, summary=f"“{_short(text)}”{flush}" if text else f"keepalive{flush}")
    return Folded(kind, context_id, summary=_WORDS[kind])


def _settings(payload: Mapping[str, Any]) -> str:
    audio = wire.mapping(wire.pick(payload, "audioConfig"))
    rate = wire.integer(wire.pick(audio, "sampleRateHertz"))
    sound = wire.text(wire.pick(audio, "audioEncoding")) + (f" {rate / 1000:g} kHz" if rate else "")
    parts = (wire.text(wire.pick(payload, "voiceId")), wire.text(wire.pick(payload, "modelId")), sound.strip())
    return ", ".join(part for part in parts if part) or "defaults"


def _format(payload: Mapping[str, Any]) -> AudioFormat:
    audio = wire.mapping(wire.pick(payload, "audioConfig"))
    # Without a word about it the service sends MP3 at 48 kHz (protocol.md section 4.1).
    encoding = wire.text(wire.pick(audio, "audioEncoding"), Encoding.MP3)
    return AudioFormat(encoding, wire.integer(wire.pick(audio, "sampleRateHertz"), 48_000))


def _read_inbound(data: Mapping[str, Any]) -> Folded:
    if data.get("error") is not None:
        return _status(FrameKind.ERROR, "", data["error"])
    result = data.get("result")
    if not isinstance(result, dict):
        return Folded(FrameKind.OTHER, summary=f"keys: {', '.join(data) or 'none'}")
    context_id = wire.text(wire.pick(result, "contextId"))
    name = next((name for name in _INBOUND if wire.has(result, name)), None)
    payload = wire.mapping(wire.pick(result, name)) if name else {}
    status = wire.pick(result, "status")
    status = payload.get("status") if status is None else status
    if status is not None and (name is None or read_status(status).code != Code.OK):
        return _status(FrameKind.STATUS, context_id, status)
    if name is None:
        return Folded(FrameKind.OTHER, context_id, summary=f"keys: {', '.join(result) or 'none'}")
    kind = _INBOUND[name]
    if kind is FrameKind.AUDIO:
        return _audio(context_id, payload)
    if kind in (FrameKind.CREATED, FrameKind.UPDATED):
        return Folded(kind, context_id, summary=_settings(payload) if payload else "")
    return Folded(kind, context_id, summary=_WORDS[kind])


def _status(kind: FrameKind, context_id: str, data: object) -> Folded:
    status = read_status(data)
    name = _CODE_NAMES.get(status.code, "unknown")
    return Folded(kind, context_id, status.code, f"code {status.code} {name}: {status.message or 'no message'}")


def _audio(context_id: str, payload: Mapping[str, Any]) -> Folded:
    content = wire.pick(payload, "audioContent")
    times = read_timestamps(wire.pick(payload, "timestampInfo"))
    characters = max(0, wire.integer(wire.pick(wire.mapping(payload.get("usage")), "processedCharactersCount")))
    said = []
    if times is not None:
        unit = "word" if times.kind is TimestampKind.WORD else "character"
        said.append(f"times of {len(times.texts)} {unit}{'' if len(times.texts) == 1 else 's'}")
    if characters:
        said.append(f"{characters} characters billed")
    kind = FrameKind.AUDIO if content else FrameKind.TIMES if times is not None else FrameKind.AUDIO
    plain = content == AUDIO_MARK and not said
    return Folded(kind, context_id, summary=", ".join(said), plain=plain)


def audio_bytes(content: str) -> int:
    """Return how many bytes base64 stands for; whether it is sound base64 is for the session to say."""
    return len(content) * 3 // 4 - (content[-2:].count("=") if content else 0)


def describe_audio(form: AudioFormat, audio_ms: float, size: int, more: str) -> str:
    """Return the summary of an audio frame: ``"PCM 120 ms, 5.6 kB · times of 3 words"``."""
    words = audio_words(form.encoding, audio_ms, size)
    return f"{words} · {more}" if more else words
