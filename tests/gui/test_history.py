"""The history: what ended, newest first, replayed, saved and copied."""

from __future__ import annotations

import ast
import asyncio

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QToolButton

from support.speech_stage import Stage, settle
from support.views import make_theme
from voxgrid.models import history
from voxgrid.views.history import HistoryView
from voxpool.errors import ServiceError
from voxpool.events import Outcome


@pytest.fixture
async def stage(tmp_path, qtbot):
    stage = Stage(tmp_path)
    stage.view = HistoryView(stage.controller, make_theme())
    qtbot.addWidget(stage.view)
    stage.view.resize(272, 200)
    stage.view.show()
    stage.view.setFocus()
    await stage.start()
    yield stage
    await stage.controller.close()


def rows(stage):
    stage.view.refill()
    return [stage.view.items.record(row) for row in range(stage.view.items.rowCount())]


async def spoken(stage, *texts):
    records = []
    for text in texts:
        stage.clock.advance(1.0)
        records.append(await stage.spoken(text))
    return records


async def test_what_ended_without_audio_is_done_and_not_stopped(stage):
    record = stage.controller.speak("🙂")
    assert history.first_audio(record) == "…"
    stage.utterances[0].end()
    await settle()
    assert record.outcome is Outcome.DONE
    assert history.first_audio(record) == "done"
    assert "ended without any audio" in history.explain(record)


async def test_one_that_was_interrupted_is_called_as_on_the_grid(stage):
    record = stage.controller.speak("Never mind.")
    stage.controller.stop()
    await settle()
    assert history.first_audio(record) == "interrupted"


async def test_newest_first_with_its_time_to_first_audio(stage):
    stage.controller.speak("First.")
    stage.clock.advance(0.121)
    stage.utterances[0].give(1.0)
    stage.utterances[0].end()
    await settle()
    (second,) = await spoken(stage, "Second.")
    first = stage.controller.records.get(1)
    assert rows(stage) == [second, first]
    assert history.first_audio(first) == "121 ms"
    explained = stage.view.items.index(1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "First." in explained
    assert "121 ms" in explained


async def test_a_burst_fills_the_list_once(stage):
    filled = []
    stage.view.refill = lambda: filled.append(1)
    stage.view._refill.timeout.disconnect()
    stage.view._refill.timeout.connect(lambda: stage.view.refill())
    stage.controller.fire(100, "short-replies")
    await settle()
    for utterance in stage.utterances:
        utterance.give(0.1)
        utterance.end()
    await asyncio.sleep(0.3)
    assert 1 <= len(filled) <= 2


async def test_the_chosen_row_stays_when_others_arrive(stage):
    first, _ = await spoken(stage, "First.", "Second.")
    rows(stage)
    stage.view.choose(1)
    assert stage.view.chosen is first
    await spoken(stage, "Third.")
    rows(stage)
    assert stage.view.chosen is first


async def test_replay_by_key_and_by_button(stage, qtbot):
    await spoken(stage, "First.")
    rows(stage)
    stage.view.choose(0)
    qtbot.keyClick(stage.view.list, Qt.Key.Key_Space)
    assert len(stage.tracks) == 2
    qtbot.mouseClick(stage.view.findChild(QToolButton, "replay"), Qt.MouseButton.LeftButton)
    assert len(stage.tracks) == 3
    assert stage.tracks[1].stopped


async def test_nothing_can_be_done_without_a_row_or_without_sound(stage):
    assert not stage.view.replay_action.isEnabled()
    (record,) = await spoken(stage, "First.")
    rows(stage)
    stage.view.choose(0)
    assert stage.view.save_action.isEnabled()
    record.evict()
    stage.view._enable()
    assert not stage.view.save_action.isEnabled()
    assert not stage.view.findChild(QToolButton, "save").isEnabled()
    assert stage.view.copy_action.isEnabled()


async def test_save_asks_where_and_writes(stage, qtbot, tmp_path):
    await spoken(stage, "Keep this one.")
    rows(stage)
    stage.view.choose(0)
    stage.view.save_action.trigger()
    dialog = stage.view.findChild(QFileDialog)
    assert dialog.selectedFiles()[0].endswith("keep-this-one.wav") or dialog.defaultSuffix() == "wav"
    dialog.fileSelected.emit(str(tmp_path / "kept.wav"))
    dialog.close()
    for _ in range(300):
        if (tmp_path / "kept.wav").exists():
            break
        await asyncio.sleep(0.01)
    assert (tmp_path / "kept.wav").stat().st_size == 44 + 48_000


async def test_copy_as_python_is_a_program_without_a_key(stage, qtbot):
    await spoken(stage, 'Say "hi"\nand\tgo 🎉')
    rows(stage)
    stage.view.choose(0)
    qtbot.keyClick(stage.view.list, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    program = QGuiApplication.clipboard().text()
    tree = ast.parse(program)
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert 'Say "hi"\nand\tgo 🎉' in texts
    assert "http://127.0.0.1:1" in texts
    assert "voice='Joe'" in program
    assert "Credential" not in program
    paid = history.as_python(stage.controller.records.get(1), "https://api.inworld.ai")
    ast.parse(paid)
    assert 'os.environ["INWORLD_API_KEY"]' in paid


async def test_how_it_ended_without_a_sound(stage):
    stage.controller.speak("No.")
    stage.utterances[0].end(ServiceError(3, "odd"))
    await settle()
    (record,) = rows(stage)
    assert history.first_audio(record) == "failed"
    assert "odd (code 3)" in history.explain(record)
    stage.view.grab()


async def test_what_is_kept_is_said(stage):
    await spoken(stage, "First.")
    rows(stage)
    kept = stage.view.findChild(QToolButton, "kept")
    assert kept.text() == "0 MB"
    assert "kept: 1 utterance, 0.0 MB, in memory" in kept.toolTip()


async def test_it_fits_into_a_narrow_dock(stage):
    assert stage.view.minimumSizeHint().width() <= 264


async def test_the_bounds_are_set_where_they_are_said(stage):
    await spoken(stage, *(f"Number {index}." for index in range(12)))
    stage.controller.listening.drop_all()
    stage.view.keep_count.setValue(9)
    stage.view.keep_count.editingFinished.emit()
    assert len(stage.controller.records) == 9
    assert len(rows(stage)) == 9
