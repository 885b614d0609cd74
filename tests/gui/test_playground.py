"""The playground, driven by its keys and buttons."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QSpinBox, QToolButton, QWidget

from support.speech_fakes import word
from support.speech_stage import Stage, settle
from support.views import make_theme
from voxassets.texts import WELCOME
from voxgrid import settings as remembered
from voxgrid.views.cost_dialog import CostDialog
from voxgrid.views.playground import PlaygroundView


class Playground(Stage):
    def show(self, qtbot):
        theme = make_theme()
        self.view = PlaygroundView(self.controller, theme)
        theme.dress(self.view)
        qtbot.addWidget(self.view)
        self.view.resize(272, 700)
        self.view.show()
        self.view.activateWindow()
        self.editor = self.view.editor

    def press(self, qtbot, name):
        qtbot.mouseClick(self.view.findChild(QPushButton, name), Qt.MouseButton.LeftButton)

    def hint(self):
        return self.view.findChild(QLabel, "playground_hint").text()


@pytest.fixture
async def stage(tmp_path, qtbot):
    stage = Playground(tmp_path)
    stage.show(qtbot)
    await stage.start()
    yield stage
    await stage.controller.close()


async def test_at_launch_the_caret_is_in_the_editor_and_a_sentence_is_there(stage, qtbot):
    assert stage.editor.toPlainText() == WELCOME
    assert stage.view.focusWidget() is stage.editor
    assert stage.editor.textCursor().atEnd()
    assert "characters" in stage.view.findChild(QLabel, "character_count").text()


async def test_control_enter_speaks_and_escape_stops(stage, qtbot):
    stage.editor.setPlainText("Hello there.")
    asked = []
    spoken = stage.controller.speak
    stage.controller.speak = lambda text: asked.append(text) or spoken(text)
    qtbot.keyClick(stage.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert asked == [utterance.text for utterance in stage.utterances] == ["Hello there."]
    stage.utterances[0].give(1.0)
    await settle()
    qtbot.keyClick(stage.view, Qt.Key.Key_Escape)
    assert stage.tracks[0].stopped
    assert stage.utterances[0].cancelled


async def test_escape_in_the_editor_stops_too(stage, qtbot):
    qtbot.keyClick(stage.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(stage.editor, Qt.Key.Key_Escape)
    assert stage.utterances[0].cancelled


async def test_the_buttons_do_the_same(stage, qtbot):
    stage.press(qtbot, "speak")
    assert len(stage.utterances) == 1
    stage.press(qtbot, "stop")
    assert stage.utterances[0].cancelled


async def test_a_double_click_on_speak_speaks_once(stage, qtbot):
    stage.press(qtbot, "speak")
    stage.press(qtbot, "speak")
    assert len(stage.utterances) == 1


async def test_empty_text_says_what_to_do_until_something_is_typed(stage, qtbot):
    stage.editor.setPlainText("  \n ")
    stage.press(qtbot, "speak")
    assert not stage.utterances
    assert "type a sentence" in stage.hint()
    assert stage.view.focusWidget() is stage.editor
    qtbot.keyClicks(stage.editor, "Hi")
    assert stage.hint() == ""


async def test_words_light_up_by_what_was_played(stage, qtbot):
    stage.editor.setPlainText("One two three")
    stage.press(qtbot, "speak")
    stage.utterances[0].give(1.5, (word("One", 0.0, 0.4), word("two", 0.5, 0.9), word("three", 1.0, 1.4)))
    await settle()
    stage.tracks[0].play(0.6)
    stage.controller._frames.step()
    assert stage.editor.extraSelections()[-1].cursor.selectedText() == "two"
    stage.clock.advance(60.0)
    stage.controller._frames.step()
    assert stage.editor.extraSelections()[-1].cursor.selectedText() == "two"
    stage.utterances[0].end()
    stage.tracks[0].play()
    await settle()
    stage.controller._frames.step()
    stage.controller._frames.step()
    assert stage.editor.extraSelections() == []


async def test_a_form_that_is_wrong_is_refused_before_anything_is_sent(stage, qtbot):
    combo = stage.view.findChild(QComboBox, "encoding")
    combo.setCurrentIndex(combo.findData("ALAW"))
    combo.activated.emit(combo.currentIndex())
    stage.press(qtbot, "speak")
    stage.press(qtbot, "fire")
    await settle()
    assert not stage.utterances
    assert stage.hint() == "ALAW is always 8000 Hz."


async def test_the_form_is_what_is_spoken_with_and_is_remembered(stage, qtbot):
    combo = stage.view.findChild(QComboBox, "encoding")
    combo.setCurrentIndex(combo.findData("WAV"))
    combo.activated.emit(combo.currentIndex())
    stage.press(qtbot, "speak")
    assert stage.utterances[0].settings.encoding.value == "WAV"
    assert '"WAV"' in stage.store.get(remembered.FORM)


async def test_the_best_voice_is_taken_until_one_is_chosen(stage, qtbot):
    assert stage.controller.settings.voice == "Joe"
    stage.view.parameters.voice.activated.emit(1)
    assert stage.controller.settings.voice == "Ashley"
    assert stage.controller.voice_on_purpose
    assert stage.store.get(remembered.VOICE_CHOSEN)


async def test_fire_takes_count_and_source_from_its_row(stage, qtbot):
    stage.view.findChild(QSpinBox, "fire_count").setValue(7)
    source = stage.view.findChild(QComboBox, "fire_source")
    source.setCurrentIndex(source.findData("typed"))
    stage.editor.setPlainText("Mine.")
    qtbot.keyClick(
        stage.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    await settle()
    assert [utterance.text for utterance in stage.utterances] == ["Mine."] * 7
    assert stage.store.get(remembered.FIRE_COUNT) == 7
    assert stage.store.get(remembered.FIRE_SOURCE) == "typed"


async def test_stop_all_is_offered_while_a_burst_runs(stage, qtbot):
    button = stage.view.findChild(QPushButton, "stop_all")
    stage.press(qtbot, "speak")
    stage.controller._frames.step()
    assert not button.isVisible()
    stage.press(qtbot, "fire")
    await settle()
    stage.controller._frames.step()
    assert button.isVisible()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    await settle()
    stage.controller._frames.step()
    assert not button.isVisible()
    assert all(utterance.cancelled for utterance in stage.utterances)


async def test_stop_all_by_key(stage, qtbot):
    stage.press(qtbot, "fire")
    await settle()
    qtbot.keyClick(stage.view, Qt.Key.Key_Escape, Qt.KeyboardModifier.ShiftModifier)
    assert stage.utterances
    assert all(utterance.cancelled for utterance in stage.utterances)


async def test_a_second_utterance_interrupts_when_chosen(stage, qtbot):
    second = stage.view.findChild(QComboBox, "second_utterance")
    second.setCurrentIndex(1)
    second.activated.emit(1)
    assert stage.store.get(remembered.SECOND_UTTERANCE) == "interrupt"


async def test_money_is_asked_for_and_cancel_spends_none(tmp_path, qtbot):
    stage = Playground(tmp_path, "https://speech.example")
    stage.show(qtbot)
    await stage.start()
    stage.press(qtbot, "fire")
    dialog = stage.view.findChild(CostDialog)
    assert "characters" in dialog.findChild(QLabel, "cost_summary").text()
    assert dialog.findChild(QPushButton, "cost_fire").isDefault() is False
    dialog.reject()
    await settle()
    assert not stage.utterances
    stage.clock.advance(1.0)  # not the second half of a double click
    stage.press(qtbot, "fire")
    dialog = next(each for each in stage.view.findChildren(CostDialog) if each.isVisible())
    qtbot.mouseClick(dialog.findChild(QPushButton, "cost_fire"), Qt.MouseButton.LeftButton)
    await settle()
    assert len(stage.utterances) == 60
    await stage.controller.close()


async def test_huge_text_and_emoji_are_spoken_as_they_are(stage, qtbot):
    text = "🎉 " + "word " * 20_000
    stage.editor.setPlainText(text)
    stage.press(qtbot, "speak")
    assert stage.utterances[0].text == text
    stage.utterances[0].give(0.5, (word("word", 0.0, 0.2),))
    await settle()
    stage.controller._frames.step()


async def test_everything_can_be_reached_by_keyboard_and_has_a_name(stage, qtbot):
    for kind in (QPushButton, QToolButton, QComboBox, QSpinBox):
        for widget in stage.view.findChildren(kind):
            if widget.objectName().startswith("qt_"):
                continue
            assert widget.objectName()
            assert widget.accessibleName() or widget.text(), widget.objectName()
            assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus, widget.objectName()


async def test_it_fits_into_a_narrow_dock(stage, qtbot):
    column = stage.view.findChild(QWidget, "playground_column")
    assert column.minimumSizeHint().width() <= 250
    stage.press(qtbot, "fire")
    await settle()
    stage.controller._frames.step()
    assert stage.view.stop_all_button.isVisible()
    await settle()
    assert column.minimumSizeHint().width() <= 250
