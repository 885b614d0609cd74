"""The inspector of one context: its attempts, its settings, its text and its sound."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor

from support.fake_frames import SETTINGS as SENT
from support.fake_frames import FakeFrames
from support.speech_fakes import tone, word
from voxgrid.frames import FramesFeature
from voxgrid.models.conversation import Echo
from voxgrid.models.frame_list import Scope
from voxgrid.models.inspection import inspect
from voxgrid.speech.record import UtteranceRecord
from voxgrid.views.inspector_parts import TextBox
from voxpool.chunk import AudioChunk
from voxpool.events import SlotState


@pytest.fixture
def talk(stage):
    """A pool that has spoken, and failed, with the frames of it."""
    stage.pool.troubles = 0.4
    source = FakeFrames(stage.pool, stage.parts.feed.store)

    def go(steps, fire=0):
        stage.pool.fire(fire)
        for _ in range(steps):
            stage.pool.advance(0.033)
            source.step()
            stage.parts.bridge.tick()
            stage.app.processEvents()

    stage.pool.open(4)
    go(40, fire=20)
    return go


def life_with(stage, attempts):
    lives = stage.parts.bridge.models.lives
    found = (lives.get(number) for number in range(1, stage.pool.next_utterance + 1))
    return next(
        life
        for life in found
        if life is not None and len(life.attempts) == attempts and life.attempts[-1].first_audio_at is not None
    )


def record_for(life, chunks=5, words=()):
    record = UtteranceRecord(life.utterance_id, life.label, life.label, SENT, "speak", 0.0, 24_000)
    for number in range(chunks):
        given = tuple(words) if not number else ()
        record.add(AudioChunk(tone(0.1), 24_000, number * 0.1, given, 10.0 + number * 0.05))
    return record


async def test_every_stage_of_a_context_is_told(stage, talk):
    life = life_with(stage, 1)
    stage.parts.presenter.inspect(life.utterance_id)
    (section,) = stage.parts.window.inspector.shown.sections
    names = [row.name for row in section.stages]
    assert names[:6] == ["queued", "connect", "create", "first text", "first audio", "audio"]
    assert "close" in names
    (view,) = [each for each in stage.parts.window.inspector.attempts.attempts if not each.isHidden()]
    assert view.cell.text() == f"In cell {section.row + 1}·{section.column + 1}"
    assert view.link.isHidden()


async def test_a_retry_is_linked_to_its_predecessor_and_to_both_cells(stage, talk):
    life = life_with(stage, 2)
    stage.parts.presenter.inspect(life.utterance_id)
    inspector = stage.parts.window.inspector
    first, second = inspector.attempts.attempts[:2]
    assert first.why.text() == life.attempts[0].error
    assert second.link.text().startswith("because attempt 1 failed with code 8")
    assert first.section.total_s == second.section.total_s, "both are drawn to one scale"
    before = inspector.shown.utterance_id
    first.cell.click()
    grid = stage.parts.window.cockpit.grid
    assert (grid.currentIndex().row(), grid.currentIndex().column()) == (life.attempts[0].row, life.attempts[0].column)
    assert inspector.shown.utterance_id == before, "going to a cell does not take the inspector away"


async def test_an_attempt_leads_to_its_frames(stage, talk):
    life = life_with(stage, 2)
    stage.parts.presenter.inspect(life.utterance_id)
    stage.parts.window.inspector.attempts.attempts[0].frames.click()
    feature = next(each for each in stage.parts.features if isinstance(each, FramesFeature))
    assert feature.dock.isVisible()
    assert feature.view.list.scope is Scope.CONTEXT
    assert {record.context_id for record in feature.view.list.rows} == {life.attempts[0].context_id}


async def test_settings_that_came_back_otherwise_are_marked(stage, talk):
    life = life_with(stage, 1)
    stage.parts.presenter.inspect(life.utterance_id)
    shown = stage.parts.window.inspector.settings.shown
    assert shown[0] == ("sample rate hertz", "≠ 24000 → 22050")
    assert ("voice id", "Joe") in shown
    assert stage.parts.window.inspector.shown.settings[0].echo is Echo.DIFFERENT


async def test_what_a_listener_would_have_heard_is_told_from_the_frames(stage, talk):
    life = life_with(stage, 1)
    stage.parts.presenter.inspect(life.utterance_id)
    heard = dict(stage.parts.window.inspector.heard.shown)
    assert set(heard) == {"first audio", "from the request", "real-time factor", "gaps, 60 ms buffer"}
    assert heard["gaps, 60 ms buffer"] == "none"


async def test_the_text_is_marked_as_far_as_it_was_spoken(stage, talk):
    life = life_with(stage, 1)
    words = life.label.split()
    timed = [word(each, place * 0.2, place * 0.2 + 0.15) for place, each in enumerate(words)]
    shown = inspect(life, None, record_for(life, 5, timed), stage.pool.now)
    assert shown.spoken == len(" ".join(words[:3])), "0.5 s of audio came, in which the third word has begun"
    assert inspect(life, None, record_for(life, 5), stage.pool.now).spoken is None
    bare = [word(each.strip(".,?!"), place * 0.01, place * 0.01 + 0.01) for place, each in enumerate(words)]
    whole = inspect(life, None, record_for(life, 5, bare), stage.pool.now)
    assert whole.text[-1] in ".?!"
    assert whole.spoken == len(whole.text), "a full stop is spoken with its word"


def test_what_was_not_spoken_yet_has_another_colour(stage):
    box = TextBox()
    box.resize(300, 40)
    waiting = QColor("#ff0000")

    def painted_red():
        image = box.grab().toImage()
        places = [(x, y) for x in range(image.width()) for y in range(image.height())]
        return sum(image.pixelColor(*place) == waiting for place in places)

    box.show_text("One two three.", 7, waiting)
    (mark,) = box.extraSelections()
    assert mark.cursor.selectedText() == " three."
    some = painted_red()
    assert some > 0
    box.show_text("One two three.", 3, waiting)
    assert painted_red() > some
    box.show_text("One two three.", 14, waiting)
    assert painted_red() == 0
    box.show_text("One two three.", None, waiting)
    assert box.extraSelections() == []


async def test_its_sound_is_drawn_with_its_arrivals(stage, talk, monkeypatch):
    life = life_with(stage, 1)
    record = record_for(life)
    monkeypatch.setattr(stage.parts.controller.records, "get", {life.utterance_id: record}.get)
    stage.parts.presenter.inspect(life.utterance_id)
    inspector = stage.parts.window.inspector
    assert inspector.waveform.record is record
    assert not inspector.waveform.isHidden()
    sought = []
    monkeypatch.setattr(stage.parts.controller, "replay", lambda number, from_s: sought.append((number, from_s)))
    inspector.waveform.sought.emit(0.2)
    assert sought == [(life.utterance_id, 0.2)]
    stage.parts.bridge.attach(stage.pool)
    assert inspector.waveform.isHidden()


async def test_nothing_jumps_while_a_context_goes_on(stage, talk):
    speaks = (SlotState.CREATING, SlotState.GENERATING, SlotState.DRAINING)
    running = next(each for each in reversed(stage.pool.running) if each.state in speaks)
    stage.parts.presenter.inspect(running.id)
    inspector = stage.parts.window.inspector
    inspector.resize(276, 400)
    stage.app.processEvents()
    inspector.verticalScrollBar().setValue(60)
    for _ in range(12):
        talk(1)
        assert inspector.verticalScrollBar().value() == min(60, inspector.verticalScrollBar().maximum())
    page = inspector.widget()
    assert page.width() <= inspector.viewport().width(), "nothing is wider than the dock"


@pytest.mark.parametrize("wide", [276, 330])
async def test_it_can_be_read_in_a_narrow_dock(stage, talk, wide):
    stage.parts.presenter.inspect(life_with(stage, 2).utterance_id)
    inspector = stage.parts.window.inspector
    inspector.setFixedWidth(wide)
    stage.app.processEvents()
    for view in inspector.attempts.attempts[:2]:
        right = view.mapTo(inspector.widget(), QPoint(view.width(), 0)).x()
        assert right <= inspector.viewport().width()
        assert view.cell.width() + view.frames.width() <= view.width()


async def test_listening_makes_nothing_wider_than_the_dock(stage, talk):
    stage.parts.presenter.inspect(life_with(stage, 1).utterance_id)
    inspector = stage.parts.window.inspector
    inspector.setFixedWidth(256)
    asked = []
    inspector.listenRequested.connect(asked.append)
    for listening in (False, True):
        inspector.show_inspection(replace(inspector.shown, audible=True, listening=listening))
        stage.app.processEvents()
        assert inspector.widget().width() <= inspector.viewport().width()
        inspector._listen.click()
        assert inspector._listen.isChecked() is listening, "what is heard is not known from the click"
        assert inspector._listen.accessibleName() == ("Stop listening" if listening else "Listen")
    assert asked == [inspector.shown.utterance_id] * 2


async def test_a_long_word_cuts_off_nothing_but_itself(stage, talk):
    stage.parts.presenter.inspect(life_with(stage, 2).utterance_id)
    inspector = stage.parts.window.inspector
    inspector.setFixedWidth(256)
    inspector.show_inspection(replace(inspector.shown, error="closed by the server: " + "word" * 30))
    stage.app.processEvents()
    assert inspector.widget().width() == inspector.viewport().width()
    assert inspector._interrupt.geometry().right() <= inspector.viewport().width()


async def test_nothing_is_headed_as_heard_where_nothing_is_shown(stage, talk, monkeypatch):
    life = life_with(stage, 1)
    monkeypatch.setattr(stage.parts.controller.records, "get", {life.utterance_id: record_for(life)}.get)
    stage.parts.presenter.inspect(life.utterance_id)
    inspector = stage.parts.window.inspector
    assert not inspector._heard_head.isHidden()
    stage.parts.bridge.attach(stage.pool)
    assert inspector._heard_head.isHidden()


async def test_every_attempt_can_be_read_aloud(stage, talk):
    stage.parts.presenter.inspect(life_with(stage, 2).utterance_id)
    for view in stage.parts.window.inspector.attempts.attempts[:2]:
        assert "go to the cell" in view.cell.accessibleName()
        assert "show them" in view.frames.accessibleName()
        assert view.waterfall.accessibleName()
