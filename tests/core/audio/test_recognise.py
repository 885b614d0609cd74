"""The judge is judged: it must know speech, and must not be taken in by anything else."""

import numpy as np
import pytest

from support.sound import noise, silence, sine

recognise = pytest.importorskip("support.recognise", reason="pocketsphinx has no wheel for this Python")


def heard(pcm, rate_hz, sentence):
    return recognise.share_of_words(pcm, rate_hz, sentence)


@pytest.mark.parametrize(("voice", "threshold"), [("Ashley", recognise.ESPEAK), ("Joe", recognise.NEURAL)])
def test_speech_is_recognised(speech, voice, threshold):
    sentence, pcm, rate_hz = speech(voice)
    assert heard(pcm, rate_hz, sentence) >= threshold


@pytest.mark.parametrize("voice", ["Ashley", "Joe"])
def test_the_same_sound_in_another_order_is_not(speech, voice):
    sentence, pcm, rate_hz = speech(voice)
    assert heard(pcm[::-1], rate_hz, sentence) < recognise.ESPEAK
    size = rate_hz // 10
    pieces = [pcm[begin : begin + size] for begin in range(0, len(pcm), size)]
    order = np.random.default_rng(1).permutation(len(pieces))
    assert heard(np.concatenate([pieces[number] for number in order]), rate_hz, sentence) < recognise.ESPEAK


@pytest.mark.parametrize(
    "pcm", [silence(2), noise(2) // 4, sine(2), silence(0)], ids=["silence", "noise", "tone", "nothing"]
)
def test_what_is_no_speech_has_no_words(pcm):
    assert heard(pcm, 48_000, "The weather is nice today, and the small dog is running in the park.") < 0.1


def test_another_sentence_is_not_this_one(speech):
    _sentence, pcm, rate_hz = speech("Joe")
    other = "Seven green bottles fell from every shelf when my uncle slammed his old wooden door behind him."
    assert heard(pcm, rate_hz, other) < 1 / 4


@pytest.mark.parametrize(
    ("heard", "found"),
    [("a b c", 3), ("c b a", 1), ("x a y c z", 2), ("", 0), ("a a a", 1), ("b c a b", 2)],
)
def test_words_are_counted_in_order(heard, found):
    assert recognise.found_in_order(heard.split(), ["a", "b", "c"]) == found
