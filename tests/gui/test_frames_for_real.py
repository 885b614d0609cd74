"""The frames of a real local server, in the window: what is kept agrees with what was heard."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from itertools import groupby

import pytest

from support.audio_rig import FakeBackend
from support.ending import end
from support.within import within
from voxgrid.app import build, make_application
from voxgrid.frames import FramesFeature
from voxgrid.models.conversation import Echo
from voxgrid.models.frame_list import Scope
from voxgrid.options import Options
from voxgrid.settings import Settings
from voxgrid.speech import SpeechController
from voxgrid.speech.link import LinkConfig
from voxpool.audio.player import Player
from voxpool.frames.record import FrameKind

TEXT = "This is a text of two sentences. It is spoken by the local server."


@asynccontextmanager
async def opened(folder):
    store = Settings(folder / "voxgrid.ini")
    player = Player(backend=FakeBackend())
    config = LinkConfig(server=("--engine", "tone", "--timing", "instant"))
    controller = SpeechController(store, player=player, config=config)
    made = build(make_application(Options()), store, controller=controller)
    made.window.show()
    made.bridge.start()
    try:
        await controller.start()
        yield made
    finally:
        await end(made)


async def until(condition, seconds=15.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


@within(opened)
async def test_what_is_kept_of_an_utterance_agrees_with_what_was_heard(parts):
    record = parts.controller.speak(TEXT)
    feature = next(each for each in parts.features if isinstance(each, FramesFeature))
    await until(lambda: record.ended and parts.bridge.models.lives.get(record.id).settled)
    parts.presenter.inspect(record.id)
    feature.bring_up(Scope.CONTEXT)
    rows = feature.view.list.rows
    kinds = [kind for kind, _ in groupby(row.kind for row in rows if row.kind is not FrameKind.FLUSHED)]
    assert kinds[:2] == [FrameKind.CREATE, FrameKind.TEXT]
    assert kinds[-1] is FrameKind.CLOSED
    assert {FrameKind.CREATED, FrameKind.AUDIO, FrameKind.CLOSE} <= set(kinds)
    assert sum(row.audio_ms for row in rows) == pytest.approx(record.audio_s * 1000)
    assert sum(row.audio_bytes > 0 for row in rows) == len(record.arrivals)
    assert all(feature.view.list.store.whole(row.serial) for row in rows)

    shown = parts.window.inspector.shown
    (section,) = shown.sections
    assert section.frames == len(rows)
    assert {"create", "first text", "first audio", "close"} <= {stage.name for stage in section.stages}
    assert {row.echo for row in shown.settings} == {Echo.SAME}
    assert parts.window.inspector.waveform.record is record
    parts.controller.listen(record.id, on=False)
    await until(lambda: parts.window.inspector.shown.spoken == len(TEXT))
