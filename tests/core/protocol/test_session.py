from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from support import frames
from voxpool.errors import (
    ConnectionLost,
    CredentialRejected,
    LimitReached,
    ProtocolError,
    ServiceError,
    SettingError,
    WrongState,
)
from voxpool.events import SlotState
from voxpool.protocol.context import ContextLife
from voxpool.protocol.life import Phase
from voxpool.protocol.messages import Shape
from voxpool.protocol.outputs import AudioOut, CreatedOut, EndedOut, Ending, ErrorOut, FaultOut, FlushOut, Output
from voxpool.protocol.session import Session
from voxpool.protocol.settings import ContextSettings, Encoding

PCM = np.arange(1, 2401, dtype="<i2")
"""A tenth of a second at 24 kHz."""
DATA = PCM.tobytes()


class Recorder:
    """A session with one context and everything it said."""

    def __init__(self, settings: ContextSettings | None = None, **options: object) -> None:
        self.states: list[tuple[SlotState, SlotState]] = []
        self.session = Session(7, on_state=self._on_state)
        self.id, self.frame = self.session.create(settings or ContextSettings(), **options)  # type: ignore[arg-type]
        self.life = self.session.contexts[self.id]

    def _on_state(self, life: ContextLife, old: SlotState, new: SlotState) -> None:
        self.states.append((old, new))

    def take(self, *given: str) -> list[Output]:
        return [output for frame in given for output in self.session.receive(frame)]


@pytest.fixture
def open_() -> Recorder:
    """A context that was confirmed."""
    recorder = Recorder()
    recorder.take(frames.created(recorder.id))
    return recorder


@pytest.fixture
def spoken(open_: Recorder) -> Recorder:
    """A context that was confirmed, got text and sent its first audio."""
    open_.session.send_text(open_.id, "Hello. ")
    open_.take(frames.audio(open_.id, DATA, 7))
    return open_


def kinds(outputs: Sequence[Output]) -> list[type[Output]]:
    return [type(output) for output in outputs]


# The ordinary course of things.


def test_the_happy_path() -> None:
    """The captured order of section 1."""
    here = Recorder()
    here.session.send_text(here.id, "Hello. ", flush=True)
    here.session.close(here.id)
    outputs = here.take(
        frames.created(here.id),
        frames.audio(here.id, DATA, 7),
        frames.audio(here.id, DATA),
        frames.flushed(here.id),
        frames.closed(here.id),
    )
    assert kinds(outputs) == [CreatedOut, AudioOut, AudioOut, FlushOut, EndedOut]
    first, second = (output for output in outputs if isinstance(output, AudioOut))
    assert (first.pcm == PCM).all()
    assert (first.first, first.characters, first.start_s, first.sample_rate_hz) == (True, 7, 0.0, 24000)
    assert (second.first, second.characters, second.start_s) == (False, 0, 0.1)
    assert outputs[-1] == EndedOut(here.id, Ending.CLOSED, None, 0.2)
    assert not here.session.contexts
    assert here.states == [
        (SlotState.RESERVED, SlotState.CREATING),
        (SlotState.CREATING, SlotState.GENERATING),
        (SlotState.GENERATING, SlotState.DRAINING),
        (SlotState.DRAINING, SlotState.EMPTY),
    ]
    assert (here.life.characters, here.life.heard_s, here.life.syntheses) == (7, 0.2, 1)
    assert here.life.model == "inworld-tts-2"


def test_a_stream_of_text_generates_until_it_is_closed(open_: Recorder) -> None:
    assert open_.life.slot_state is SlotState.OPEN
    open_.session.send_text(open_.id, "One. ")
    open_.take(frames.audio(open_.id, DATA), frames.flushed(open_.id))
    assert open_.life.slot_state is SlotState.GENERATING
    open_.session.send_text(open_.id, "Two. ")
    open_.session.close(open_.id)
    assert open_.life.slot_state is SlotState.DRAINING
    assert kinds(open_.take(frames.audio(open_.id, DATA), frames.flushed(open_.id), frames.closed(open_.id))) == [
        AudioOut,
        FlushOut,
        EndedOut,
    ]


