"""One record for each failure: where, in which state, why, whom else it hit, what followed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.failing import Life, connection, cut
from support.fake_events import FakePool
from voxgrid.models import failure_book, failure_words
from voxgrid.models.failure_book import FailureBook
from voxgrid.models.failures import BUCKET_S, STEPS, Kind, error_title
from voxpool.config import PoolConfig
from voxpool.events import CloseReason, FrameDropped, Outcome, SlotState, UtteranceEnded, UtteranceRetried
from voxpool.knowledge import UNKNOWN, Situation

LIMIT = "You have reached the limit of 5 TTS contexts per connection. Please close other contexts (code 8)"


def fold(*events):
    book = FailureBook()
    for event in events:
        for each in event if isinstance(event, list) else [event]:
            book.fold(each)
    return book


def test_a_refused_context_that_is_spoken_elsewhere_tells_its_whole_story():
    life = Life(utterance=7, row=2, column=3, connection=4)
    book = fold(
        life.queued(0.0),
        life.granted(1.0),
        life.slot(1.0, SlotState.RESERVED),
        life.slot(1.0, SlotState.CREATING),
        life.slot(1.25, SlotState.FAILED, code=8, detail=LIMIT),
        life.retried(1.25, LIMIT, 8),
        life.granted(1.5, row=5, column=0, connection=9),
        life.slot(1.5, SlotState.CREATING),
        life.heard(1.8),
        life.ended(3.0, Outcome.DONE, audio_s=2.0),
    )
    (failure,) = book.all()
    assert (failure.row, failure.column, failure.connection_id, failure.context_id) == (2, 3, 4, "c-7-1")
    assert (failure.utterance_id, failure.attempt, failure.label) == (7, 1, "Hello there.")
    assert (failure.state, failure.situation) == (SlotState.CREATING, Situation.CREATING)
    assert failure.state_s == pytest.approx(0.25)
    assert failure.entry.name == "context_limit"
    said = failure_words.then_words(failure)
    assert said == (
        "The pool tried again 250 ms later on connection 6, slot 1 (c-7-2); heard 550 ms after the failure, "
        "spoken to its end."
    )
    (group,) = book.groups
    assert (group.count, group.retried, group.recovered, group.cells) == (1, 1, 1, {(2, 3)})
    assert "Connection 3, slot 4" in failure_words.where_words(failure)
    assert "creating" in failure_words.state_words(failure)
    assert failure_words.whom_words(failure, book) == "Nobody else at that time."


def test_the_state_before_is_what_it_was_doing_and_not_what_the_failure_made_of_its_slot():
    life = Life()
    book = fold(
        life.speaking(0.0),
        life.heard(0.2),
        life.slot(0.5, SlotState.DRAINING),
        # The pool gives the slot up first and tells of the failure a moment later.
        life.slot(1.5, SlotState.CLOSING),
        life.failed(1.50003, "injected fault (code 13)", 13, audio_s=2.2),
        life.slot(1.6, SlotState.EMPTY),
    )
    (failure,) = book.all()
    assert (failure.state, failure.situation) == (SlotState.DRAINING, Situation.STREAMING)
    assert failure.state_s == pytest.approx(1.0)
    assert failure_words.state_words(failure).startswith("It was draining for 1.00 s (close was sent;")


def test_a_lost_connection_is_not_called_by_the_number_of_another_row():
    life = Life(row=0, connection=11)
    book = fold(life.speaking(0.0), cut(1.0, 11, 0, [life]))
    hit = next(each for each in book.all() if each.kind is Kind.CONTEXT)
    assert hit.title == "The connection was lost before any audio: the other end cut it off"
    assert "Connection 1, slot 1 · connection id 11" in failure_words.where_words(hit)


def failing_twice(again_at):
    """Return the book of an utterance whose two attempts fail, the second at a moment."""
    life = Life()
    return fold(
        life.queued(),
        life.granted(0.0),
        life.slot(0.0, SlotState.CREATING),
        life.slot(0.1, SlotState.FAILED, code=14),
        life.retried(0.1, "unavailable (code 14)", 14),
        life.granted(0.2, row=1),
        life.slot(0.2, SlotState.CREATING),
        life.slot(again_at, SlotState.FAILED, code=14),
        life.failed(again_at, "unavailable (code 14)", 14),
    )


def test_errors_of_the_last_minute_are_those_that_are_listed():
    book = failing_twice(50.0)
    book.add(Kind.CONNECTION, 51.0, "connection 3 was lost", Situation.CONNECTION)
    assert [book.count_since(moment) for moment in (0.0, 1.0, 50.5, 60.0)] == [len(book), 2, 1, 0]


def test_two_attempts_that_fail_are_two_records_that_know_of_each_other():
    book = failing_twice(0.3)
    last, first = book.all()
    assert first.sequel.failed_again == last.number
    assert first.sequel.outcome is Outcome.FAILED
    assert "that failed too" in failure_words.then_words(first)
    assert failure_words.then_words(last) == "The pool did not try again: it had had 2 attempts."
    assert [failure.number for failure in book.of_cell(1, 0)] == [last.number]
    assert book.count_of_cell(0, 0) == 1


@pytest.mark.parametrize(
    ("code", "audio_s", "why"),
    [(None, 0.5, "would have been heard twice"), (3, 0.0, "the same would happen again"), (13, 0.0, "the time for it")],
)
def test_why_it_is_not_tried_again(code, audio_s, why):
    life = Life()
    book = fold(life.speaking(0.0), life.slot(1.0, SlotState.FAILED), life.failed(1.0, "so", code, audio_s))
    assert why in failure_words.then_words(book.all()[0])


def test_a_lost_connection_tells_whom_it_took_and_what_became_of_them():
    lives = [Life(utterance=n, column=n - 1) for n in (1, 2, 3)]
    closing = Life(utterance=4, column=3)
    heard = [lives[2]]
    book = fold(
        *(life.speaking(0.0) for life in [*lives, closing]),
        lives[2].heard(0.5),
        closing.ended(0.6, Outcome.CANCELLED),
        closing.slot(0.6, SlotState.CLOSING),
        closing.slot(1.0, SlotState.EMPTY, detail="network"),
        cut(1.0, lives=lives, heard=heard),
        lives[0].granted(1.1, row=1, connection=2),
        lives[0].heard(1.3),
        lives[0].ended(2.0, Outcome.DONE, audio_s=1.0),
    )
    lost = next(failure for failure in book.all() if failure.kind is Kind.CONNECTION)
    assert lost.title == "Connection lost: the other end cut it off"
    assert (lost.row, lost.column, lost.connection_id, lost.quiet) == (0, -1, 1, 1)
    assert lost.entry.name == "cut"
    hit = [book.get(number) for number in lost.hits]
    assert [each.utterance_id for each in hit] == [1, 2, 3]
    assert all(each.cause == lost.number for each in hit)
    assert failure_words.blast_words(lost, book) == (
        "3 contexts died with it. 2 tried again (1 spoken so far). 1 given up. 1 listener heard the speech break off. "
        "1 context that had ended went with it."
    )
    assert failure_words.hit_words(lost, book) == [
        "slot 1 · #1 · nothing heard yet · spoken on 2·1",
        "slot 2 · #2 · nothing heard yet · waits again",
        "slot 3 · #3 · heard 0.50 s, then silence · given up",
    ]
    assert "2 other contexts" in failure_words.whom_words(hit[0], book)
    # What each had heard does not make kinds of errors of them.
    assert len(book.groups) == 2


def test_a_connection_is_told_once_and_only_when_nobody_wished_it():
    book = fold(
        connection(0.0, 1, 0, "open"),
        connection(1.0, 1, 0, "retiring", CloseReason.IDLE, "no context for 300 s"),
        connection(1.1, 1, 0, "closed", CloseReason.IDLE),
        connection(2.0, 2, 0, "closed", CloseReason.CONNECT_FAILED, "could not connect to h: nothing listens there"),
    )
    (failure,) = book.all()
    assert failure.situation is Situation.CONNECTING
    assert failure.entry.name == "nobody_listens"


def test_who_never_had_a_slot_fails_in_the_queue():
    life = Life(utterance=3)
    text = "no context within 5 s: timed out while queueing (queueing 5.00 s)"
    book = fold(life.queued(), life.failed(5.0, text))
    (failure,) = book.all()
    assert (failure.kind, failure.row, failure.label) == (Kind.QUEUE, -1, "Hello there.")
    assert failure.entry.name == "queue_too_long"
    assert "In the queue" in failure_words.where_words(failure)


def test_a_broken_context_fails_in_the_state_in_which_it_was():
    life = Life()
    book = fold(
        life.speaking(0.0),
        life.heard(0.5),
        life.failed(1.0, "internal (code 13)", 13, audio_s=0.4),
        life.slot(1.0, SlotState.CLOSING),
        life.slot(1.1, SlotState.EMPTY),
    )
    (failure,) = book.all()
    assert (failure.state, failure.situation) == (SlotState.GENERATING, Situation.STREAMING)
    assert book._sites == {}


def test_zombies_and_odd_frames_are_failures_too():
    life = Life(row=3, column=1)
    book = fold(
        life.speaking(0.0),
        life.ended(1.0, Outcome.DONE),
        life.slot(1.0, SlotState.CLOSING),
        life.slot(9.0, SlotState.ZOMBIE, detail="nothing came for 8.0 s after it was closed"),
        FrameDropped(at=9.0, connection_id=1, row=3, kind="malformed", text="it cannot be understood", count=4),
    )
    frame, zombie = book.all()
    assert (zombie.kind, zombie.entry.name, zombie.row, zombie.column) == (Kind.SLOT, "zombie", 3, 1)
    assert (frame.kind, frame.entry.name, frame.row) == (Kind.FRAME, "bad_frame", 3)
    assert "4 so far" in frame.text


def test_a_group_remembers_when():
    book = FailureBook()
    for at in (0.0, BUCKET_S, BUCKET_S + 1, 3 * BUCKET_S):
        book.add(Kind.CONTEXT, at, f"no audio within {at} s", Situation.WAITING, row=int(at) % 3, column=0)
    (group,) = book.groups
    assert (group.count, group.first_at, group.last_at) == (4, 0.0, 3 * BUCKET_S)
    assert group.sparkline(3 * BUCKET_S)[-4:] == (1, 2, 0, 1)
    assert sum(group.sparkline(3 * BUCKET_S + STEPS * BUCKET_S)) == 0


def test_failures_and_groups_are_bounded(monkeypatch):
    monkeypatch.setattr(failure_book, "GROUPS_KEPT", 5)
    book = FailureBook(kept=10)
    for number in range(40):
        word = "abcdefgh"[number % 8]
        book.add(Kind.CONTEXT, float(number), f"trouble {word}", Situation.WAITING, row=0, column=0)
    assert len(book) == 10
    assert len(book.groups) == 5
    assert book.total == 40
    assert book.count_of_cell(0, 0) == 10


def test_a_title_without_words_names_the_code():
    assert error_title(8, "") == "Limit (code 8)"
    assert error_title(16, "no key was sent (code 16); give one") == "No key was sent; give one (code 16)"


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 0.6))
def test_every_failed_attempt_of_a_busy_pool_is_one_record_that_can_be_told(seed, troubles):
    pool = FakePool(seed=seed, troubles=troubles, config=PoolConfig(max_connections=3))
    subscription = pool.events.subscribe()
    book = FailureBook()
    pool.open(3)
    attempts = 0
    for step in range(30):
        pool.fire(2)
        pool.advance(0.2)
        if step == 15:
            pool.cut(1)
        for event in subscription.drain():
            book.fold(event)
            retried = isinstance(event, UtteranceRetried)
            attempts += retried or (isinstance(event, UtteranceEnded) and event.outcome is Outcome.FAILED)
    of_utterances = [each for each in book.all() if each.kind in (Kind.CONTEXT, Kind.QUEUE)]
    assert len(of_utterances) == attempts
    assert sum(group.count for group in book.groups) == book.total
    for failure in book.all():
        assert failure.entry is not UNKNOWN
        assert failure.title in failure_words.failure_sentence(failure, book, pool.now)
        assert failure.entry.remedy in failure_words.report(failure, book, 0.0)
        assert failure_words.failure_line(failure, 0.0)
        if failure.cause:
            assert failure.number in book.get(failure.cause).hits
