"""Metrics on loopback: right numbers, no global state, and a busy port in one sentence."""

import socket

import aiohttp
import prometheus_client
import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.runs import make_result
from voxpool.errors import EndpointError
from voxpool.events import Outcome
from voxpool.stress.prometheus import MetricsEndpoint


async def scraped(endpoint):
    async with aiohttp.ClientSession() as session, session.get(endpoint.url) as answer:
        assert answer.status == 200
        text = await answer.text()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.usefixtures("no_leaked_tasks")
async def test_the_numbers_are_those_of_the_run():
    result = make_result(count=80)
    endpoint = MetricsEndpoint(0)
    await endpoint.start()
    try:
        for tick in result.ticks:
            endpoint.on_tick(tick)
        for sample in result.samples:
            endpoint.on_sample(sample)
        for mark in result.marks:
            endpoint.on_mark(mark)
        found = await scraped(endpoint)
    finally:
        await endpoint.close()
    name = "voxpool_stress_"
    assert found[f"{name}started_total",] == 80
    assert found[f"{name}in_flight",] == result.ticks[-1].in_flight
    assert sum(found[f"{name}ended_total", outcome.value] for outcome in Outcome) == 80
    assert found[f"{name}errors_total", "ServiceError 13"] == result.failed
    assert found[f"{name}characters_total",] == result.characters
    assert found[f"{name}audio_seconds_total",] == pytest.approx(result.audio_s)
    heard = [sample.corrected_ms / 1000 for sample in result.samples if sample.corrected_ms is not None]
    assert found[f"{name}first_audio_corrected_seconds_count",] == len(heard)
    assert found[f"{name}first_audio_corrected_seconds_sum",] == pytest.approx(sum(heard))
    assert found[f"{name}first_audio_corrected_seconds_bucket", "0.2"] == sum(value <= 0.2 for value in heard)


async def test_two_at_once_do_not_meet_and_leave_the_global_registry_alone():
    before = list(prometheus_client.REGISTRY.collect())
    first, second = MetricsEndpoint(0), MetricsEndpoint(0)
    first.on_sample(make_result(count=1).samples[0])
    await first.start()
    await second.start()
    try:
        assert first.url != second.url
        assert first.url.startswith("http://127.0.0.1:")
        assert ("voxpool_stress_ended_total", "done") not in await scraped(second)
    finally:
        await first.close()
        await second.close()
        await second.close()
    assert [each.name for each in prometheus_client.REGISTRY.collect()] == [each.name for each in before]


@pytest.mark.usefixtures("no_leaked_tasks")
async def test_a_busy_port_is_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = MetricsEndpoint(taken.getsockname()[1])
        with pytest.raises(EndpointError, match=r"metrics cannot be served on port \d+ \(.*in use.*\); choose another"):
            await endpoint.start()
        await endpoint.close()
