"""Made-up records of frames, as a strategy."""

from __future__ import annotations

from hypothesis import strategies as st

from voxpool.frames.record import FrameKind, FrameRecord

NUMBERS = st.floats(0, 1e9, allow_nan=False)
RECORDS = st.builds(
    FrameRecord,
    serial=st.integers(1, 2**40),
    at=NUMBERS,
    connection_id=st.integers(0, 10_000),
    direction=st.sampled_from(["in", "out"]),
    kind=st.sampled_from(FrameKind),
    context_id=st.text(max_size=20),
    size=st.integers(0, 2**31),
    code=st.none() | st.integers(0, 16),
    summary=st.text(max_size=40),
    folded=st.text(max_size=200),
    audio_bytes=st.integers(0, 2**31),
    audio_ms=NUMBERS,
    gap_ms=st.none() | NUMBERS,
    cut=st.integers(0, 2**31),
)
