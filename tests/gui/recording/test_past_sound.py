"""What was recorded with its audio can be heard again; what was not is said."""

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel

from support.fake_events import FakePool
from voxgrid.presenter import Presenter
from voxgrid.recording import choices
from voxgrid.recording.feature import RecordingFeature
from voxgrid.speech.record import UtteranceRecord
from voxpool.chunk import AudioChunk
from voxpool.config import Endpoint
from voxpool.protocol.settings import ContextSettings

RATE = 24_000


class PoolOfController:
    """What the feature asks of a new pool."""

    endpoint = Endpoint("http://127.0.0.1:1")


@pytest.fixture
def feature(stage):
    return next(each for each in stage.parts.features if isinstance(each, RecordingFeature))


@pytest.fixture
def presenter(stage) -> Presenter:
    return stage.parts.presenter


def pcm_of(number):
    return np.random.default_rng(number).integers(-3000, 3000, 3 * RATE, dtype=np.int16)


def record(stage, feature, *, audio=True):
    """Record utterances that end one after the other; return the moment when three had ended, and their numbers."""
    feature._desk.store.set(choices.AUDIO, audio)
    feature._pool_changed(PoolOfController())
    stage.pool.open(20)
    over, told = [], set()
    for _ in range(12):
        stage.pool.fire(1)
        for _ in range(5):
            stage.frame(0.2)
            lives = stage.parts.bridge.live.lives
            for number in range(1, 13):
                life = lives.get(number)
                if life is not None and life.ended_at is not None and number not in told:
                    told.add(number)
                    over.append(number)
                    sound = UtteranceRecord(number, "Hello.", "Hello.", ContextSettings(), "fire", 0.0, RATE)
                    sound.add(AudioChunk(pcm_of(number), RATE, 0.0, (), 1.0))
                    sound.finish()
                    stage.parts.controller.recordEnded.emit(sound)
        stage.second()
    assert len(over) >= 3
    assert feature.flush()
    stage.second()
    return over


def in_the_past(stage, feature, over):
    """Go to the end of the recording; return those that had ended and are known there."""
    feature.travel.go(stage.pool.now)
    known = [number for number in over if stage.parts.bridge.models.lives.get(number) is not None]
    assert len(known) >= 2
    return known


def tracks(stage):
    return stage.parts.controller.player.tracks


def test_a_recorded_utterance_is_heard_again(stage, feature, presenter, qtbot):
    over = record(stage, feature)
    number = in_the_past(stage, feature, over)[1]
    presenter.toggle_listening(number)
    qtbot.waitUntil(lambda: len(tracks(stage)) == 1)
    (track,) = tracks(stage)
    assert np.array_equal(np.concatenate(track.written), pcm_of(number))
    assert track.finished
    assert stage.parts.bridge.in_past
    # Pressed again: no longer.
    presenter.toggle_listening(number)
    assert track.stopped
    assert len(tracks(stage)) == 1


def test_what_is_heard_of_the_past_is_shown_until_it_is_over(stage, feature, presenter, qtbot):
    number = in_the_past(stage, feature, record(stage, feature))[1]
    words = stage.parts.window.findChild(QLabel, "heard")
    presenter.toggle_listening(number)
    qtbot.waitUntil(lambda: words.text().startswith("Hearing"))
    (track,) = tracks(stage)
    track.played_s = track.written_s
    qtbot.waitUntil(lambda: words.text() == "Silent")
    assert not len(stage.parts.controller.listening)


def test_another_takes_its_place_and_the_present_silences_it(stage, feature, presenter, qtbot):
    over = record(stage, feature)
    over = in_the_past(stage, feature, over)
    presenter.toggle_listening(over[0])
    qtbot.waitUntil(lambda: len(tracks(stage)) == 1)
    presenter.toggle_listening(over[1])
    qtbot.waitUntil(lambda: len(tracks(stage)) == 2)
    assert [track.stopped for track in tracks(stage)] == [True, False]
    assert np.array_equal(np.concatenate(tracks(stage)[1].written), pcm_of(over[1]))
    feature.travel.back_to_live()
    assert tracks(stage)[1].stopped


def test_what_is_asked_for_last_is_heard(stage, feature, presenter, qtbot):
    """Two clicks while the first is still looked for: only the second sounds."""
    over = record(stage, feature)
    over = in_the_past(stage, feature, over)
    presenter.toggle_listening(over[0])
    presenter.toggle_listening(over[1])
    qtbot.waitUntil(lambda: bool(tracks(stage)))
    stage.app.processEvents()
    (track,) = tracks(stage)
    assert np.array_equal(np.concatenate(track.written), pcm_of(over[1]))


def test_a_recording_without_audio_says_so(stage, feature, presenter):
    over = record(stage, feature, audio=False)
    over = in_the_past(stage, feature, over)
    presenter.toggle_listening(over[0])
    newest = feature._desk.notifications.newest
    assert newest.text == "This recording was made without audio."
    assert "With its audio" in newest.hint
    assert not tracks(stage)


def test_one_that_had_not_ended_says_so(stage, feature, presenter, qtbot):
    record(stage, feature)
    feature.travel.go(stage.pool.now)
    lives = stage.parts.bridge.models.lives
    running = next(number for number in range(1, 13) if lives.get(number) and lives.get(number).ended_at is None)
    presenter.toggle_listening(running)
    qtbot.waitUntil(lambda: feature._desk.notifications.newest is not None)
    assert feature._desk.notifications.newest.text.startswith("No sound of “")
    assert not tracks(stage)


def test_the_sound_of_a_run_is_not_recorded_which_is_said(stage, feature, presenter):
    record(stage, feature)
    guest = FakePool(seed=5)
    guest.now = stage.pool.now
    stage.parts.bridge.visit(guest)
    guest.open(4)
    guest.fire(3)
    for _ in range(10):
        guest.advance(0.2)
        stage.frame(0.2)
    stage.second()
    during = stage.pool.now
    stage.frame(0.2)
    assert feature.flush()
    stage.second()
    feature.travel.go(during)
    presenter.toggle_listening(1)
    assert feature._desk.notifications.newest.text == "The sound of stress runs is not recorded."
    assert not tracks(stage)
