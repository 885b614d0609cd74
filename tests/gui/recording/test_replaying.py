"""A recorded load as a burst of the window's own: voices that are there, times that are kept, consent first."""

from __future__ import annotations

import asyncio

import pytest

from support.speech_stage import Stage, settle
from voxgrid.recording.replaying import plan_of
from voxpool.recording.replay import Call, Load


@pytest.fixture
async def stage(tmp_path):
    stage = Stage(tmp_path)
    await stage.start()
    await settle()
    yield stage
    await stage.controller.close()


async def test_recorded_voices_are_kept_where_the_endpoint_has_them(stage):
    there = stage.controller.voices[0].id
    plan = plan_of(
        Load((Call(0.0, "One.", there), Call(1.5, "Two.", "Nobody"), Call(2.0, "Three.", ""))), stage.controller
    )
    voices = [shot.voice for shot in plan.shots]
    assert voices[0] == there
    known = {voice.id for voice in stage.controller.voices}
    assert set(voices[1:]) <= known
    assert plan.moments == (0.0, 1.5, 2.0)
    assert plan.characters == 14


async def test_a_replay_keeps_its_times_and_can_be_stopped(stage):
    loop = asyncio.get_running_loop()
    began = loop.time()
    stage.controller.propose(
        plan_of(Load((Call(0.0, "One.", ""), Call(0.1, "Two.", ""), Call(500.0, "Late.", ""))), stage.controller)
    )
    while len(stage.utterances) < 2:
        await asyncio.sleep(0.01)
    assert loop.time() - began >= 0.1
    stage.controller.stop_all()
    await settle()
    assert len(stage.utterances) == 2


async def test_what_costs_money_is_asked_about_first(tmp_path):
    stage = Stage(tmp_path, "https://speech.example")
    await stage.start()
    asked = []
    stage.controller.consentNeeded.connect(asked.append)
    stage.controller.propose(plan_of(Load((Call(0.0, "One.", ""),)), stage.controller))
    await settle()
    assert not stage.utterances
    stage.controller.run(asked[0])
    await settle()
    assert len(stage.utterances) == 1
    await stage.controller.close()
