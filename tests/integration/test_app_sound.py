"""The whole path: the real window, pool, socket, server, engine and sound device; what is recorded is speech.

The app is driven by its window alone.  What the loudspeaker would have got is recorded from a null sink and given to
a recogniser.
"""

import asyncio
import time

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QPlainTextEdit

from support.ending import take_away
from support.recognise import ESPEAK, NEURAL, share_of_words
from voxgrid.app import build, shut_down
from voxgrid.settings import Settings

pytestmark = [pytest.mark.sound, pytest.mark.qasync]
SENTENCE = (
    "The weather is nice today, and the small dog is running in the park. Please call the doctor before three o'clock."
)
RATE = 48_000


async def until(done, seconds, what):
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        await asyncio.sleep(0.02)


@pytest.fixture
async def parts(qapp, tmp_path, null_sink):
    """The running app with its window open, settings of its own, and a local server that it started itself."""
    made = build(qapp, Settings(tmp_path / "voxgrid.ini"))
    made.window.show()
    made.bridge.start()
    made.lag.start()
    starting = asyncio.create_task(made.controller.start())
    await until(lambda: made.controller.endpoint.ready and made.controller.voices, 30, "being ready to speak")
    await until(lambda: made.controller.player.state.kind == "device", 15, "opening the sound device")
    await starting
    yield made
    await shut_down(made)
    made.window.close()
    take_away(made)


def type_and_speak(qtbot, window, text):
    editor = window.findChild(QPlainTextEdit, "editor")
    qtbot.keyClick(editor, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(editor, Qt.Key.Key_Delete)
    qtbot.keyClicks(editor, text)
    qtbot.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


def choose_voice(qtbot, window, name):
    chooser = window.findChild(QComboBox, "voice")
    line = chooser.lineEdit()
    line.selectAll()
    qtbot.keyClicks(line, chooser.itemText(chooser.findData(name)))
    qtbot.keyClick(line, Qt.Key.Key_Return)


async def heard_to_the_end(parts):
    records = parts.controller.records
    await until(lambda: parts.controller.current is not None, 5, "speaking")
    record = parts.controller.current
    await until(lambda: record.track is not None, 20, "sounding")
    track = record.track
    await until(lambda: track.done, 40, "being heard to the end")
    assert not records.running()
    return record


@pytest.mark.parametrize(("voice", "share"), [("Joe", NEURAL), ("Ashley", ESPEAK)])
async def test_what_is_typed_is_heard(parts, qtbot, null_sink, voice, share):
    choose_voice(qtbot, parts.window, voice)
    with null_sink.record() as recording:
        type_and_speak(qtbot, parts.window, SENTENCE)
        record = await heard_to_the_end(parts)
        await asyncio.sleep(0.5)

    assert record.settings.voice == voice
    assert record.text == SENTENCE
    assert record.words
    loud = np.flatnonzero(np.abs(recording.pcm.astype(int)) > 300)
    assert (loud[-1] - loud[0]) / RATE == pytest.approx(record.audio_s, abs=1.0)
    assert share_of_words(recording.pcm, RATE, SENTENCE) >= share
    # The control: the same recording is no speech when it is garbled.
    pieces = np.array_split(recording.pcm, recording.pcm.size // (RATE // 10))
    np.random.default_rng(3).shuffle(pieces)
    for garbled in (np.concatenate(pieces), recording.pcm[::-1].copy()):
        assert share_of_words(garbled, RATE, SENTENCE) < ESPEAK


async def test_escape_silences_it_at_once(parts, qtbot, null_sink):
    editor = parts.window.findChild(QPlainTextEdit, "editor")
    with null_sink.record() as recording:
        type_and_speak(qtbot, parts.window, " ".join([SENTENCE] * 4))
        await until(lambda: parts.controller.player.peak[0] > 0.05, 20, "a sound")
        await asyncio.sleep(1.0)
        qtbot.keyClick(editor, Qt.Key.Key_Escape)
        pressed = time.monotonic()
        await asyncio.sleep(1.5)
        since = time.monotonic() - pressed

    # All that may still come is what the device held when Esc was pressed, and what the recorder adds.
    quiet = recording.pcm[-int((since - 0.5) * RATE) :]
    assert np.abs(recording.pcm.astype(int)).max() > 1000
    assert np.abs(quiet.astype(int)).max() == 0


async def test_muted_it_is_silent_and_silence_is_no_speech(parts, qtbot, null_sink):
    qtbot.mouseClick(parts.views.listening.mute, Qt.MouseButton.LeftButton)
    with null_sink.record() as recording:
        type_and_speak(qtbot, parts.window, "The weather is nice today.")
        await heard_to_the_end(parts)

    assert np.abs(recording.pcm.astype(int)).max() == 0
    assert share_of_words(recording.pcm, RATE, SENTENCE) < ESPEAK
