"""The choice of event loop, so that no other test runs on the wrong one unnoticed."""

import asyncio

import pytest


def runs_on_qasync():
    return any(each.__module__.startswith("qasync") for each in type(asyncio.get_running_loop()).__mro__)


async def test_gui_tests_run_on_qasync():
    assert runs_on_qasync()


@pytest.mark.both_loops
async def test_a_test_may_run_on_both(request):
    assert runs_on_qasync() is ("qasync" in request.node.name)
