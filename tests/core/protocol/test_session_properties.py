"""Whatever the service sends, in whatever order, a session keeps its promises."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support import frames
from support import protocol_strategies as some
from voxpool.errors import ProtocolError, WrongState
from voxpool.events import SlotState
from voxpool.protocol.context import ContextLife
from voxpool.protocol.life import Phase
from voxpool.protocol.outputs import AudioOut, EndedOut, ErrorOut, FaultOut, FlushOut, Output
from voxpool.protocol.session import Session
from voxpool.protocol.settings import ContextSettings, Encoding

Step: TypeAlias = tuple[str, int, Any]

IDS = 4
samples = st.integers(0, 300).map(lambda n: np.arange(n, dtype="<i2").tobytes())
rows = st.lists(st.tuples(st.text(max_size=3), st.floats(0, 5), st.floats(0, 5)), min_size=1, max_size=3)
contents = st.one_of(
    st.tuples(samples, st.just(0), st.none()),
    st.tuples(samples, st.just(0), st.none()),
    st.tuples(samples | st.binary(max_size=9), st.integers(0, 99), st.none() | rows.map(lambda r: frames.words(*r))),
)
steps: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.sampled_from(["create", "text", "text", "flush", "close", "cancel"]), st.integers(0, IDS), st.none()),
    st.tuples(st.sampled_from(["created", "flushed", "closed"]), st.integers(0, IDS), st.none()),
    st.tuples(st.just("audio"), st.integers(0, IDS), contents),
    st.tuples(st.just("audio"), st.integers(0, IDS), contents),
    st.tuples(st.just("status"), st.integers(0, IDS), some.codes),
    st.tuples(
        st.just("frame"), st.just(0), st.sampled_from(["{", '{"done":true}', frames.SHAPE_C, frames.error_b(13)])
    ),
    st.tuples(st.just("raw"), st.integers(0, IDS), some.json_objects),
)
ordinary = steps.filter(lambda step: step[0] not in ("status", "frame", "raw"))
scripts = st.lists(steps | ordinary | ordinary, max_size=40)


class Witness:
    """Drives a session and keeps books of its own."""

    def __init__(self, rewrite: Callable[[str], str] = str) -> None:
        self.session = Session(1, "", on_state=self._on_state)
        self.states: dict[str, SlotState] = {}
        self.closes: dict[str, int] = defaultdict(int)
        self.heard: dict[str, int] = defaultdict(int)
        self.last_word: dict[str, float] = defaultdict(float)
        self.ended: set[str] = set()
        self.deaf: set[str] = set()
        self.made: list[str] = []
        self.outputs: list[Output] = []
        self._rewrite = rewrite

    def _on_state(self, life: ContextLife, old: SlotState, new: SlotState) -> None:
        assert self.states.get(life.context_id, SlotState.RESERVED) is old
        assert old is not new
        assert old.holds_slot
        self.states[life.context_id] = new
        assert life.slot_state is new

    def run(self, script: list[Step]) -> None:
        for name, index, value in script:
            getattr(self, "_" + name)(index, value)
            self.check()

    def check(self) -> None:
        assert list(self.session.contexts) == [made for made in self.made if made not in self.ended]
        for context_id, life in self.session.contexts.items():
            assert life.context_id == context_id
            assert not life.phase.over
            assert self.states[context_id].holds_slot

    def _name(self, index: int) -> str:
        return self.made[-1 - index] if index < len(self.made) else "unknown"

    def _create(self, index: int, _: None) -> None:
        encoding = (Encoding.PCM, Encoding.LINEAR16, Encoding.WAV)[index % 3]
        if self.session.over is None:
            context_id, frame = self.session.create(ContextSettings(encoding=encoding, sample_rate_hz=8000))
            assert json.loads(frame)["contextId"] == context_id
            self.made.append(context_id)
        else:
            with pytest.raises(WrongState):
                self.session.create(ContextSettings())

    def _send(self, index: int, action: str, *arguments: str) -> None:
        context_id = self._name(index)
        life = self.session.contexts.get(context_id)
        possible = {"close": life.can_close, "cancel": life.can_cancel}.get(action) if life else False
        before = dict(self.states)
        try:
            frame = getattr(self.session, action)(context_id, *arguments)
        except WrongState:
            assert possible in (None, False)
            assert self.states == before
            return
        assert possible in (None, True)
        assert json.loads(frame)["contextId"] == context_id
        self.closes[context_id] += action == "close"
        assert self.closes[context_id] <= 1
        if action == "cancel":
            self.deaf.add(context_id)

    def _text(self, index: int, _: None) -> None:
        self._send(index, "send_text", "Hi. ")

    def _flush(self, index: int, _: None) -> None:
        self._send(index, "flush")

    def _close(self, index: int, _: None) -> None:
        self._send(index, "close")

    def _cancel(self, index: int, _: None) -> None:
        self._send(index, "cancel")

    def _created(self, index: int, _: None) -> None:
        self.receive(frames.created(self._name(index)))

    def _flushed(self, index: int, _: None) -> None:
        self.receive(frames.flushed(self._name(index)))

    def _closed(self, index: int, _: None) -> None:
        self.receive(frames.closed(self._name(index)))

    def _audio(self, index: int, content: tuple[bytes, int, Any]) -> None:
        self.receive(frames.audio(self._name(index), *content))

    def _status(self, index: int, code: int) -> None:
        self.receive(frames.status(self._name(index), code, "context not found"))

    def _frame(self, _: int, frame: str) -> None:
        self.receive(frame)

    def _raw(self, index: int, data: dict[str, Any]) -> None:
        self.receive(json.dumps({"result": {"contextId": self._name(index), "audioChunk": data} | data}))

    def receive(self, frame: str) -> None:
        try:
            outputs = self.session.receive(self._rewrite(frame))
        except ProtocolError:
            assert frame == "{"
            return
        self.outputs += outputs
        for output in outputs:
            self._take(output)

    def _take(self, output: Output) -> None:
        if isinstance(output, FaultOut):
            assert set(output.concerned) <= set(self.session.contexts)
            return
        context_id = output.context_id
        assert context_id in self.made
        assert context_id not in self.ended, "something came after the end"
        if isinstance(output, AudioOut):
            self._hear(output)
        elif isinstance(output, FlushOut):
            assert context_id not in self.deaf
        elif isinstance(output, ErrorOut) and output.broken:
            self.deaf.add(context_id)
        elif isinstance(output, EndedOut):
            self.ended.add(context_id)
            assert not self.states[context_id].holds_slot
            assert (self.states[context_id] is SlotState.FAILED) <= (output.error is not None)

    def _hear(self, output: AudioOut) -> None:
        assert output.context_id not in self.deaf
        assert output.pcm.dtype == np.dtype("<i2")
        assert len(output.pcm) or output.words or output.characters
        assert output.first == (len(output.pcm) > 0 and self.heard[output.context_id] == 0)
        if output.sample_rate_hz == 8000:
            assert output.start_s == pytest.approx(self.heard[output.context_id] / 8000)
        self.heard[output.context_id] += len(output.pcm)
        for word in output.words:
            assert self.last_word[output.context_id] <= word.start_s <= word.end_s
            self.last_word[output.context_id] = word.start_s


@settings(max_examples=200, deadline=None)
@given(scripts)
def test_a_session_keeps_its_books_whatever_comes(script: list[Step]) -> None:
    witness = Witness()
    witness.run(script)
    for ended in witness.session.eof("the end"):
        witness._take(ended)
    witness.check()
    assert witness.ended == set(witness.made)
    assert all(not state.holds_slot for state in witness.states.values())


def _slow(frame: str) -> str:
    """The same JSON, in a spelling that the hot path leaves to the parser."""
    return frame.replace('"audioContent"', '"\\u0061udioContent"')


@settings(max_examples=100, deadline=None)
@given(scripts)
def test_the_hot_path_and_the_parser_hear_the_same(script: list[Step]) -> None:
    fast, slow = Witness(), Witness(_slow)
    fast.run(script)
    slow.run(script)
    assert [_comparable(output) for output in fast.outputs] == [_comparable(output) for output in slow.outputs]
    assert fast.session.counters == slow.session.counters


def _comparable(output: Output) -> Any:
    if isinstance(output, AudioOut):
        return output._replace(pcm=output.pcm.tobytes())  # type: ignore[arg-type]
    if isinstance(output, EndedOut | ErrorOut | FaultOut):
        return (type(output), getattr(output, "context_id", None), str(output.error))
    return output


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), samples), max_size=30), st.integers(0, 2))
def test_every_context_hears_its_own_audio_exactly(pieces: list[tuple[int, bytes]], kind: int) -> None:
    """Five contexts interleaved, as in section 5.7, in every encoding that needs no decoder."""
    session, heard, sent = Session(), defaultdict(bytes), defaultdict(bytes)
    encoding = [Encoding.PCM, Encoding.LINEAR16, Encoding.WAV][kind]
    ids = [session.create(ContextSettings(encoding=encoding))[0] for _ in range(5)]
    for context_id in ids:
        session.send_text(context_id, "Hi. ")
    for index, data in pieces:
        context_id = ids[index]
        header = encoding is Encoding.LINEAR16 or (encoding is Encoding.WAV and not sent[context_id])
        # An empty streaming header comes again with the next chunk, which is as good.
        content = frames.wav(data, size=None if encoding is Encoding.LINEAR16 else 0xFFFFFFFF) if header else data
        sent[context_id] += data
        for output in session.receive(frames.audio(context_id, content)):
            assert isinstance(output, AudioOut)
            heard[output.context_id] += output.pcm.tobytes()
    assert {k: v for k, v in heard.items() if v} == {k: v for k, v in sent.items() if v}


@settings(max_examples=100, deadline=None)
@given(some.json_objects)
def test_no_object_upsets_a_session(data: dict[str, Any]) -> None:
    session = Session()
    context_id, _ = session.create(ContextSettings())
    session.send_text(context_id, "Hi. ")
    session.receive(json.dumps(data))
    session.receive(json.dumps({"result": {"contextId": context_id} | data}))
    session.receive(json.dumps({"result": {"contextId": context_id, "audioChunk": data}}))
    assert all(life.phase is not Phase.DONE for life in session.contexts.values())
