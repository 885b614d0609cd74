"""The lab at a real local server: a real run in the window, seen on the grid, heard, kept."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import replace

from support.audio_rig import FakeBackend
from support.ending import take_away
from support.lab_stage import lab_of
from support.within import within
from voxgrid.app import build, make_application, shut_down
from voxgrid.options import Options
from voxgrid.recording.feature import RecordingFeature
from voxgrid.recording.stretch import Stretch
from voxgrid.runs import RunsFeature
from voxgrid.settings import Settings
from voxgrid.speech import SpeechController
from voxgrid.speech.link import LinkConfig
from voxpool.audio.player import Player
from voxpool.events import UtteranceQueued
from voxpool.recording.items import Asked
from voxpool.recording.reader import Recording
from voxpool.recording.replay import load_of
from voxpool.stress.result import MarkKind, Verdict

SERVICE = ("--engine", "tone", "--timing", "instant", "--delivery-rate", "8")


class Window:
    def __init__(self, folder):
        self.app = make_application(Options())
        store = Settings(folder / "voxgrid.ini")
        self.controller = SpeechController(
            store, player=Player(backend=FakeBackend()), config=LinkConfig(server=SERVICE)
        )
        self.parts = build(self.app, store, controller=self.controller)
        self.lab = lab_of(self.parts)

    async def until(self, condition, seconds=20.0):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, (self.lab, self.lab.docks.lab.problem.text(), self.lab.picture.line)
            await asyncio.sleep(0.01)

    def load(self, **load):
        kind = load.pop("profile")
        draft = replace(self.lab.draft, load=kind, thresholds="errors.rate < 0.01\nttfa_ms.p95 < 60000")
        self.lab.show_draft(replace(draft, loads=dict(draft.loads) | {kind: load}))


@asynccontextmanager
async def opened(folder):
    made = Window(folder)
    made.parts.window.show()
    made.parts.bridge.start()
    try:
        await made.controller.start()
        await made.until(lambda: made.controller.endpoint.ready)
        yield made
    finally:
        made.parts.window.close()
        await shut_down(made.parts)
        take_away(made.parts)


@within(opened)
async def test_a_run_in_the_window(window):
    lab, controller, bridge = window.lab, window.controller, window.parts.bridge
    spoken = controller.speak("Before the run.")
    await window.until(lambda: spoken.ended)
    window.load(profile="concurrency", concurrency=12, duration_s=2.0)
    lab.start()
    await window.until(lambda: bridge.visiting and bridge.live.grid.in_use >= 12)
    # The pool in use has let go of its connections: they would count against the run's.
    assert controller.pool.stats().connections_open == 0
    cell = next(cell for cell in bridge.live.grid.cells() if cell.utterance_id)
    await window.until(lambda: controller.records.get(cell.utterance_id) is not None)
    assert cell.utterance_id > 100_000
    heard = next(record for record in controller.records.running() if record.source == "run")
    window.parts.presenter.toggle_listening(heard.id)
    assert heard.listening
    window.parts.presenter.inspect(cell.utterance_id)
    assert window.parts.window.inspector.shown is not None
    await window.until(lambda: not lab.running)
    result = lab.picture.result
    assert result.verdict in (Verdict.PASSED, Verdict.INVALID), result.reasons
    assert result.done >= 12
    assert result.failed == 0
    assert result.peak_in_flight == 12
    assert len(lab.picture.line) >= 8
    assert len(lab.picture.lanes) == result.started
    assert not bridge.visiting
    assert not [record for record in controller.records if record.source == "run"]
    assert controller.records.get(spoken.id) is spoken
    after = controller.speak("After the run.")
    await window.until(lambda: after.ended)
    assert bridge.live.grid.place_of(after.id) is not None


@within(opened)
async def test_interrupting_one_cell_of_a_run_and_stopping_the_rest(window):
    lab, controller = window.lab, window.controller
    window.load(profile="concurrency", concurrency=4, duration_s=30.0)
    lab.start()
    await window.until(lambda: [each for each in controller.records.running() if each.audio_s > 0])
    record = next(each for each in controller.records.running() if each.audio_s > 0)
    window.parts.presenter.interrupt(record.id)
    await window.until(lambda: record.ended)
    lab.drain()
    await window.until(lambda: not lab.running)
    result = lab.picture.result
    assert result.verdict in (Verdict.ABORTED, Verdict.INVALID)
    assert "It was stopped softly by hand." in result.reasons
    assert result.cancelled >= 1
    assert result.wall_s < 25


@within(opened)
async def test_a_run_is_kept_and_quitting_in_the_middle_is_clean(window):
    lab = window.lab
    window.load(profile="burst", count=10)
    lab.start()
    await window.until(lambda: not lab.running and lab.picture.result is not None)
    keeper = next(each for each in window.parts.features if isinstance(each, RunsFeature)).keeper
    await window.until(lambda: [run.run_id for run in keeper.runs] == [lab.picture.result.run_id])
    window.load(profile="concurrency", concurrency=20, duration_s=60.0)
    lab.start()
    await window.until(lambda: lab.picture.line.ends_s > 0.5)
    began = time.monotonic()
    await lab.close()
    assert not lab.running
    assert time.monotonic() - began < 10


@within(opened)
async def test_the_whole_texts_of_a_run_are_recorded(window):
    feature = next(each for each in window.parts.features if isinstance(each, RecordingFeature))
    window.load(profile="burst", count=10)
    window.lab.start()
    await window.until(lambda: not window.lab.running and window.lab.picture.result is not None)
    window.parts.bridge.tick()
    assert feature.flush()
    with Recording(feature._live.recorder.files) as recording:
        items = list(recording.items())
    labels = {item.utterance_id: item.label for item in items if isinstance(item, UtteranceQueued)}
    texts = {item.utterance_id: item.text for item in items if isinstance(item, Asked)}
    assert len(texts) == 10
    assert texts.keys() == labels.keys()
    assert all(texts[number].startswith(label.rstrip("…")) for number, label in labels.items())
    assert load_of(items).caveat == ""


@within(opened)
async def test_a_run_in_a_process_of_its_own_is_seen_on_the_grid(window):
    from voxgrid.lab import remembered

    lab, bridge = window.lab, window.parts.bridge
    window.controller.store.set(remembered.WHERE, "process")
    window.load(profile="concurrency", concurrency=10, duration_s=1.5)
    lab.start()
    assert "process of its own" in lab.docks.lab.run.where.text()
    await window.until(lambda: bridge.visiting and bridge.live.grid.in_use >= 10)
    cell = next(cell for cell in bridge.live.grid.cells() if cell.utterance_id)
    assert cell.utterance_id > 100_000
    await window.until(lambda: not lab.running)
    result = lab.picture.result
    assert result.verdict in (Verdict.PASSED, Verdict.INVALID), result.reasons
    assert result.done >= 10
    assert len(lab.picture.lanes) == result.started
    assert not bridge.visiting


@within(opened)
async def test_the_past_of_a_run_is_the_runs_own_and_knows_its_phase(window):
    lab, controller, bridge = window.lab, window.controller, window.parts.bridge
    recording = next(each for each in window.parts.features if isinstance(each, RecordingFeature))
    before = controller.speak("Before the run.")
    await window.until(lambda: before.ended)
    window.load(profile="concurrency", concurrency=6, duration_s=2.5)
    lab.start()
    await window.until(lambda: bridge.visiting and bridge.live.grid.in_use >= 6 and len(lab.picture.line) >= 6)
    during = bridge.now()
    await window.until(lambda: not lab.running)
    after = controller.speak("After the run.")
    await window.until(lambda: after.ended)
    end = bridge.now()
    await window.until(lambda: recording.flush() and recording.travel.own is not None)
    await window.until(lambda: recording.travel.own.recording.last >= end)

    def shown(at):
        recording.travel.go(at)
        return {cell.utterance_id for cell in bridge.models.grid.cells() if cell.utterance_id}

    assert min(shown(during)) > 100_000
    assert shown(end) == {cell.utterance_id for cell in bridge.live.grid.cells() if cell.utterance_id} != set()
    past = recording.travel.shown.recording
    stretch = Stretch(past, past.first, past.last)
    while stretch.read(1.0):
        pass
    phases = [mark.text for mark in stretch.picture.marks if mark.kind is MarkKind.PHASE]
    assert phases == [mark.text for mark in lab.picture.marks if mark.kind is MarkKind.PHASE] != []
    line = stretch.picture.line
    assert (line.column("target") == 6).any()
    assert (line.column("loop_lag_ms") >= 0).any()
    recording.travel.back_to_live()
