"""Words, sentences, advice, matching."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxgrid.models.cell import CellState, Look, RowState
from voxgrid.models.matching import rank
from voxgrid.models.sentences import cell_sentence, cell_tip, row_sentence, row_words, second_line
from voxgrid.models.wording import CLOSE_WORDS, STATE_MEANINGS, STATE_WORDS, age, failure, millis, without_id
from voxgrid.speech.notice import as_sentence
from voxpool.events import CloseReason, ConnectionState, Outcome, SlotState


@given(st.floats(0, 99_949))
def test_a_latency_takes_at_most_six_characters(value_ms):
    assert len(millis(value_ms)) <= 6


@pytest.mark.parametrize(
    ("value_ms", "text"),
    [(None, "–"), (0, "0 ms"), (118.4, "118 ms"), (999.6, "1.00 s"), (2412, "2.41 s"), (9996, "10.0 s")],
)
def test_latencies_read_well(value_ms, text):
    assert millis(value_ms) == text


@given(st.floats(0, 86_400 * 99))
def test_an_age_takes_at_most_four_characters(seconds):
    assert re.fullmatch(r"\d{1,2} [smhd]", age(seconds))


def test_every_state_and_reason_has_words():
    assert set(STATE_WORDS) == set(STATE_MEANINGS) == set(SlotState)
    assert set(CLOSE_WORDS) == set(CloseReason)
    assert all(len(word) <= 11 for word in CLOSE_WORDS.values())


def test_a_failure_names_its_code_or_its_cause():
    assert failure(8, "whatever") == "code 8 · limit"
    assert failure(99, "") == "code 99"
    assert failure(None, "connection 3 was lost before any audio: cut (1006)") == "cut (1006)"
    assert failure(None, "") == "failed"


def test_a_sentence_names_no_connection_by_its_serial_number():
    lost = "connection 11 was lost after 0.70 s of audio: the other end cut it off"
    assert as_sentence(lost) == "The connection was lost after 0.70 s of audio: the other end cut it off."
    assert without_id(f"attempt 1 failed: {lost}").startswith("attempt 1 failed: the connection was lost after")


@pytest.mark.parametrize("state", list(SlotState))
def test_a_screen_reader_hears_where_and_what_for_every_state(state):
    cell = CellState(9, 1, state, 90.0, 5, snippet="One moment", granted_at=90.0, ttfa_ms=121.0, code=8)
    said = cell_sentence(cell, 100.0)
    assert said.startswith("Connection 10, slot 2: ")
    assert "“One moment”" in said
    assert "121 milliseconds" in said
    assert "One moment" in cell_tip(cell, 100.0)


def test_an_empty_cell_is_called_empty():
    assert cell_sentence(CellState(0, 0), 0.0) == "Connection 1, slot 1: empty"
    assert second_line(CellState(0, 0), 0.0) == ""


def test_a_finished_cell_is_called_done():
    cell = CellState(0, 0, utterance_id=3, outcome=Outcome.DONE, audio_s=2.5)
    assert cell.look is Look.DONE
    assert "done" in cell_sentence(cell, 0.0)
    assert "2.5 seconds of audio" in cell_sentence(cell, 0.0)


def test_a_row_says_why_it_last_closed():
    row = RowState(3, ConnectionState.OPEN, 9, 10.0, 10.0, 4.2, CloseReason.ZOMBIE, "2 zombies", 1)
    assert row_words(row, 190.0) == ("open", "4 ms", "3 m", "zombies")
    assert row_sentence(row, 190.0) == (
        "Connection 4: open for 3 minutes, ping 4 milliseconds, last closed: zombie (2 zombies)"
    )
    assert row_sentence(RowState(3), 0.0) == "Connection 4: not opened yet"


NAMES = ["File: Endpoint", "Speech: Speak", "Speech: Stop", "Speech: Stop all", "View: Full screen", "Help: Keys"]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("stop", "Speech: Stop"),
        ("full", "View: Full screen"),
        ("keys", "Help: Keys"),
        ("sall", "Speech: Stop all"),
        ("end", "File: Endpoint"),
        ("sc", "View: Full screen"),
    ],
)
def test_a_few_letters_find_the_command(typed, first):
    assert NAMES[rank(typed, NAMES)[0]] == first


def test_nothing_typed_finds_everything_and_nonsense_nothing():
    assert rank("", NAMES) == list(range(len(NAMES)))
    assert rank("zzzq", NAMES) == []