@pytest.mark.parametrize("flushes", [0, 1, 5])
def test_flushes_may_repeat_or_never_come(spoken: Recorder, flushes: int) -> None:
    spoken.session.close(spoken.id)
    outputs = spoken.take(
        *[frames.flushed(spoken.id)] * flushes, frames.audio(spoken.id, DATA), frames.closed(spoken.id)
    )
    assert kinds(outputs) == [FlushOut] * flushes + [AudioOut, EndedOut]


def test_a_context_closed_with_nothing_to_say_is_closing(open_: Recorder) -> None:
    open_.session.send_text(open_.id, "")
    assert open_.life.slot_state is SlotState.OPEN
    open_.session.close(open_.id)
    assert open_.life.slot_state is SlotState.CLOSING
    assert open_.take(frames.closed(open_.id)) == [EndedOut(open_.id, Ending.CLOSED, None, 0.0)]


def test_audio_before_the_confirmation_confirms() -> None:
    here = Recorder()
    here.session.send_text(here.id, "Hi. ")
    assert kinds(here.take(frames.audio(here.id, DATA))) == [AudioOut]
    assert here.life.confirmed
    assert here.take(frames.created(here.id)) == []


def test_ids_are_never_used_twice() -> None:
    session = Session(prefix="x-")
    ids = []
    for _ in range(3):
        context_id, _ = session.create(ContextSettings())
        ids.append(context_id)
        session.receive(frames.status(context_id, 8))
    assert ids == ["x-1", "x-2", "x-3"]


def test_an_id_that_is_in_use_is_refused() -> None:
    session = Session()
    session.create(ContextSettings(), context_id="mine")
    with pytest.raises(WrongState, match="in use"):
        session.create(ContextSettings(), context_id="mine")


def test_contexts_do_not_mix() -> None:
    session = Session()
    ids = [session.create(ContextSettings())[0] for _ in range(5)]
    for context_id in ids:
        session.send_text(context_id, "Hi. ")
    for turn in range(3):
        for n, context_id in enumerate(ids):
            (output,) = session.receive(frames.audio(context_id, PCM[: 240 * (n + 1)].tobytes()))
            assert isinstance(output, AudioOut)
            assert (output.context_id, len(output.pcm)) == (context_id, 240 * (n + 1))
            assert output.start_s == pytest.approx(turn * 0.01 * (n + 1))


# Encodings.


def test_headers_are_unwrapped_and_the_rate_is_theirs() -> None:
    here = Recorder(ContextSettings(encoding=Encoding.LINEAR16, sample_rate_hz=24000))
    here.session.send_text(here.id, "Hi. ")
    first, second = here.take(*[frames.audio(here.id, frames.wav(DATA, rate=16000))] * 2)
    assert isinstance(first, AudioOut)
    assert isinstance(second, AudioOut)
    assert first.pcm.tobytes() == second.pcm.tobytes() == DATA
    assert (first.sample_rate_hz, second.sample_rate_hz) == (16000, 16000)
    assert second.start_s == pytest.approx(0.15)
    assert here.life.heard_s == pytest.approx(0.3)


def test_positions_run_through_a_change_of_rate() -> None:
    here = Recorder(ContextSettings(encoding=Encoding.LINEAR16))
    here.session.send_text(here.id, "Hi. ")
    starts = [
        output.start_s
        for output in here.take(*[frames.audio(here.id, frames.wav(DATA, rate=rate)) for rate in (24000, 12000, 24000)])
        if isinstance(output, AudioOut)
    ]
    assert starts == pytest.approx([0, 0.1, 0.3])
    assert here.life.heard_s == pytest.approx(0.4)


def test_a_header_alone_is_not_the_first_audio() -> None:
    here = Recorder(ContextSettings(encoding=Encoding.WAV))
    here.session.send_text(here.id, "Hi. ")
    assert here.take(frames.audio(here.id, frames.wav(b""))) == []
    (output,) = here.take(frames.audio(here.id, DATA))
    assert isinstance(output, AudioOut)
    assert output.first


def test_a_wav_header_comes_again_after_every_flush() -> None:
    here = Recorder(ContextSettings(encoding=Encoding.WAV))
    here.session.send_text(here.id, "Hi. ")
    head = frames.wav(b"", size=0xFFFFFFFF)
    heard = [
        output.pcm.tobytes()
        for output in here.take(
            frames.audio(here.id, head + DATA[:10]),
            frames.audio(here.id, DATA[10:15]),
            frames.audio(here.id, DATA[15:20]),
            frames.flushed(here.id),
            frames.audio(here.id, head[:20]),
            frames.audio(here.id, head[20:] + DATA[20:]),
        )
        if isinstance(output, AudioOut)
    ]
    assert b"".join(heard) == DATA


