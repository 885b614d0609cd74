"""Faults at a real local server while a run goes on."""

import os

import pytest

from support.local_server import running_server
from voxpool import Pool
from voxpool.config import Endpoint
from voxpool.errors import LocalServerError
from voxpool.stress.engine import Surroundings, run
from voxpool.stress.result import MarkKind
from voxpool.stress.scenario import scenario_from
from voxpool.stress.strike import check_control, striker

TOKEN = "made-up-token"  # made up


@pytest.fixture(scope="module")
def server():
    os.environ["VOXPOOL_CONTROL_TOKEN"] = TOKEN
    try:
        with running_server("--engine", "tone", "--timing", "instant", "--delivery-rate", "2") as running:
            yield running
    finally:
        del os.environ["VOXPOOL_CONTROL_TOKEN"]


async def test_a_fault_of_the_scenario_strikes_and_is_on_the_time_line(server):
    scenario = scenario_from(
        {
            "load": {"profile": "concurrency", "concurrency": 5, "duration_s": 2},
            "texts": [{"text": "The river is cold in winter, but the children still walk along the water."}],
            "faults": [{"at_s": 1.0, "fault": {"place": "now", "effect": "status", "code": 13}, "text": "internal"}],
            "pool": {"max_attempts": 1},
        }
    )
    async with Pool(Endpoint(server.url), scenario.pool_config) as pool:
        result = await run(pool, scenario, Surroundings(url=server.url, strike=striker(server.url, TOKEN)))

    (mark,) = (mark for mark in result.marks if mark.kind is MarkKind.FAULT)
    assert mark.text == "internal"
    assert mark.at_s >= 1.0
    broken = [sample for sample in result.samples if sample.error_kind == "ServiceError 13"]
    assert broken
    assert all(sample.closed_s >= 1.0 for sample in broken)


async def test_a_wrong_token_is_told_and_never_shown(server):
    with pytest.raises(LocalServerError, match="refused the fault") as refused:
        await striker(server.url, "wrong-token")({"place": "now", "effect": "drop"})
    assert "wrong-token" not in str(refused.value)


async def test_a_server_that_is_not_there_is_told():
    with pytest.raises(LocalServerError, match="did not answer"):
        await striker("http://127.0.0.1:9", TOKEN)({"place": "now", "effect": "drop"})


async def test_whether_faults_can_be_set_is_known_without_setting_one(server):
    await check_control(server.url, TOKEN)
    with pytest.raises(LocalServerError, match="does not take faults") as refused:
        await check_control(server.url, "wrong-token")
    assert "wrong-token" not in str(refused.value)
    with pytest.raises(LocalServerError, match="did not answer"):
        await check_control("http://127.0.0.1:9", TOKEN)
