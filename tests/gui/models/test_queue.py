"""The queue model: waiters in the pool's order."""

from hypothesis import given
from hypothesis import strategies as st

from support.fake_events import FakePool
from voxgrid.models.queue import QueueModel
from voxpool.config import PoolConfig
from voxpool.events import Outcome, UtteranceEnded, UtteranceQueued


def test_one_that_is_served_at_once_never_waits():
    model = QueueModel()
    model.fold(UtteranceQueued(at=1, utterance_id=1, waiting=0, label="a", voice="Joe"))
    assert len(model) == 0
    assert not model.changed


def test_one_that_is_cancelled_in_the_queue_leaves_it():
    model = QueueModel()
    model.fold(UtteranceQueued(at=1, utterance_id=1, waiting=1, label="a", voice="Joe"))
    model.fold(
        UtteranceEnded(
            at=2,
            utterance_id=1,
            context_id="",
            outcome=Outcome.CANCELLED,
            attempts=0,
            audio_s=0,
            chunks=0,
            characters=0,
        )
    )
    assert len(model) == 0


def test_ages_count_from_the_request():
    model = QueueModel()
    for number, at in ((1, 10.0), (2, 12.5)):
        model.fold(UtteranceQueued(at=at, utterance_id=number, waiting=number, label="a", voice="Joe"))
    assert model.oldest_s(13.0) == 3.0
    assert [waiter.utterance_id for waiter in model.waiters] == [1, 2]


@given(seed=st.integers(0, 1000), bursts=st.lists(st.integers(0, 30), max_size=12))
def test_the_queue_always_agrees_with_the_pool(seed, bursts):
    pool = FakePool(seed=seed, troubles=0.0, config=PoolConfig(max_connections=2))
    model = QueueModel()
    subscription = pool.events.subscribe()
    pool.open(2)
    for burst in bursts:
        pool.fire(burst)
        pool.advance(0.4)
        for event in subscription.drain():
            model.fold(event)
        assert [waiter.utterance_id for waiter in model.waiters] == [utterance.id for utterance in pool.waiting]
