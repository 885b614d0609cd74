"""Breaking on purpose: which connection, what is asked, what is said when it does not work."""

from __future__ import annotations

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QMenu

from support.speech_stage import Stage
from voxgrid.speech.breaking import (
    OF_CONNECTIONS,
    OF_CONTEXTS,
    Breaker,
    find_connection,
)
from voxgrid.speech.control import FAULTS_PATH, LEDGER_PATH, ControlError, LocalControl
from voxpool.server.faults import EFFECTS

TOKEN = "made-up-control-token"
LEDGER = {
    "connections": [
        {"connection": 3, "openContexts": [{"contextId": "a"}]},
        {"connection": 7, "openContexts": [{"contextId": "b"}, {"contextId": "c"}]},
    ]
}


class FakeServer:
    """A control endpoint that notes what it is asked."""

    def __init__(self):
        self.asked = []
        self.ledger = LEDGER
        self.answer = {"id": 1, "struck": 1}
        self.status = 200

    async def start(self):
        app = web.Application()
        app.router.add_get(LEDGER_PATH, self._ledger)
        app.router.add_post(FAULTS_PATH, self._faults)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    async def _ledger(self, request):
        assert "Authorization" not in request.headers
        return web.json_response(self.ledger)

    async def _faults(self, request):
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        self.asked.append(await request.json())
        return web.json_response(self.answer, status=self.status)


@pytest.fixture
async def server():
    made = FakeServer()
    made.breaker = Breaker(LocalControl(await made.start(), TOKEN))
    yield made
    await made.runner.cleanup()


@pytest.mark.parametrize("effect", OF_CONTEXTS, ids=lambda effect: effect.name)
async def test_a_context_is_broken_by_its_id(server, effect):
    await server.breaker.break_context("b", effect)
    assert server.asked == [{**effect.fault, "contextId": "b"}]


@pytest.mark.parametrize("effect", OF_CONNECTIONS, ids=lambda effect: effect.name)
async def test_a_connection_is_broken_by_the_number_that_the_ledger_gives(server, effect):
    await server.breaker.break_connection(("c", "gone"), effect)
    assert server.asked == [{**effect.fault, "connection": 7}]


@pytest.mark.parametrize("effect", OF_CONTEXTS + OF_CONNECTIONS, ids=lambda effect: effect.name)
def test_the_server_knows_every_effect_and_every_word_is_a_sentence(effect):
    assert effect.fault["place"] in EFFECTS[effect.fault["effect"]][0]
    assert effect.tip.endswith(".")
    assert effect.done.endswith(".")


async def test_an_idle_connection_is_known_by_what_it_carried(server):
    server.ledger = {"connections": [{"connection": 4, "openContexts": [], "endedContexts": [{"contextId": "over"}]}]}
    await server.breaker.break_connection(("over",), OF_CONNECTIONS[0])
    assert server.asked == [{**OF_CONNECTIONS[0].fault, "connection": 4}]
    with pytest.raises(ControlError, match="nothing left to break"):
        await server.breaker.break_context("over", OF_CONTEXTS[0])


async def test_what_is_gone_is_a_sentence(server):
    with pytest.raises(ControlError, match="nothing left to break"):
        await server.breaker.break_context("gone", OF_CONTEXTS[0])
    assert server.asked == []
    server.answer = {"id": 1, "struck": 0}
    with pytest.raises(ControlError, match="ended just before"):
        await server.breaker.break_context("a", OF_CONTEXTS[0])


@pytest.mark.parametrize("ledger", [[], None, "x"])
async def test_an_odd_ledger_is_a_sentence(server, ledger):
    server.ledger = ledger
    with pytest.raises(ControlError, match="makes no sense"):
        await server.breaker.break_context("a", OF_CONTEXTS[0])


async def test_a_refusal_and_silence_are_sentences_without_the_token(server):
    server.status = 401
    with pytest.raises(ControlError, match="HTTP 401") as refused:
        await server.breaker.break_context("a", OF_CONTEXTS[0])
    with pytest.raises(ControlError, match="did not answer") as silent:
        await Breaker(LocalControl("http://127.0.0.1:9", TOKEN)).break_context("a", OF_CONTEXTS[0])
    assert TOKEN not in f"{refused.value}{silent.value}{server.breaker!r}"


async def test_elsewhere_than_at_the_own_server_nothing_is_asked(tmp_path):
    stage = Stage(tmp_path)
    assert not stage.controller.can_break
    stage.controller.break_context("a", "internal")
    stage.controller.break_connection(("a",), "cut")
    assert len(stage.said) == 2
    assert all("own local server" in text for text in stage.said)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["connections", "connection", "openContexts", "contextId"]), inner)
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_ledger_is_too_odd(ledger):
    assert find_connection(ledger, ("a",)) is None or isinstance(find_connection(ledger, ("a",)), int)


def test_the_connection_with_most_of_the_contexts_is_meant():
    assert find_connection(LEDGER, ("a", "b", "c")) == 7
    assert find_connection(LEDGER, ("a",)) == 3
    assert find_connection(LEDGER, ()) is None
    idle = {"connections": [*LEDGER["connections"], {"connection": 9, "endedContexts": [{"contextId": "over"}]}]}
    assert find_connection(idle, ("over",)) is None
    assert find_connection(idle, ("over",), ended=True) == 9


def submenus(stage, name):
    menu = next(m for m in stage.parts.window.findChildren(QMenu) if m.accessibleName() == name)
    return menu, {action.text(): action for action in menu.actions() if action.menu() is not None}


def test_the_menus_offer_it_where_something_runs_at_the_own_server(stage, monkeypatch):
    stage.pool.open(20)
    stage.pool.fire(1)
    stage.frame()
    asked = []
    controller = stage.parts.controller
    grid = stage.parts.window.cockpit.grid
    grid.menuRequested.emit(0, 0, QPoint(5, 5))
    menu, below = submenus(stage, "Connection 1, slot 1")
    assert not below["Break this context"].isEnabled()
    assert "own local server" in below["Break this context"].statusTip()
    menu.close()
    stage.app.sendPostedEvents(menu, 0)
    monkeypatch.setattr(type(controller), "can_break", True)
    monkeypatch.setattr(controller, "break_connection", lambda ids, effect: asked.append((ids, effect)))
    cell = next(c for c in stage.parts.bridge.models.grid.cells() if c.utterance_id)
    head = grid.verticalHeader()
    for row in (cell.row, cell.row + 1):
        at = QPoint(5, head.sectionViewportPosition(row) + 3)
        head.contextMenuEvent(QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, head.mapToGlobal(at)))
        menu, below = submenus(stage, f"Connection {row + 1}")
        action = below["Break this connection"]
        assert action.isEnabled() is (row == cell.row)
        for each in action.menu().actions():
            assert each.statusTip().endswith(".")
            each.trigger()
        menu.close()
    assert asked == [((cell.context_id,), effect.name) for effect in OF_CONNECTIONS]
