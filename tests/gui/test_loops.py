"""The choice of event loop, so that no other test runs on the wrong one unnoticed."""

import asyncio

import pytest


async def test_gui_tests_run_on_qasync():
    assert type(asyncio.get_running_loop()).__module__.startswith("qasync")


@pytest.mark.both_loops
async def test_a_test_may_run_on_both(request):
    wanted = "qasync" if "qasync" in request.node.name else "asyncio"
    assert type(asyncio.get_running_loop()).__module__.startswith(wanted)
