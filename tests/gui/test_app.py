"""The composition root: starting, failing to start, ending in time."""

import asyncio
import logging
import time

import pytest

from support.ending import take_away
from support.stage import StagePlayer
from voxgrid import app as application
from voxgrid.app import build, main, make_application, shut_down
from voxgrid.options import Options
from voxgrid.settings import Settings
from voxgrid.speech import SpeechController


@pytest.fixture
def parts(tmp_path):
    qapp = make_application(Options())
    store = Settings(tmp_path / "voxgrid.ini")
    made = build(qapp, store, controller=SpeechController(store, player=StagePlayer()))
    yield made
    take_away(made)


async def test_speech_that_never_ends_is_cut_short(parts, monkeypatch, caplog):
    monkeypatch.setattr(application, "CLOSE_TIMEOUT_S", 0.1)

    async def never():
        await asyncio.sleep(60)

    monkeypatch.setattr(parts.controller, "close", never)
    began = time.monotonic()
    await shut_down(parts)
    assert time.monotonic() - began < 10
    assert "cut short" in caplog.text


async def test_speech_that_fails_to_end_does_not_keep_the_window(parts, monkeypatch, caplog):
    async def fail():
        raise RuntimeError("made up")

    monkeypatch.setattr(parts.controller, "close", fail)
    await shut_down(parts)
    assert "made up" in caplog.text
    assert not parts.bridge.lively


async def test_speech_that_fails_to_start_is_told_and_the_window_stays(parts, monkeypatch):
    async def fail(_choice):
        raise RuntimeError("made up")

    monkeypatch.setattr(parts.controller, "start", fail)
    await application._start(parts, Options())
    item = parts.notifications.newest
    assert item.text.startswith("Starting speech failed unexpectedly")
    assert "Traceback" in item.details


async def test_closing_the_window_ends_the_session(parts, monkeypatch):
    async def nothing(*_args):
        return None

    monkeypatch.setattr(parts.controller, "start", nothing)
    monkeypatch.setattr(parts.controller, "close", nothing)
    session = asyncio.create_task(application._live(parts, Options()))
    while not parts.window.isVisible():
        await asyncio.sleep(0.01)
    assert parts.bridge.lively
    parts.window.close()
    assert await session == 0


async def test_the_caret_is_in_the_editor_and_a_sentence_is_there(parts, monkeypatch):
    async def nothing(*_args):
        return None

    monkeypatch.setattr(parts.controller, "start", nothing)
    session = asyncio.create_task(application._live(parts, Options()))
    while not parts.window.isVisible():
        await asyncio.sleep(0.01)
    editor = parts.views.playground.editor
    assert parts.window.focusWidget() is editor
    assert editor.toPlainText().strip()
    parts.window.close()
    await session


async def test_no_task_goes_on_after_an_ending_that_was_cut_short(qapp, parts, monkeypatch):
    tasks = []

    async def live(*_args, **_more):
        tasks.append(asyncio.create_task(asyncio.sleep(60), name="left"))
        return 0

    async def nothing(*_args):
        return None

    monkeypatch.setattr(application, "build", lambda *_args, **_more: parts)
    monkeypatch.setattr(application, "_live", live)
    monkeypatch.setattr(application, "shut_down", nothing)
    assert await application._run(qapp, Options(), None, hard_end=False) == 0
    assert tasks[0].cancelled()


def test_a_window_that_cannot_be_opened_is_one_sentence(monkeypatch, capsys, tmp_path):
    def fail(*_args, **_more):
        raise RuntimeError("made up")

    before = logging.getLogger().level
    monkeypatch.setattr(application, "build", fail)
    monkeypatch.setattr("platformdirs.user_log_dir", lambda *_a, **_k: str(tmp_path))
    try:
        assert main([]) == 1
    finally:
        logging.getLogger().setLevel(before)
    said = capsys.readouterr().err
    assert said.startswith("voxgrid could not start: RuntimeError: made up")
    assert "Traceback" not in said
    assert "Traceback" in (tmp_path / "voxgrid.log").read_text()
