"""What callers do: pure, seeded, and within their limits."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from voxpool.protocol.settings import ContextSettings
from voxpool.stress.behaviours import Conversing, Feeding, Interrupting, OneShot, Words

texts = st.text(min_size=1, max_size=200).filter(str.strip)
seeds = st.integers(0, 1000)


def saying(text):
    return lambda random: Words(text, ContextSettings())


def test_one_shot_is_one_turn():
    (turn,) = OneShot().turns(saying("Hello."), Random(1))
    assert (turn.words.text, turn.interruption, turn.pieces) == ("Hello.", None, ())


@given(texts, seeds, st.sampled_from(["tokens", "sentences", "whole"]))
def test_a_language_model_writes_the_whole_text_in_order_at_its_pace(text, seed, chunking):
    (turn,) = Feeding(tokens_per_s=10, first_token_s=0.5, chunking=chunking).turns(saying(text), Random(seed))

    assert "".join(piece.text for piece in turn.pieces) == text
    times = [piece.at_s for piece in turn.pieces]
    assert times == sorted(times)
    assert times[0] >= 0.5
    assert turn.sentences == (chunking == "sentences")


def test_whole_waits_for_the_last_token():
    text = "four more bits here"
    (pieced,) = Feeding(chunking="tokens").turns(saying(text), Random(1))
    (whole,) = Feeding(chunking="whole").turns(saying(text), Random(1))

    assert len(whole.pieces) == 1
    assert whole.pieces[0].at_s == pieced.pieces[-1].at_s


@given(seeds, st.integers(0, 5))
def test_the_last_of_a_storm_is_heard_to_its_end(seed, restarts):
    turns = list(Interrupting(least_s=0.1, most_s=0.4, restarts=restarts).turns(saying("Hello."), Random(seed)))

    assert len(turns) == restarts + 1
    cut = [turn.interruption for turn in turns if turn.interruption is not None]
    assert len(cut) == max(1, restarts)
    assert all(0.1 <= each.after_s <= 0.4 for each in cut)
    assert turns[-1].interruption is None or restarts == 0


@given(seeds)
def test_a_conversation_has_turns_pauses_and_an_ear(seed):
    behaviour = Conversing(turns_least=2, turns_most=5, talk_share=0.25, think_s=1.0, barge_in=0.0)
    turns = list(behaviour.turns(saying("Hello."), Random(seed)))

    assert 2 <= len(turns) <= 5
    assert turns[0].pause_s == turns[0].pause_per_audio == 0.0
    # A voice that has a quarter of the talking leaves three times its own length to the caller.
    assert all(turn.pause_per_audio == 3.0 and 0.5 <= turn.pause_s <= 1.5 for turn in turns[1:])
    assert all(turn.listens for turn in turns)
    assert turns == list(behaviour.turns(saying("Hello."), Random(seed)))