def test_audio_that_cannot_be_read_breaks_its_own_context_only() -> None:
    session = Session()
    good, _ = session.create(ContextSettings())
    bad, _ = session.create(ContextSettings(encoding=Encoding.WAV))
    for context_id in (good, bad):
        session.send_text(context_id, "Hi. ")
    (error,) = session.receive(frames.audio(bad, frames.wav(DATA, channels=2)))
    assert isinstance(error, ErrorOut)
    assert error.broken
    assert "2 channels" in str(error.error)
    assert session.contexts[bad].can_close
    assert kinds(session.receive(frames.audio(good, DATA))) == [AudioOut]


class _Doubler:
    """A decoder that says every byte twice, the second time at the end of the synthesis."""

    sample_rate_hz = 1000

    def __init__(self) -> None:
        self.held = b""

    def decode(self, data: bytes, /) -> NDArray[np.int16]:
        if data == b"bad":
            raise ProtocolError("no frame header")
        self.held += data
        return np.frombuffer(data, "u1").astype("<i2")

    def end(self) -> NDArray[np.int16]:
        held, self.held = self.held, b""
        if b"worse" in held:
            raise ProtocolError("a torn frame")
        return np.frombuffer(held, "u1").astype("<i2")


@pytest.fixture
def mp3() -> Recorder:
    here = Recorder(ContextSettings(encoding=Encoding.MP3), decoder=_Doubler())
    here.session.send_text(here.id, "Hi. ")
    return here


def test_compressed_audio_needs_a_decoder() -> None:
    session = Session()
    with pytest.raises(SettingError, match="decoder"):
        session.create(ContextSettings(encoding=Encoding.MP3))
    assert not session.contexts


def test_a_decoder_may_hold_audio_back_until_the_synthesis_ends(mp3: Recorder) -> None:
    mp3.session.close(mp3.id)
    outputs = mp3.take(
        frames.audio(mp3.id, b"ab"), frames.flushed(mp3.id), frames.audio(mp3.id, b"c"), frames.closed(mp3.id)
    )
    assert kinds(outputs) == [AudioOut, AudioOut, FlushOut, AudioOut, AudioOut, EndedOut]
    audio = [output for output in outputs if isinstance(output, AudioOut)]
    assert [output.start_s for output in audio] == pytest.approx([0, 0.002, 0.004, 0.005])
    assert bytes(np.concatenate([output.pcm for output in audio]).astype("u1")) == b"ababcc"


def test_a_decoder_that_fails_breaks_the_context(mp3: Recorder) -> None:
    (error,) = mp3.take(frames.audio(mp3.id, b"bad"))
    assert isinstance(error, ErrorOut)
    assert error.broken


def test_a_decoder_that_fails_at_the_end_fails_the_context(mp3: Recorder) -> None:
    mp3.session.close(mp3.id)
    outputs = mp3.take(frames.audio(mp3.id, b"worse"), frames.closed(mp3.id))
    assert kinds(outputs) == [AudioOut, ErrorOut, EndedOut]
    assert mp3.life.phase is Phase.FAILED


def test_a_decoder_that_fails_between_syntheses_breaks_the_context(mp3: Recorder) -> None:
    assert kinds(mp3.take(frames.audio(mp3.id, b"worse"), frames.flushed(mp3.id))) == [AudioOut, ErrorOut]


@pytest.mark.parametrize("content", ["AAA", "?", "AAAA\\n", "AAAA\\/"])
def test_invalid_base64_breaks_its_own_context_only(spoken: Recorder, content: str) -> None:
    for _ in range(2):  # the second plain frame takes the hot path
        spoken.take(frames.audio(spoken.id, DATA))
    frame = frames.audio(spoken.id, DATA)
    whole = json.loads(frame)["result"]["audioChunk"]["audioContent"]
    (error,) = spoken.take(frame.replace(whole, content))
    assert isinstance(error, ErrorOut)
    assert error.broken
    assert "base64" in str(error.error)
    assert spoken.life.slot_state is SlotState.CLOSING
    # From here on it is deaf, says nothing twice, and ends with what went wrong.
    assert spoken.take(frames.audio(spoken.id, DATA), frame.replace(whole, content), frames.flushed(spoken.id)) == []
    spoken.session.close(spoken.id)
    (ended,) = spoken.take(frames.closed(spoken.id))
    assert isinstance(ended, EndedOut)
    assert ended.error is error.error
    assert spoken.states[-1] == (SlotState.CLOSING, SlotState.FAILED)


