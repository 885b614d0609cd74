"""The mix: who is heard, from where, and what the playground says next."""

from __future__ import annotations

import pytest

from support.speech_fakes import RATE, FakeClock, FakePlayer, tone
from voxgrid.speech.listening import Listening
from voxgrid.speech.record import UtteranceRecord
from voxpool.chunk import AudioChunk
from voxpool.protocol.settings import ContextSettings


class Stage:
    """A mix with a player that plays when told."""

    def __init__(self):
        self.clock = FakeClock()
        self.player = FakePlayer()
        self.mix = Listening(self.player, self.clock)

    def record(self, seconds=1.0, *, ended=True):
        record = UtteranceRecord(1, "text", "text", ContextSettings(), "speak", 0.0, RATE)
        self.give(record, seconds)
        if ended:
            self.end(record)
        return record

    def give(self, record, seconds):
        if seconds:
            chunk = AudioChunk(tone(seconds), RATE, record.audio_s, (), self.clock())
            record.add(chunk)
            self.mix.feed(record, chunk)

    def end(self, record):
        record.finish()
        self.mix.ended(record)


@pytest.fixture
def stage():
    return Stage()


def test_a_finished_one_is_heard_from_its_start(stage):
    record = stage.record(2.0)
    stage.mix.hear(record)
    track = stage.player.tracks[0]
    assert track.written_s == pytest.approx(2.0)
    assert track.finished
    track.play(0.5)
    assert record.played_s == pytest.approx(0.5)
    assert stage.mix.sweep() == []
    track.play()
    assert stage.mix.sweep() == [record]
    assert not record.listening


def test_a_running_one_is_heard_from_where_it_is(stage):
    record = stage.record(3.0, ended=False)
    stage.clock.advance(1.0)
    stage.mix.hear(record, stage.mix.live_position_s(record))
    stage.give(record, 1.0)
    track = stage.player.tracks[0]
    assert track.written_s == pytest.approx(3.0)
    track.play(0.5)
    assert record.played_s == pytest.approx(1.5)


def test_the_live_position_is_never_beyond_the_audio(stage):
    record = stage.record(1.0, ended=False)
    stage.clock.advance(5.0)
    assert stage.mix.live_position_s(record) == pytest.approx(1.0)
    assert stage.mix.live_position_s(stage.record(0.0, ended=False)) == 0.0


def test_the_second_waits_for_the_first(stage):
    first, second = stage.record(1.0), stage.record(1.0)
    stage.mix.enqueue(first)
    stage.mix.enqueue(second)
    assert first.listening
    assert not second.listening
    stage.player.tracks[0].play()
    stage.mix.sweep()
    assert second.listening
    assert stage.mix.line == (second,)
    stage.player.tracks[1].play()
    stage.mix.sweep()
    assert stage.mix.line == ()


def test_one_that_failed_without_a_sound_does_not_hold_up_the_line(stage):
    silent, next_one = stage.record(0.0, ended=False), stage.record(1.0)
    stage.mix.enqueue(silent)
    stage.mix.enqueue(next_one)
    assert not next_one.listening
    stage.end(silent)
    stage.mix.sweep()
    assert next_one.listening


def test_solo_and_mute(stage):
    one, two, three = stage.record(), stage.record(), stage.record()
    for each in (one, two, three):
        stage.mix.hear(each)
    muted = lambda: [each.track.muted for each in (one, two, three)]  # noqa: E731
    assert muted() == [False, False, False]
    stage.mix.solo(two, True)
    assert muted() == [True, False, True]
    stage.mix.mute(two, True)
    assert muted() == [True, True, True]
    stage.mix.solo(two, False)
    assert muted() == [False, True, False]


def test_a_soloed_one_that_ends_gives_the_others_back(stage):
    one, two = stage.record(), stage.record()
    stage.mix.hear(one)
    stage.mix.hear(two)
    stage.mix.solo(one, True)
    one.track.play()
    stage.mix.sweep()
    assert not two.track.muted


def test_silence_is_at_once_and_complete(stage):
    one, two, other = stage.record(), stage.record(), stage.record()
    stage.mix.enqueue(one)
    stage.mix.enqueue(two)
    stage.mix.hear(other)
    assert stage.mix.drop_all() == [one, two]
    assert all(track.stopped for track in stage.player.tracks)
    assert len(stage.mix) == 0
    assert stage.mix.sweep() == []


def test_ending_the_line_leaves_the_rest_of_the_mix(stage):
    line, other = stage.record(), stage.record()
    stage.mix.enqueue(line)
    stage.mix.hear(other)
    assert stage.mix.drop_line() == [line]
    assert other.listening


def test_hearing_again_begins_again(stage):
    record = stage.record(1.0)
    stage.mix.hear(record)
    stage.mix.hear(record)
    assert stage.player.tracks[0].stopped
    assert len(stage.mix) == 1
