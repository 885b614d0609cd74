"""Every fault of the local server, injected through the dock: the right record and cell, a pool that recovers."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from support.local_server import running_server
from support.trouble import SERVER, TEXT, TOKEN, Troubled, plan
from voxgrid.models import faulting
from voxgrid.models.failures import Kind
from voxgrid.models.faulting import Aim, Plan
from voxgrid.speech import SpeechController
from voxgrid.speech.control import LocalControl
from voxpool.errors import SettingError
from voxpool.events import Outcome
from voxpool.server.faults import EFFECTS

DONE, FAILED = Outcome.DONE, Outcome.FAILED


@dataclass(frozen=True)
class Case:
    """A fault and what must be told of it.

    Attributes:
        plan: What is injected: into the cell that sounds, its row, or everything before something is spoken.
        context: The explanation of the context's failure, or "" when it must not fail.
        whole: The explanation of the connection's failure or of the frame, or "" for none.
        outcome: What becomes of the utterance.
    """

    plan: Plan
    context: str = ""
    whole: str = ""
    outcome: Outcome = DONE
    name: str = field(default="")

    def __str__(self):
        return f"{self.plan.place}-{self.plan.effect}"


def once(place, effect, **values):
    return plan(place, effect, "all", times=1, **values)


def chunk(effect, **values):
    return plan("audio", effect, "all", times=1, chunk=2, **values)


CASES = [
    Case(once("upgrade", "refuse", http_status=429), "", "too_many_connections"),
    Case(once("upgrade", "refuse", http_status=503), "", "upgrade_refused"),
    Case(once("upgrade", "stall", seconds=3), "", "handshake_timeout"),
    Case(once("open", "stall"), "half_open", "half_open"),
    Case(chunk("stall"), "stalled", "", FAILED),
    Case(plan("now", "stall", "row"), "stalled", "", FAILED),
    Case(once("create", "drop"), "cut", "cut"),
    Case(chunk("drop"), "cut", "cut", FAILED),
    Case(plan("now", "drop", "row"), "cut", "cut", FAILED),
    Case(once("text", "disconnect", code=1011, message="restart"), "closed_by_server", "closed_by_server"),
    Case(plan("now", "disconnect", "row", code=1001), "closed_by_server", "closed_by_server", FAILED),
    Case(once("create", "fatal", code=14), "unavailable", "unavailable"),
    Case(plan("now", "fatal", "row", code=13, message="so"), "internal", "internal", FAILED),
    Case(once("open", "inactive"), "paused", "paused"),
    Case(plan("now", "inactive", "row"), "paused", "paused", FAILED),
    Case(chunk("silent"), "stalled", "", FAILED),
    Case(plan("now", "silent", "row"), "stalled", "", FAILED),
    Case(once("text", "half_open"), "half_open", "half_open"),
    Case(plan("now", "half_open", "row"), "half_open", "half_open", FAILED),
    Case(plan("now", "status", "cell", code=13), "internal", "", FAILED),
    Case(once("create", "status", code=8, message="Max contexts limit reached"), "context_limit"),
    Case(once("text", "status", code=14), "unavailable"),
    Case(chunk("status", code=4), "deadline", "", FAILED),
    Case(once("create", "omit")),
    Case(once("close", "omit"), "stalled", "", FAILED),
    Case(once("create", "malformed"), "", "bad_frame"),
    Case(once("create", "wrong_types"), "bad_status", "", FAILED),
    Case(chunk("wrong_types"), "bad_status", "", FAILED),
    Case(chunk("unknown_id"), "", "stray_frame"),
    Case(chunk("fragments")),
    Case(chunk("bad_base64"), "bad_audio", "", FAILED),
    Case(chunk("empty_audio")),
    Case(chunk("truncated_audio")),
    Case(chunk("shuffled_timestamps")),
    Case(chunk("rate", rate=0.0)),
    Case(once("close", "stale"), "", "stray_frame"),
]


@pytest.fixture(scope="module")
def server():
    with running_server(*SERVER) as running:
        yield running.url


@pytest.fixture
def opened(server, tmp_path, monkeypatch):
    """Open a window on the shared server, which counts as the app's own.

    Not a fixture that yields it: between a test and its teardown Qt's events run without the loop, and a pool that
    lives then would find none.
    """
    monkeypatch.setattr(SpeechController, "local_control", LocalControl(server, TOKEN))

    @asynccontextmanager
    async def open_window():
        made = Troubled(tmp_path, server)
        try:
            await made.start()
            yield made
        finally:
            await made.close()

    return open_window


def test_every_effect_has_a_case_and_a_name():
    assert {case.plan.effect for case in CASES} == set(EFFECTS) - {"limit"}
    assert set(faulting.EFFECT_WORDS) == set(EFFECTS)


async def injected(window, case):
    """Inject a fault as a person would, and return the record of what it struck, and its place."""
    if case.plan.aim is Aim.ALL:
        await window.inject(case.plan)
        record = window.controller.speak(TEXT)
    else:
        record, cell = await window.sounding()
        window.choose(cell)
        await window.inject(case.plan)
    return record


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_fault_is_told_with_its_cell_its_cause_and_its_remedy(opened, case):
    async with opened() as window:
        record = await injected(window, case)
        await window.ended(record)
        await window.struck()
        assert record.outcome is case.outcome
        life = window.parts.bridge.models.lives.get(record.id)
        first = life.attempts[0]
        failures = window.book.of_utterance(record.id)
        assert bool(failures) is bool(case.context)
        if failures:
            failure = failures[0]
            assert failure.entry.name == case.context
            assert (failure.row, failure.column, failure.context_id) == (first.row, first.column, first.context_id)
            assert failure.number in [each.number for each in window.book.of_cell(first.row, first.column)]
            window.errors.show_failure(failure.number)
            answers = window.errors.view.detail.shown.answers
            assert failure.entry.cause in answers["why"]
            assert answers["do"] == failure.entry.remedy
            assert ("tried again" in answers["then"]) is (case.outcome is DONE)
            assert window.errors.view.detail.shown.frames
        if case.whole:
            wholes = (Kind.CONNECTION, Kind.FRAME)
            await window.until(lambda: any(each.kind in wholes for each in window.book.all()))
            whole = next(each for each in window.book.all() if each.kind in wholes)
            assert whole.entry.name == case.whole
            assert (whole.row, whole.column) == (0, -1)
            if failures and case.whole == case.context:
                assert failures[0].cause == whole.number
        await window.disarm()
        assert await window.speaks_again(attempts=3) is DONE


def test_what_has_struck_as_often_as_it_may_is_armed_no_more():
    board = faulting.FaultBoard()
    entry = {"id": 1, "place": "create", "effect": "status", "code": 8, "times": 2}
    assert [len(board.take([{**entry, "struck": struck}], 1.0)) for struck in (0, 1)] == [0, 1]
    assert [fault.struck for fault in board.armed] == [1]
    assert [each.count for each in board.take([{**entry, "struck": 2}], 2.0)] == [1]
    assert board.armed == ()


def test_a_limit_is_in_force_and_told_once():
    board = faulting.FaultBoard()
    board.know(7, "everything", struck=1)
    told = board.take([{"id": 7, "place": "now", "effect": "limit", "maxConnections": 3, "struck": 1}], 1.0)
    assert told == []
    (limit,) = board.armed
    assert limit.line() == "in force  Change a limit, connections 3"
    assert limit.sentence().endswith("in force. Delete takes it back.")


def test_a_long_text_is_quoted_to_its_closing_mark():
    text = "You have reached the limit of 5 TTS contexts per connection. Please close other contexts."
    words = faulting.fault_words({"effect": "status", "place": "create", "message": text, "code": 8})
    assert "“You have reached the limit of 5 TTS contexts…”" in words


async def test_a_limit_that_shrinks_is_told_and_one_that_grows_heals(opened):
    async with opened() as window:
        await window.inject(plan("now", "limit", contexts_per_connection=1))
        records = [window.controller.pool.speak(TEXT) for _ in range(4)]
        await window.until(lambda: any(each.entry.name == "context_limit" for each in window.book.all()))
        await window.inject(plan("now", "limit", contexts_per_connection=5))
        for each in records:
            await each.cancel()
        assert await window.speaks_again() is DONE


async def test_what_is_armed_can_be_removed_and_strikes_no_more(opened):
    async with opened() as window:
        await window.inject(plan("create", "status", code=13))
        armed = window.faults.view.armed
        armed.setCurrentIndex(armed.model().index(0, 0))
        assert "Fail with a status" in armed.model().index(0, 0).data()
        armed.removeRequested.emit(armed.current)
        await window.until(lambda: not window.faults.armed)
        assert await window.speaks_again() is DONE
        assert window.book.total == 0


async def test_what_has_struck_is_told_with_its_time_to_whoever_marks_it(opened):
    async with opened() as window:
        heard, noticed = [], []
        window.controller.notice.connect(noticed.append)
        window.faults.injected.connect(heard.append)
        _, cell = await window.sounding()
        window.choose(cell)
        began = window.parts.bridge.now()
        await window.inject(plan("now", "drop", "row"))
        (injection,) = heard
        assert began <= injection.at <= window.parts.bridge.now()
        assert (injection.row, injection.column, injection.target) == (cell.row, -1, f"connection {cell.row + 1}")
        assert window.faults.injections == (injection,)
        assert [notice.text for notice in noticed if notice.kind == "break"] == [f"Injected: {injection.sentence()}"]


async def test_a_row_that_is_idle_can_be_broken(opened):
    async with opened() as window:
        assert await window.speaks_again() is DONE
        row = next(each for each in window.grid.rows if each.live)
        window.parts.window.cockpit.grid.choose(row.row, 0)
        await window.inject(plan("now", "drop", "row"))
        await window.until(lambda: any(each.kind is Kind.CONNECTION for each in window.book.all()))
        assert window.book.all()[0].row == row.row


async def test_a_cell_that_holds_nothing_cannot_be_broken(opened):
    async with opened() as window:
        assert await window.speaks_again() is DONE
        window.parts.window.cockpit.grid.choose(2, 4)
        window.faults.view._fill(plan("now", "status", "cell", code=13))
        window.faults.view.show_chosen("", "")
        window.faults.view.inject.click()
        await window.until(lambda: any("speak or fire something first" in text for text in window.told()))


@pytest.mark.parametrize(("effect", "place"), [(name, place) for name in EFFECTS for place in faulting.places_of(name)])
def test_every_effect_can_be_chosen_at_every_place(effect, place):
    values = dict.fromkeys((*faulting.parameters_of(effect), *faulting.triggers_of(place)))
    for aim in faulting.aims_of(place, effect):
        assert Plan(place, effect, aim, values).fault().effect == effect
    assert all(name in faulting.PARAMETER_WORDS for name in values)


@pytest.mark.parametrize("preset", faulting.PRESETS, ids=lambda preset: preset.name)
def test_every_preset_can_be(preset):
    chosen = preset.plan
    assert chosen.aim in faulting.aims_of(chosen.place, chosen.effect)
    known = (*faulting.parameters_of(chosen.effect), *faulting.triggers_of(chosen.place))
    assert set(chosen.values) <= set(known)
    chosen.fault()


@pytest.mark.parametrize(
    ("name", "text"), [("times", "x"), ("probability", "two"), ("http_status", "4.5"), ("chunk", "first")]
)
def test_what_is_typed_wrongly_is_a_sentence(name, text):
    with pytest.raises(SettingError, match="must be a"):
        faulting.parse(name, text)


def test_what_could_never_happen_is_said_in_the_dock(stage):
    from voxgrid.trouble.faults import FaultsFeature

    view = next(each for each in stage.parts.features if isinstance(each, FaultsFeature)).view
    asked = []
    view.injectRequested.connect(asked.append)
    view._fill(plan("upgrade", "refuse", http_status=404))
    view._fields["http_status"][1].setText("999")
    view.inject.setEnabled(True)
    view.inject.click()
    assert "between 400 and 599" in view.problem.text()
    assert asked == []
    view._fields["http_status"][1].setText("503")
    view.inject.click()
    assert asked[0].values["http_status"] == 503