def test_escaped_slashes_are_audio(spoken: Recorder) -> None:
    frame = frames.audio(spoken.id, b"\xff" * 600)
    (output,) = spoken.take(frame.replace("/", "\\/"))
    assert isinstance(output, AudioOut)
    assert output.pcm.tobytes() == b"\xff" * 600


# Times.


def test_times_run_through_in_step_with_the_audio(spoken: Recorder) -> None:
    (one,) = spoken.take(frames.audio(spoken.id, DATA, timestamps=frames.words(("One.", 0.1, 0.2))))
    # A trailing silence after the last word, then the next synthesis from 0 again.
    spoken.take(frames.audio(spoken.id, DATA), frames.flushed(spoken.id))
    (two,) = spoken.take(frames.audio(spoken.id, DATA, timestamps=frames.words(("Two.", 0.0, 0.1))))
    assert isinstance(one, AudioOut)
    assert isinstance(two, AudioOut)
    assert [(word.text, word.start_s) for word in one.words + two.words] == [
        ("One.", 0.1),
        ("Two.", pytest.approx(0.3)),
    ]


def test_asynchronous_times_belong_to_the_synthesis_that_is_not_over(spoken: Recorder) -> None:
    """All audio of a synthesis first, then its times with empty audio, then flushCompleted (section 5.7)."""
    spoken.take(frames.audio(spoken.id, DATA), frames.audio(spoken.id, DATA))
    (late,) = spoken.take(frames.audio(spoken.id, timestamps=frames.words(("One.", 0.05, 0.2))))
    spoken.take(frames.flushed(spoken.id), frames.audio(spoken.id, DATA))
    (next_,) = spoken.take(frames.audio(spoken.id, timestamps=frames.words(("Two.", 0.05, 0.1))))
    assert isinstance(late, AudioOut)
    assert isinstance(next_, AudioOut)
    assert len(late.pcm) == 0
    assert late.words[0].start_s == pytest.approx(0.05)
    assert next_.words[0].start_s == pytest.approx(0.35)


def test_the_offset_is_the_contexts_own() -> None:
    session = Session()
    ids = [session.create(ContextSettings())[0] for _ in range(2)]
    for context_id in ids:
        session.send_text(context_id, "Hi. ")
        session.receive(frames.created(context_id))
    for frame in (frames.audio(ids[0], DATA), frames.flushed(ids[0])):
        session.receive(frame)
    (output,) = session.receive(frames.audio(ids[1], DATA, timestamps=frames.words(("Hi.", 0.0, 0.1))))
    assert isinstance(output, AudioOut)
    assert output.words[0].start_s == 0.0


# Interruption.


def test_after_a_cancel_nothing_is_heard(spoken: Recorder) -> None:
    assert json.loads(spoken.session.cancel(spoken.id)) == {"cancel_context": {}, "contextId": spoken.id}
    assert spoken.life.slot_state is SlotState.CLOSING
    late = (
        frames.audio(spoken.id, DATA, 5),
        frames.audio(spoken.id, timestamps=frames.words(("late", 0.0, 0.1))),
        frames.flushed(spoken.id),
    )
    assert spoken.take(*late) == []
    assert (spoken.life.late_chunks, spoken.life.characters) == (2, 12)
    assert spoken.take(frames.closed(spoken.id)) == [EndedOut(spoken.id, Ending.CLOSED, None, 0.1)]


def test_a_close_may_follow_a_cancel_that_nobody_heeds(spoken: Recorder) -> None:
    spoken.session.cancel(spoken.id)
    assert spoken.life.can_close
    assert json.loads(spoken.session.close(spoken.id)) == {"close_context": {}, "contextId": spoken.id}
    assert not spoken.life.can_close


