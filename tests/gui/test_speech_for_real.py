"""The controller on a real local server, a real pool and the real player: what a person does first, and what breaks."""

from __future__ import annotations

import asyncio
import os
import signal
import time
import wave

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from support.audio_rig import FakeBackend
from support.views import make_theme
from voxgrid import settings as remembered
from voxgrid.local_server import ServerPhase
from voxgrid.settings import Settings
from voxgrid.speech.controller import SpeechController
from voxgrid.speech.endpoints import EndpointChoice, EndpointKind, KeySource
from voxgrid.speech.link import LinkConfig
from voxgrid.views.playground import PlaygroundView
from voxpool.audio.player import Player
from voxpool.config import Credential
from voxpool.events import Outcome
from voxpool.local import LocalServer

TONE = ("--engine", "tone", "--timing", "instant")
SERVICE = ("--engine", "tone", "--timing", "service", "--delivery-rate", "2")
MADE_UP = "bWFkZS11cC1rZXk6bWFkZS11cC1zZWNyZXQ="


class Real:
    def __init__(self, folder, server=TONE):
        self.store = Settings(folder / "voxgrid.ini")
        self.sound = FakeBackend()
        player = Player(backend=self.sound)
        self.controller = SpeechController(self.store, player=player, config=LinkConfig(server=server))
        self.notices = []
        self.controller.notice.connect(self.notices.append)

    @property
    def said(self):
        return [notice.text for notice in self.notices if notice.text]

    async def until(self, condition, seconds=15.0):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, (self.said, self.controller.records)
            await asyncio.sleep(0.01)


@pytest.fixture
async def real(tmp_path):
    made = []

    async def make(server=TONE, choice=None):
        made.append(Real(tmp_path, server))
        await made[0].controller.start(choice)
        return made[0]

    yield make
    if made:
        await made[0].controller.close()


