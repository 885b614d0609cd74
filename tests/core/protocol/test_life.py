"""The table of a context's life: total where it must be, and without dead ends."""

from __future__ import annotations

import pytest

from voxpool.events import SlotState
from voxpool.protocol.life import DEAF, HEARING, OURS, SLOT_STATES, TABLE, Phase, Step, meaning

LIVE = [phase for phase in Phase if not phase.over]
CLOSE_SENT = [
    Phase.CREATING_LAST,
    Phase.CREATING_BARE,
    Phase.FINISHING,
    Phase.DRAINING,
    Phase.CLOSING,
    Phase.CANCELLED_CLOSING,
    Phase.BROKEN_CLOSING,
]


def test_every_phase_has_a_row_and_a_slot_state() -> None:
    assert set(TABLE) == set(SLOT_STATES) == set(Phase)


def test_nothing_follows_the_end() -> None:
    assert [phase for phase in Phase if not TABLE[phase]] == [Phase.DONE, Phase.FAILED]


@pytest.mark.parametrize("phase", LIVE)
@pytest.mark.parametrize("step", [Step.ENDED, Step.GONE, Step.LOST])
def test_every_end_ends_every_phase(phase: Phase, step: Step) -> None:
    assert TABLE[phase][step].over


@pytest.mark.parametrize("phase", LIVE)
def test_nothing_else_ends_a_context(phase: Phase) -> None:
    ends = {step for step, target in TABLE[phase].items() if target.over}
    assert ends == {Step.ENDED, Step.GONE, Step.LOST}


@pytest.mark.parametrize("phase", LIVE)
def test_a_defect_never_meets_an_unprepared_phase(phase: Phase) -> None:
    assert TABLE[phase][Step.BROKE] in DEAF


@pytest.mark.parametrize("phase", CLOSE_SENT)
def test_close_and_text_are_not_sent_behind_a_close(phase: Phase) -> None:
    assert not TABLE[phase].keys() & {Step.CLOSE, Step.TEXT, Step.FLUSH}


@pytest.mark.parametrize("phase", LIVE)
def test_close_leads_where_no_second_close_is_sent(phase: Phase) -> None:
    target = TABLE[phase].get(Step.CLOSE)
    assert target is None or target in CLOSE_SENT


@pytest.mark.parametrize("phase", LIVE)
def test_every_context_can_be_got_rid_of(phase: Phase) -> None:
    """Whatever the phase, a cancel or a close is possible, or was sent."""
    assert phase in CLOSE_SENT or Step.CLOSE in TABLE[phase]
    assert phase in DEAF or Step.CANCEL in TABLE[phase]


@pytest.mark.parametrize("phase", sorted(DEAF, key=str))
def test_a_deaf_context_never_hears_again(phase: Phase) -> None:
    assert all(target in DEAF or target.over for target in TABLE[phase].values())


@pytest.mark.parametrize("phase", sorted(HEARING, key=str))
def test_audio_changes_nothing_while_hearing(phase: Phase) -> None:
    assert TABLE[phase][Step.AUDIO] is phase


@pytest.mark.parametrize("phase", LIVE)
def test_what_merely_informs_changes_nothing(phase: Phase) -> None:
    for step in (Step.FLUSHED, Step.UPDATED, Step.REFUSED):
        assert TABLE[phase].get(step, phase) is phase


def test_all_phases_are_reached() -> None:
    reached, edge = {Phase.CREATING}, [Phase.CREATING]
    while edge:
        for target in TABLE[edge.pop()].values():
            if target not in reached:
                reached.add(target)
                edge.append(target)
    assert reached == set(Phase)


def test_live_phases_hold_a_slot_and_the_others_do_not() -> None:
    assert all(SLOT_STATES[phase].holds_slot is not phase.over for phase in Phase)


ORDER = [SlotState.CREATING, SlotState.OPEN, SlotState.GENERATING, SlotState.DRAINING, SlotState.CLOSING]


@pytest.mark.parametrize("phase", LIVE)
def test_the_grid_sees_a_life_go_forward(phase: Phase) -> None:
    for step, target in TABLE[phase].items():
        if not target.over:
            assert ORDER.index(SLOT_STATES[target]) >= ORDER.index(SLOT_STATES[phase]), (phase, step)


def test_our_steps_are_the_four_messages() -> None:
    assert {Step.TEXT, Step.FLUSH, Step.CLOSE, Step.CANCEL} == OURS


@pytest.mark.parametrize("code", range(1, 17))
def test_any_status_instead_of_a_confirmation_is_the_end(code: int) -> None:
    assert meaning(code, confirmed=False) is Step.GONE


@pytest.mark.parametrize(
    ("code", "step"),
    [(3, Step.REFUSED), (12, Step.REFUSED), (5, Step.GONE), (8, Step.GONE)]
    + [(code, Step.BROKE) for code in (1, 2, 4, 6, 7, 9, 10, 11, 13, 14, 15, 16, 99)],
)
def test_what_a_status_does_to_a_confirmed_context(code: int, step: Step) -> None:
    assert meaning(code, confirmed=True) is step