def test_no_second_close_follows_a_cancel(spoken: Recorder) -> None:
    spoken.session.close(spoken.id)
    spoken.session.cancel(spoken.id)
    assert not spoken.life.can_close


@pytest.mark.parametrize("code", [3, 12])
def test_a_refused_cancel_is_told(spoken: Recorder, code: int) -> None:
    spoken.session.cancel(spoken.id)
    (output,) = spoken.take(frames.status(spoken.id, code, "unknown payload"))
    assert isinstance(output, ErrorOut)
    assert not output.broken
    assert spoken.life.can_close


def test_a_cancelled_context_that_is_not_found_is_simply_gone(spoken: Recorder) -> None:
    spoken.session.cancel(spoken.id)
    assert spoken.take(frames.status(spoken.id, 5, "context not found")) == [
        EndedOut(spoken.id, Ending.GONE, None, 0.1)
    ]
    assert spoken.states[-1][1] is SlotState.EMPTY


def test_a_cancelled_context_ends_without_the_error_it_had(open_: Recorder) -> None:
    open_.take(frames.status(open_.id, 3, "text length should not exceed 2000 characters."))
    open_.session.cancel(open_.id)
    assert open_.take(frames.closed(open_.id)) == [EndedOut(open_.id, Ending.CLOSED, None, 0.0)]


def test_late_messages_of_an_ended_context_are_strays(spoken: Recorder) -> None:
    spoken.take(frames.audio(spoken.id, DATA), frames.audio(spoken.id, DATA))
    spoken.session.close(spoken.id)
    spoken.take(frames.closed(spoken.id))
    assert spoken.take(frames.audio(spoken.id, DATA), frames.flushed(spoken.id), frames.status(spoken.id, 5)) == []
    assert spoken.session.counters.strays == 3


# Errors, shape A.


def test_a_text_that_is_too_long_leaves_the_context_open(open_: Recorder) -> None:
    open_.session.send_text(open_.id, "x" * 2001)
    (output,) = open_.take(frames.status(open_.id, 3, "text length should not exceed 2000 characters."))
    assert isinstance(output, ErrorOut)
    assert not output.broken
    open_.session.send_text(open_.id, "short ")
    open_.session.close(open_.id)
    outputs = open_.take(frames.audio(open_.id, DATA), frames.closed(open_.id))
    assert kinds(outputs) == [AudioOut, EndedOut]
    # The caller must not think that everything was said.
    assert outputs[-1] == EndedOut(open_.id, Ending.CLOSED, output.error, 0.1)


@pytest.mark.parametrize("code", [3, 4, 5, 7, 8, 13, 14])
def test_a_status_instead_of_a_confirmation_ends_the_context(code: int) -> None:
    here = Recorder()
    here.session.send_text(here.id, "Hi. ")
    here.session.close(here.id)
    (ended,) = here.take(frames.status(here.id, code, "no"))
    assert isinstance(ended, EndedOut)
    assert ended.ending is Ending.GONE
    assert isinstance(ended.error, ServiceError)
    assert ended.error.code == code
    assert here.states[-1] == (SlotState.CREATING, SlotState.FAILED)
    # The frames that were pipelined behind the create find no context.
    assert here.take(*[frames.status(here.id, 5, "context not found")] * 2) == []
    assert here.session.counters.strays == 2


def test_a_sixth_context_is_refused_alone() -> None:
    session = Session()
    ids = [session.create(ContextSettings())[0] for _ in range(6)]
    for context_id in ids[:5]:
        session.receive(frames.created(context_id))
    (ended,) = session.receive(frames.status(ids[5], 8, "You have reached the limit of 5 TTS contexts per connection."))
    assert isinstance(ended, EndedOut)
    assert isinstance(ended.error, LimitReached)
    assert ended.error.retryable
    assert list(session.contexts) == ids[:5]


@pytest.mark.parametrize("code", [5, 8])
def test_codes_5_and_8_end_a_confirmed_context_without_contextclosed(spoken: Recorder, code: int) -> None:
    (ended,) = spoken.take(frames.status(spoken.id, code, "context c not found"))
    assert isinstance(ended, EndedOut)
    assert (ended.ending, ended.heard_s) == (Ending.GONE, 0.1)
    assert isinstance(ended.error, ServiceError)
    assert ended.error.retryable
    assert not spoken.session.contexts


