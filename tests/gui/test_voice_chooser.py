"""Choosing a voice: by typing or from the list; what is shown begins with its name."""

import pytest
from PySide6.QtCore import Qt

from voxgrid.views.voice_chooser import VoiceChooser
from voxpool.voices import Voice

VOICES = (
    Voice("Ashley", "Ashley", languages=("en-US",), description="", tags=("neural", "en-US", "female")),
    Voice("Timothy", "Timothy", languages=("en-US",), description="", tags=("neural", "en-US", "male")),
)


@pytest.fixture
def chooser(qtbot):
    made = VoiceChooser()
    qtbot.addWidget(made)
    made.set_voices(VOICES)
    made.set_voice("Ashley")
    made.resize(70, 26)
    made.show()
    return made


def test_after_tab_the_beginning_of_the_name_is_shown(chooser, qtbot):
    line = chooser.lineEdit()
    line.setFocus()
    line.end(False)
    assert line.cursorPosition() > 0
    with qtbot.assertNotEmitted(chooser.chosen):
        line.editingFinished.emit()
    assert line.cursorPosition() == 0
    assert chooser.voice == "Ashley"


def test_a_name_that_was_typed_again_is_written_as_the_list_writes_it(chooser, qtbot):
    line = chooser.lineEdit()
    line.selectAll()
    qtbot.keyClicks(line, chooser.itemText(0).upper())
    with qtbot.assertNotEmitted(chooser.chosen):
        qtbot.keyClick(line, Qt.Key.Key_Return)
    assert line.text() == chooser.itemText(0)


def test_another_voice_is_reported_once(chooser, qtbot):
    line = chooser.lineEdit()
    said = []
    chooser.chosen.connect(said.append)
    line.setText("Dennis")
    line.editingFinished.emit()
    line.editingFinished.emit()
    assert said == ["Dennis"]
    assert line.text() == "Dennis"
