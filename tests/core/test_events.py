"""The event stream: bounded, ordered, serialisable, and never in the way."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpool import events
from voxpool.errors import SettingError
from voxpool.events import (
    CloseReason,
    ConnectionChanged,
    ConnectionState,
    Event,
    EventStream,
    PoolNotice,
    SlotState,
    event_from_dict,
)


def notice(number: int) -> PoolNotice:
    return PoolNotice(at=float(number), kind="test", text=str(number))


@given(st.integers(1, 20), st.lists(st.booleans(), max_size=60))
def test_a_subscription_keeps_the_newest_and_counts_the_rest(limit: int, steps: list[bool]) -> None:
    stream = EventStream()
    subscription = stream.subscribe(limit)
    waiting: list[int] = []
    lost = emitted = 0
    for emit in steps:
        if emit:
            stream.emit(notice(emitted))
            waiting.append(emitted)
            emitted += 1
            if len(waiting) > limit:
                waiting.pop(0)
                lost += 1
        else:
            assert [event.at for event in subscription.drain()] == waiting
            waiting.clear()
    assert subscription.lost == lost
    assert len(subscription) == len(waiting)


@pytest.mark.parametrize("limit", [0, -1, 1.5, print], ids=["none", "negative", "half", "function"])
def test_a_limit_that_is_none_is_refused_before_it_can_harm_the_pool(limit: object) -> None:
    stream = EventStream()
    with pytest.raises(SettingError, match=r"limit is .*at least 1"):
        stream.subscribe(limit)  # type: ignore[arg-type]
    stream.emit(notice(1))


def test_one_that_has_left_hears_nothing_and_may_leave_twice() -> None:
    stream = EventStream()
    gone, there = stream.subscribe(), stream.subscribe()
    gone.close()
    gone.close()
    stream.emit(notice(1))
    assert list(gone.drain()) == []
    assert len(list(there.drain())) == 1


def test_whoever_leaves_or_comes_while_an_event_is_told_makes_nobody_miss_it() -> None:
    stream = EventStream()

    def leave() -> None:
        leaving.close()
        stream.subscribe()

    leaving = stream.subscribe(wake=leave)
    staying = stream.subscribe()
    stream.emit(notice(1))
    stream.emit(notice(2))
    assert [*staying.drain()] == [notice(1), notice(2)]
    assert staying.lost == 0
    assert [*leaving.drain()] == [notice(1)]


def test_a_sleeper_is_woken_once_for_many() -> None:
    stream, woken = EventStream(), []
    subscription = stream.subscribe(wake=lambda: woken.append(True))
    for number in range(5):
        stream.emit(notice(number))
    assert len(woken) == 1
    list(subscription.drain())
    stream.emit(notice(5))
    assert len(woken) == 2


@pytest.mark.parametrize(
    "kind", [each for each in vars(events).values() if isinstance(each, type) and issubclass(each, events.Event)]
)
def test_every_event_is_frozen_and_says_its_name(kind: type[events.Event]) -> None:
    fields = {
        field.name: {"int": 1, "float": 1.5, "str": "x"}.get(str(field.type)) for field in dataclasses.fields(kind)
    }
    event = kind(**fields)  # type: ignore[arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.at = 2.0  # type: ignore[misc]
    assert json.loads(json.dumps(event.to_dict()))["event"] == kind.__name__


def test_enums_serialise_as_their_words() -> None:
    event = ConnectionChanged(
        at=1.0,
        connection_id=1,
        row=0,
        old=None,
        new=ConnectionState.CLOSED,
        reason=CloseReason.IDLE,
    )
    assert event.to_dict() == {
        "event": "ConnectionChanged",
        "at": 1.0,
        "connection_id": 1,
        "row": 0,
        "old": None,
        "new": "closed",
        "reason": "idle",
        "detail": "",
    }


def test_only_an_empty_or_failed_slot_is_free() -> None:
    assert {state for state in SlotState if not state.holds_slot} == {SlotState.EMPTY, SlotState.FAILED}


kinds = st.one_of([st.builds(kind) for kind in Event.__subclasses__()])
kinds.validate()  # reads every annotation once, which is slow, before a test is timed


@given(kinds)
def test_an_event_survives_json(event: Event) -> None:
    # JSON has no infinities and no NaN that equals itself.
    data = json.loads(json.dumps(event.to_dict()))
    assert repr(event_from_dict(data)) == repr(event)
    assert repr(event_from_dict(data | {"of the future": 1})) == repr(event)


@given(kinds, st.data())
def test_what_is_no_event_is_refused_by_name(event: Event, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from([each.name for each in dataclasses.fields(event)]))
    wrong = event.to_dict() | {field: data.draw(st.sampled_from([[], {}, True, b""]))}
    with pytest.raises(ValueError, match=field):
        event_from_dict(wrong)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "no event None"),
        ({"event": 1}, "no event 1"),
        ({"event": "Event", "at": 1}, "no event 'Event'"),
        ({"event": "PoolNotice", "at": 1}, "PoolNotice has no kind"),
        ({"event": "ConnectionChanged", "at": 1, "connection_id": 1, "row": 0, "old": None, "new": "sleepy"}, "sleepy"),
    ],
)
def test_it_says_what_is_missing_or_unknown(data: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        event_from_dict(data)