@pytest.mark.parametrize("code", [1, 2, 4, 13, 14])
def test_other_codes_break_a_context_that_may_still_be_held(spoken: Recorder, code: int) -> None:
    (output,) = spoken.take(frames.status(spoken.id, code, "internal"))
    assert isinstance(output, ErrorOut)
    assert output.broken
    assert spoken.id in spoken.session.contexts
    spoken.session.close(spoken.id)
    (ended,) = spoken.take(frames.status(spoken.id, 5, "context not found"))
    assert isinstance(ended, EndedOut)
    assert ended.error is output.error


def test_a_context_that_closes_unasked_failed(spoken: Recorder) -> None:
    (ended,) = spoken.take(frames.closed(spoken.id))
    assert isinstance(ended, EndedOut)
    assert isinstance(ended.error, ProtocolError)
    assert spoken.states[-1][1] is SlotState.FAILED


# Errors, shapes B and C, and the end of the connection.


@pytest.mark.parametrize(("code", "kind"), [(7, CredentialRejected), (16, CredentialRejected), (10, ServiceError)])
def test_a_fatal_error_ends_everything_at_once(spoken: Recorder, code: int, kind: type[ServiceError]) -> None:
    other, _ = spoken.session.create(ContextSettings())
    outputs = spoken.take(frames.error_b(code, 'for API key "Zm9v***"'))
    assert kinds(outputs) == [FaultOut, EndedOut, EndedOut]
    fault, *ends = outputs
    assert isinstance(fault, FaultOut)
    assert fault.fatal
    assert isinstance(fault.error, kind)
    assert "Zm9v" not in str(fault.error)
    assert ends == [EndedOut(spoken.id, Ending.LOST, fault.error, 0.1), EndedOut(other, Ending.LOST, fault.error, 0.0)]
    assert spoken.session.over is fault.error
    with pytest.raises(WrongState, match="over"):
        spoken.session.create(ContextSettings())
    assert spoken.session.eof("closed") == []


def test_a_fault_without_an_id_concerns_those_that_are_not_confirmed(spoken: Recorder) -> None:
    doubtful, _ = spoken.session.create(ContextSettings())
    (fault,) = spoken.take(frames.SHAPE_C)
    assert isinstance(fault, FaultOut)
    assert (fault.fatal, fault.shape, fault.concerned) == (False, Shape.C, (doubtful,))
    assert kinds(spoken.take(frames.audio(spoken.id, DATA))) == [AudioOut]
    # Its create was rejected: "not found" is only the echo, the cause is what came first (section 13, number 3).
    (ended,) = spoken.take(frames.status(doubtful, 5, "context not found (payload=SEND_TEXT)"))
    assert isinstance(ended, EndedOut)
    assert ended.error is fault.error


def test_a_fault_that_concerned_nobody_explains_nothing(spoken: Recorder) -> None:
    spoken.take(frames.SHAPE_C)
    (ended,) = spoken.take(frames.status(spoken.id, 5, "context not found"))
    assert isinstance(ended, EndedOut)
    assert isinstance(ended.error, ServiceError)
    assert ended.error.code == 5


def test_the_end_of_the_connection_fails_everything_with_what_was_heard(spoken: Recorder) -> None:
    other, _ = spoken.session.create(ContextSettings())
    first, second = spoken.session.eof("reset by peer")
    assert (first.context_id, first.ending, first.heard_s) == (spoken.id, Ending.LOST, 0.1)
    assert isinstance(first.error, ConnectionLost)
    assert (first.error.connection_id, first.error.why, first.error.heard_s) == (7, "reset by peer", 0.1)
    assert isinstance(second.error, ConnectionLost)
    assert (second.context_id, second.error.heard_s) == (other, 0.0)
    assert not spoken.session.contexts
    assert spoken.session.eof("again") == []


def test_an_error_right_before_the_close_is_its_cause(spoken: Recorder) -> None:
    (fault,) = spoken.take(frames.error_b(13, "going down"))
    assert isinstance(fault, FaultOut)
    assert not fault.fatal
    (ended,) = spoken.session.eof("closed by the server")
    assert ended.error is fault.error


def test_an_error_long_before_the_close_is_not_its_cause(spoken: Recorder) -> None:
    spoken.take(frames.error_b(13, "hiccup"), frames.audio(spoken.id, DATA))
    (ended,) = spoken.session.eof("closed by the server")
    assert isinstance(ended.error, ConnectionLost)


