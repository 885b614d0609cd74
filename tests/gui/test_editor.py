"""The editor: keys, words that light up, and texts of any kind."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from support.speech_fakes import word
from support.views import make_theme
from voxgrid.views.editor import SpeechEditor


@pytest.fixture
def editor(qtbot):
    editor = SpeechEditor(make_theme())
    qtbot.addWidget(editor)
    editor.show()
    return editor


def lit(editor):
    return [selection.cursor.selectedText() for selection in editor.extraSelections()]


def test_control_enter_speaks_and_does_not_type(editor, qtbot):
    editor.setPlainText("Hello")
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
        with qtbot.waitSignal(editor.speakRequested, timeout=1000):
            qtbot.keyClick(editor, key, Qt.KeyboardModifier.ControlModifier)
    assert editor.toPlainText() == "Hello"
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert editor.toPlainText() == "\nHello"


def test_tab_leaves_the_editor(editor):
    assert editor.tabChangesFocus()


def test_words_light_up_and_go_out(editor):
    editor.setPlainText("The river is cold")
    assert editor.follow("The river is cold")
    editor.words.update([word("The", 0.0, 0.2), word("river", 0.3, 0.6), word("is", 0.7, 0.8)])
    editor.show_position(0.35)
    assert lit(editor) == ["The river", "river"]
    editor.show_position(0.75)
    assert lit(editor) == ["The river is", "is"]
    editor.unfollow()
    assert lit(editor) == []


def test_emoji_do_not_shift_the_light(editor):
    text = "🎉🎉 Party 🥳 time"
    editor.setPlainText(text)
    editor.follow(text)
    editor.words.update([word("Party", 0.0, 0.2), word("time", 0.3, 0.6)])
    editor.show_position(0.5)
    assert lit(editor)[-1] == "time"


def test_a_spoken_part_is_found_where_it_stands(editor):
    editor.setPlainText("One two. Three four.")
    editor.follow("Three four.")
    editor.words.update([word("Three", 0.0, 0.2)])
    editor.show_position(0.1)
    assert lit(editor)[-1] == "Three"


def test_an_edit_while_it_sounds_never_lights_the_wrong_words(editor):
    editor.setPlainText("One two three")
    editor.follow("One two three")
    editor.words.update([word("One", 0.0, 0.2), word("two", 0.3, 0.4)])
    editor.show_position(0.1)
    editor.setPlainText("")
    editor.show_position(0.35)
    assert lit(editor) == []


def test_the_selection_is_what_is_spoken(editor):
    editor.setPlainText("🎉 One.\nTwo.\nThree.")
    assert editor.text_to_speak == "🎉 One.\nTwo.\nThree."
    cursor = editor.textCursor()
    cursor.setPosition(8)
    cursor.setPosition(19, cursor.MoveMode.KeepAnchor)
    editor.setTextCursor(cursor)
    assert editor.text_to_speak == "Two.\nThree."
    cursor.setPosition(8)
    editor.setTextCursor(cursor)
    assert editor.text_to_speak.startswith("🎉")


def test_the_selected_one_of_two_same_sentences_lights_up(editor):
    editor.setPlainText("🎉 Again. Again.")
    cursor = editor.textCursor()
    cursor.setPosition(10)
    cursor.setPosition(16, cursor.MoveMode.KeepAnchor)
    editor.setTextCursor(cursor)
    assert editor.follow("Again.")
    editor.words.update([word("Again", 0.0, 0.2)])
    editor.show_position(0.1)
    assert editor.extraSelections()[-1].cursor.selectionStart() == 10


def test_the_word_that_sounds_stays_in_view_unless_scrolled_away(editor):
    editor.resize(200, 100)
    text = "\n".join(f"line{index}" for index in range(60))
    editor.setPlainText(text)
    bar = editor.verticalScrollBar()
    bar.setValue(0)
    editor.follow(text)
    editor.words.update([word(f"line{index}", index, index + 0.5) for index in range(60)])
    for index in range(30):
        editor.show_position(index + 0.1)
    assert 20 < bar.value() < 30
    caret = editor.textCursor().position()
    bar.setValue(0)
    for index in range(30, 40):
        editor.show_position(index + 0.1)
    assert bar.value() == 0
    assert editor.textCursor().position() == caret


def test_a_text_that_is_gone_is_not_followed(editor):
    editor.setPlainText("Something else")
    assert not editor.follow("Hello")
    editor.show_position(1.0)
    assert lit(editor) == []


def test_a_huge_text_is_taken(editor):
    editor.setPlainText("word " * 40_000)
    assert editor.follow(editor.toPlainText())
    editor.words.update([word("word", index / 4, index / 4 + 0.2) for index in range(50)])
    editor.show_position(10.0)
    assert lit(editor)[-1] == "word"