async def test_type_press_hear_and_save(real, qtbot, tmp_path):
    stage = await real()
    view = PlaygroundView(stage.controller, make_theme())
    qtbot.addWidget(view)
    view.show()
    view.editor.setPlainText("Five words for a test.")
    qtbot.keyClick(view.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    record = stage.controller.current or next(iter(stage.controller.records))
    lit = set()

    def over():
        lit.update(each.cursor.selectedText() for each in view.editor.extraSelections()[-1:])
        return record.ended and not record.listening

    await stage.until(over)
    assert record.outcome is Outcome.DONE
    assert record.ttfa_ms is not None
    assert len(lit) >= 3
    assert lit <= {"Five", "words", "for", "a", "test", "test."}
    stage.controller.save(record.id, tmp_path / "spoken.wav")
    await stage.until((tmp_path / "spoken.wav").exists)
    with wave.open(str(tmp_path / "spoken.wav")) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(record.audio_s)


async def test_without_engines_the_window_says_test_tone(real):
    stage = await real()
    assert stage.controller.endpoint.text == "Local server · test tone"
    assert any("test tone" in text for text in stage.said)


async def test_a_burst_of_more_than_there_are_slots_completes(real):
    stage = await real()
    stage.controller.fire(150, "short-replies")
    await stage.until(lambda: len(stage.controller.records) == 150 and not stage.controller.records.running())
    assert {record.outcome for record in stage.controller.records} == {Outcome.DONE}
    assert len({record.id for record in stage.controller.records}) == 150


async def test_stop_all_in_the_middle_of_a_burst(real):
    stage = await real(SERVICE)
    stage.controller.fire(150, "long-paragraphs")
    await stage.until(lambda: any(record.audio_s for record in stage.controller.records))
    stage.controller.stop_all()
    await stage.until(lambda: not stage.controller.records.running(), 3.0)
    assert {record.outcome for record in stage.controller.records} == {Outcome.CANCELLED}
    assert stage.controller.pool.waiters() == ()


async def test_stop_is_at_once(real):
    stage = await real(SERVICE)
    record = stage.controller.speak("This is a sentence of some length, spoken to be interrupted early.")
    await stage.until(lambda: record.played_s > 0.1)
    stage.controller.stop()
    assert not record.listening
    await stage.until(lambda: record.ended, 2.0)
    assert record.outcome is Outcome.CANCELLED


async def test_a_killed_server_is_replaced_and_what_had_no_audio_yet_is_spoken(real):
    stage = await real(SERVICE)
    sounding = stage.controller.speak("This one is killed in the middle of a sentence, which happens to everybody.")
    await stage.until(lambda: sounding.audio_s > 0)
    server = stage.controller._link.server
    os.killpg(server.pid, signal.SIGKILL)
    await stage.until(lambda: sounding.ended)
    assert sounding.outcome is Outcome.FAILED
    await stage.until(lambda: not stage.controller.endpoint.ready)
    assert any("killed by signal 9" in text for text in stage.said)
    assert stage.controller.speak("Say this when you are back.") is None
    await stage.until(lambda: server.state.phase is ServerPhase.READY)
    await stage.until(lambda: any(record.text.startswith("Say this") for record in stage.controller.records))
    held = list(stage.controller.records)[-1]
    await stage.until(lambda: held.ended)
    assert held.outcome is Outcome.DONE
    assert any("is back" in text for text in stage.said)
    troubles = [notice for notice in stage.notices if notice.kind == "utterance/ConnectionLost"]
    await stage.until(lambda: stage.notices[-1].resolved or not troubles)


async def test_a_wrong_key_is_a_sentence_and_the_right_one_works(real):
    async with LocalServer(*TONE, key=MADE_UP) as server:
        choice = EndpointChoice(
            EndpointKind.CUSTOM, url=server.url, key_source=KeySource.TYPED, credential=Credential.basic("d3Jvbmc=")
        )
        stage = await real(choice=choice)
        record = stage.controller.speak("Hello.")
        await stage.until(lambda: record.ended)
        assert record.outcome is Outcome.FAILED
        await stage.until(lambda: any("key" in text for text in stage.said))
        assert not any("d3Jvbmc" in text or "wrong" in text for text in stage.said)
        right = EndpointChoice(
            EndpointKind.CUSTOM, url=server.url, key_source=KeySource.TYPED, credential=Credential.basic(MADE_UP)
        )
        stage.controller.set_endpoint(right)
        await stage.until(lambda: stage.controller.endpoint.choice == right and stage.controller.endpoint.ready)
        await stage.until(lambda: bool(stage.controller.voices))
        again = stage.controller.speak("Hello again.")
        await stage.until(lambda: again.ended)
        assert again.outcome is Outcome.DONE


async def test_the_connection_test_tells_good_from_bad(real):
    async with LocalServer(*TONE, key=MADE_UP) as server:
        stage = await real(choice=EndpointChoice(EndpointKind.CUSTOM, url="http://127.0.0.1:9"))
        results = []
        stage.controller.probed.connect(results.append)
        for number, (url, key) in enumerate(
            ((server.url, MADE_UP), (server.url, "d3Jvbmc="), ("http://127.0.0.1:9", MADE_UP)), 1
        ):
            credential = Credential.basic(key)
            stage.controller.probe(
                EndpointChoice(EndpointKind.CUSTOM, url=url, key_source=KeySource.TYPED, credential=credential)
            )
            await stage.until(lambda number=number: len(results) == number)
    assert [result.ok for result in results] == [True, False, False]
    assert "opened a context and closed it" in results[0].text
    assert "key" in results[1].text
    assert "127.0.0.1:9" in results[2].text
    assert all(result.text.endswith((".", "?")) for result in results)


async def test_no_network_is_a_sentence_and_the_window_lives(real):
    stage = await real(choice=EndpointChoice(EndpointKind.CUSTOM, url="http://127.0.0.1:9"))
    record = stage.controller.speak("Hello.")
    await stage.until(lambda: record.ended, 30.0)
    assert record.outcome is Outcome.FAILED
    await stage.until(lambda: any("127.0.0.1:9" in text for text in stage.said))


async def test_closing_while_a_hundred_speak_is_quick_and_leaves_no_process(tmp_path):
    stage = Real(tmp_path, SERVICE)
    await stage.controller.start()
    stage.controller.fire(100, "long-paragraphs")
    await stage.until(lambda: sum(record.audio_s > 0 for record in stage.controller.records) >= 50)
    pid = stage.controller._link.server.pid
    began = time.monotonic()
    await stage.controller.close()
    assert time.monotonic() - began < 2.0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_device_that_is_not_there_is_one_quiet_line(real):
    stage = await real()
    stage.controller.sound.set_device("No such device of anybody's")
    await stage.until(lambda: bool(stage.controller.player.state.why))
    record = stage.controller.speak("It goes on all the same.")
    await stage.until(lambda: record.ended and not record.listening)
    assert record.outcome is Outcome.DONE
    assert stage.store.get(remembered.DEVICE) == "No such device of anybody's"


async def test_the_speak_button_before_the_server_is_there(tmp_path, qtbot):
    stage = Real(tmp_path)
    view = PlaygroundView(stage.controller, make_theme())
    qtbot.addWidget(view)
    view.show()
    starting = asyncio.create_task(stage.controller.start())
    await asyncio.sleep(0)
    qtbot.mouseClick(view.findChild(QPushButton, "speak"), Qt.MouseButton.LeftButton)
    await starting
    await stage.until(lambda: len(stage.controller.records) == 1)
    record = next(iter(stage.controller.records))
    await stage.until(lambda: record.ended)
    assert record.outcome is Outcome.DONE
    await stage.controller.close()