def test_a_cancelled_context_ends_without_an_error_when_the_connection_does(spoken: Recorder) -> None:
    spoken.session.cancel(spoken.id)
    (ended,) = spoken.session.eof("reset")
    assert ended.error is None
    assert spoken.states[-1][1] is SlotState.EMPTY


# Nonsense.


@pytest.mark.parametrize("frame", ["{", b"\xff", b"[]", "7"])
def test_a_malformed_frame_raises_and_changes_nothing(spoken: Recorder, frame: str | bytes) -> None:
    with pytest.raises(ProtocolError):
        spoken.session.receive(frame)
    assert spoken.session.counters.malformed == 1
    assert kinds(spoken.take(frames.audio(spoken.id, DATA))) == [AudioOut]


@pytest.mark.parametrize("frame", ['{"done":true}', "{}", '{"result":{}}'])
def test_unknown_messages_are_counted(spoken: Recorder, frame: str) -> None:
    assert spoken.take(frame) == []
    assert spoken.session.counters.unknown == 1


def test_messages_that_repeat_are_counted_and_change_nothing(spoken: Recorder) -> None:
    assert spoken.take(frames.created(spoken.id)) == []
    assert spoken.session.counters.unexpected == 1


def test_audio_without_text_is_dropped(open_: Recorder) -> None:
    assert open_.take(frames.audio(open_.id, DATA)) == []
    assert (open_.life.late_chunks, open_.life.heard_s, open_.life.slot_state) == (1, 0.0, SlotState.OPEN)


def test_a_flush_before_the_confirmation_is_counted() -> None:
    here = Recorder()
    assert here.take(frames.flushed(here.id)) == []
    assert here.session.counters.unexpected == 1


@pytest.mark.parametrize("action", ["send_text", "flush", "close", "cancel"])
def test_nothing_is_sent_to_a_context_that_is_over(spoken: Recorder, action: str) -> None:
    spoken.take(frames.status(spoken.id, 5))
    with pytest.raises(WrongState, match="over"):
        getattr(spoken.session, action)(spoken.id, *["x"] if action == "send_text" else [])


@pytest.mark.parametrize("action", ["send_text", "flush", "close"])
def test_nothing_but_a_cancel_is_sent_behind_a_close(spoken: Recorder, action: str) -> None:
    spoken.session.close(spoken.id)
    with pytest.raises(WrongState, match="close sent"):
        getattr(spoken.session, action)(spoken.id, *["x"] if action == "send_text" else [])


def test_text_that_cannot_be_sent_changes_nothing(open_: Recorder) -> None:
    with pytest.raises(SettingError):
        open_.session.send_text(open_.id, "\ud800")
    assert (open_.life.slot_state, open_.life.sent_characters) == (SlotState.OPEN, 0)


def test_bytes_are_read_like_text(spoken: Recorder) -> None:
    frame = frames.audio(spoken.id, DATA).encode()
    outputs = [output for _ in range(3) for output in spoken.session.receive(frame)]
    assert kinds(outputs) == [AudioOut] * 3


def test_the_hot_path_forgets_frames_of_many_contexts() -> None:
    session = Session()
    for _ in range(200):
        context_id, _ = session.create(ContextSettings())
        session.send_text(context_id, "Hi. ")
        for _ in range(2):
            assert kinds(session.receive(frames.audio(context_id, DATA))) == [AudioOut]
    assert len(session.contexts) == 200
    assert len(session._plain) <= 64


def test_equal_chunks_that_say_more_than_audio_are_all_heard(spoken: Recorder) -> None:
    words = frames.words(("again", 0.0, 0.1))
    outputs = spoken.take(*[frames.audio(spoken.id, DATA, 5)] * 3, *[frames.audio(spoken.id, DATA, 0, words)] * 3)
    audio = [output for output in outputs if isinstance(output, AudioOut)]
    assert [(output.characters, len(output.words)) for output in audio] == [(5, 0)] * 3 + [(0, 1)] * 3
    assert spoken.life.characters == 7 + 15


def test_repr_tells_the_state(spoken: Recorder) -> None:
    assert "1 contexts" in repr(spoken.session)
    assert "0.10 s heard" in repr(spoken.life)
