"""Hypothesis strategies for what travels over the wire."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from voxpool.protocol import messages as m
from voxpool.protocol import settings as s

ids = st.text(min_size=1, max_size=12)
texts = st.text(max_size=60)
words = st.text(max_size=8)
codes = st.integers(1, 16)
seconds = st.floats(0, 600, allow_nan=False)

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10)
)
_KEYS = st.sampled_from(
    [
        "result", "error", "contextId", "context_id", "status", "code", "message", "details", "audioChunk",
        "audio_chunk", "audioContent", "usage", "processedCharactersCount", "modelId", "timestampInfo",
        "wordAlignment", "words", "wordStartTimeSeconds", "wordEndTimeSeconds", "characterAlignment", "characters",
        "contextCreated", "flushCompleted", "flush_completed", "contextClosed", "contextUpdated", "done",
        "reconnectType", "maxRetries", "reconnectTime",
    ]
)  # fmt: skip
json_values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS | st.text(max_size=5), inner, max_size=5),
    max_leaves=25,
)
"""Any JSON, mostly made of names that the protocol knows."""

json_objects = st.dictionaries(_KEYS | st.text(max_size=5), json_values, max_size=6)
details = st.lists(st.dictionaries(st.text(max_size=6), scalars, max_size=3), max_size=2).map(tuple)

contexts = st.builds(
    s.ContextSettings,
    voice=st.text(min_size=1, max_size=10).filter(str.strip),
    encoding=st.sampled_from([s.Encoding.PCM, s.Encoding.LINEAR16, s.Encoding.WAV]),
    sample_rate_hz=st.integers(8000, 48000),
    bit_rate=st.none() | st.integers(32_000, 320_000),
    speaking_rate=st.none() | st.floats(0.5, 1.5),
    temperature=st.none() | st.floats(0, 2),
    delivery_mode=st.sampled_from(s.DeliveryMode),
    timestamp_type=st.sampled_from(s.TimestampType),
    timestamp_transport=st.sampled_from(s.TimestampTransport),
    max_buffer_delay_ms=st.none() | st.integers(0, 600_000),
    buffer_char_threshold=st.none() | st.integers(0, 2000),
    auto_mode=st.booleans(),
    text_normalization=st.sampled_from(s.TextNormalization),
    language=st.none() | st.sampled_from(["en-US", "de-DE"]),
) | st.just(s.ContextSettings(auto_mode=True, auto_mode_strategy=s.AutoModeStrategy.SENTENCE_BOUNDARY))

client_messages: st.SearchStrategy[m.ClientMessage] = st.one_of(
    st.builds(m.Create, ids, contexts),
    st.builds(m.SendText, ids, texts, st.booleans()),
    st.builds(m.FlushContext, ids),
    st.builds(m.CloseContext, ids),
    st.builds(m.CancelContext, ids),
)


@st.composite
def timestamps(draw: st.DrawFn) -> m.Timestamps:
    rows = draw(st.lists(st.tuples(words, seconds, seconds), min_size=1, max_size=5))
    texts_, starts, ends = zip(*rows, strict=True)
    return m.Timestamps(draw(st.sampled_from(m.TimestampKind)), texts_, starts, ends)


server_messages: st.SearchStrategy[m.ServerMessage] = st.one_of(
    st.builds(m.ContextCreated, ids, st.dictionaries(st.text(max_size=5), scalars, max_size=3)),
    st.builds(
        m.AudioChunk,
        ids,
        audio=st.binary(max_size=40),
        characters=st.integers(0, 2000),
        model=st.none() | texts,
        timestamps=st.none() | timestamps(),
    ),
    st.builds(m.FlushCompleted, ids),
    st.builds(m.ContextClosed, ids),
    st.builds(m.ContextUpdated, ids, st.dictionaries(st.text(max_size=5), scalars, max_size=3)),
    st.builds(m.ContextStatus, ids, st.builds(m.Status, codes, texts, details)),
    st.builds(m.ConnectionStatus, st.builds(m.Status, codes, texts, details), st.just(m.Shape.B)),
    st.builds(
        m.ConnectionStatus,
        st.builds(m.Status, codes, texts, st.just(()), st.sampled_from(["INVALID_ARGUMENT", "INTERNAL"])),
        st.just(m.Shape.C),
    ),
)
