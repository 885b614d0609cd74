"""The sound of an utterance is found among others of the same number, and never taken for another's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.recordings import make_writer
from voxpool.events import Outcome, UtteranceEnded
from voxpool.recording.items import Audio, Coming, PoolBegan
from voxpool.recording.reader import Recording
from voxpool.recording.sound import sound_of

RATE = 1000


def ended(at, utterance_id):
    return UtteranceEnded(
        at=at, utterance_id=utterance_id, context_id="vx-1", outcome=Outcome.DONE, attempts=1, audio_s=1.0, chunks=1,
        characters=1,
    )  # fmt: skip


def pool(at, coming=Coming.NEW):
    return PoolBegan(at=at, rows=20, columns=5, coming=coming)


def pcm_of(serial, samples):
    return np.random.default_rng(serial).integers(-3000, 3000, samples, dtype=np.int16)


def sound(at, utterance_id, pcm):
    """As the window writes it: in pieces, one behind the other."""
    for begin in range(0, len(pcm), 2 * RATE):
        piece = pcm[begin : begin + 2 * RATE].astype("<i2").tobytes()
        yield Audio(at=at, utterance_id=utterance_id, sample_rate_hz=RATE, start_s=begin / RATE, pcm=piece)


def recorded(folder, *items):
    writer = make_writer(folder)
    for item in items:
        writer.write(item)
    writer.close()
    return Recording(writer.files)


@given(st.lists(st.tuples(st.sampled_from([Coming.NEW, Coming.VISIT]), st.integers(1, 4)), min_size=1, max_size=5))
def test_each_utterance_of_each_pool_has_its_own_sound(tmp_path_factory, pools):
    """Every pool counts from 1; guests end utterances of the same numbers, without sound."""
    items, truth, at = [pool(0.0)], {}, 1.0
    for serial, (coming, count) in enumerate(pools):
        items.append(pool(at, coming))
        for number in range(1, count + 1):
            at += 20.0
            items.append(ended(at, number))
            if coming is Coming.NEW:
                truth[at - 5.0, number] = pcm_of(serial * 10 + number, 4500)
                items += sound(at + 0.2, number, truth[at - 5.0, number])
        at += 20.0
        if coming is Coming.VISIT:
            items.append(pool(at, Coming.RETURN))
        at += 1.0
    with recorded(tmp_path_factory.mktemp("sound"), *items) as recording:
        for (requested_at, number), pcm in truth.items():
            found = sound_of(recording, number, requested_at)
            assert found is not None
            assert found.sample_rate_hz == RATE
            assert found.pcm.dtype == np.int16
            assert np.array_equal(found.pcm, pcm)


@pytest.mark.parametrize(
    "items",
    [
        [],
        [ended(12.0, 8)],
        [ended(12.0, 7)],
        [ended(12.0, 7), *sound(12.1, 8, pcm_of(1, 100))],
        [pool(11.0), ended(12.0, 7), *sound(12.1, 7, pcm_of(1, 100))],
    ],
    ids=["nothing", "another ended", "no sound", "sound of another", "another pool's"],
)
def test_what_was_not_recorded_is_not_made_up(tmp_path, items):
    with recorded(tmp_path, pool(0.0), ended(1.0, 1), *items) as recording:
        assert sound_of(recording, 7, 10.0) is None


def test_a_guests_utterance_of_the_same_number_does_not_end_ours(tmp_path):
    pcm = pcm_of(3, 3000)
    items = [pool(0.0), pool(11.0, Coming.VISIT), ended(12.0, 7), pool(30.0, Coming.RETURN), ended(31.0, 7)]
    with recorded(tmp_path, *items, *sound(31.1, 7, pcm)) as recording:
        found = sound_of(recording, 7, 10.0)
        assert found is not None
        assert np.array_equal(found.pcm, pcm)
