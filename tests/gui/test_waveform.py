"""The waveform is painted from levels and arrivals, and says in words what it shows."""

from __future__ import annotations

import numpy as np
import pytest

from support.speech_fakes import RATE, FakeTrack, tone
from support.views import make_theme
from voxgrid.speech.record import UtteranceRecord
from voxgrid.theme import ThemeMode
from voxgrid.views.waveform import WaveformView
from voxpool.chunk import AudioChunk
from voxpool.protocol.settings import ContextSettings


@pytest.fixture
def theme(qapp):
    return make_theme()


@pytest.fixture
def view(qtbot, theme):
    view = WaveformView(theme)
    qtbot.addWidget(view)
    view.resize(240, 90)
    return view


def make(*arrivals_s, text="x" * 30):
    record = UtteranceRecord(1, text, text, ContextSettings(), "speak", 0.0, RATE)
    for index, at_s in enumerate(arrivals_s):
        record.add(AudioChunk(tone(0.5), RATE, index * 0.5, (), 50.0 + at_s))
    return record


def colours(view):
    image = view.grab().toImage()
    ratio = view.devicePixelRatioF()
    found = {}
    for x in range(int(240 * ratio)):
        for y in range(int(90 * ratio)):
            name = image.pixelColor(x, y).name()
            found[name] = found.get(name, 0) + 1
    return found


def test_nothing_is_said_in_words(view):
    assert view.describe() == "nothing spoken yet"
    view.grab()
    view.set_record(make())
    view.grab()
    assert view.describe().startswith("0.0 seconds")


def test_levels_are_drawn_and_what_was_heard_looks_different(view, theme):
    record = make(0.0, 0.2, 0.4, 0.6)
    record.finish()
    view.set_record(record)
    before = colours(view)
    assert before.get(theme.tokens.faint, 0) > 500
    assert theme.tokens.generating not in before
    record.track = FakeTrack(RATE, played_s=1.0)
    view.refresh()
    after = colours(view)
    assert after[theme.tokens.generating] == pytest.approx(before[theme.tokens.faint] / 2, rel=0.1)
    assert view.describe() == "2.0 seconds in 4 chunks, 1.0 s buffered"


def test_chunks_that_came_too_late_are_in_the_colour_of_failures(view, theme):
    in_time, late = make(0.0, 0.3), make(0.0, 1.5)
    for record in (in_time, late):
        record.finish()
    view.set_record(in_time)
    calm = colours(view)
    view.set_record(late)
    assert theme.tokens.failed not in calm
    assert any(name not in calm for name in colours(view))
    assert view.record is late


def test_it_grows_without_jumping_back(view):
    record = make(0.0)
    view.set_record(record)
    places = []
    for index in range(1, 12):
        record.add(AudioChunk(tone(0.5), RATE, index * 0.5, (), 50.0 + index * 0.1))
        view.refresh()
        view.grab()
        places.append(view._x(record, record.audio_s))
    assert places == sorted(places)


@pytest.mark.parametrize("width", [0, 1, 2, 7, 2000])
def test_any_width_is_painted(view, width):
    record = make(0.0, 0.1)
    view.set_record(record)
    view.resize(width, 90)
    view.grab()
    record.finish()
    view.refresh()
    view.grab()


def test_a_chunk_shorter_than_a_level_is_painted(view):
    record = UtteranceRecord(1, "", "", ContextSettings(), "speak", 0.0, RATE)
    record.add(AudioChunk(np.ones(5, np.int16), RATE, 0.0, (), 1.0))
    view.set_record(record)
    view.grab()
    record.finish()
    view.refresh()
    view.grab()


def test_a_theme_change_repaints(view, theme):
    record = make(0.0, 0.2)
    record.finish()
    view.set_record(record)
    assert theme.tokens.faint in colours(view)
    theme.set_mode(ThemeMode.LIGHT)
    assert theme.tokens.faint in colours(view)
