"""Chunks, pace, turns, cache and scripts: the small pure rules of delivery."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpool.server.cache import SpeechCache
from voxpool.server.chunking import Chunker, ChunkSizes
from voxpool.server.config import INSTANT, SERVICE, TimingProfile
from voxpool.server.fairness import FairQueue
from voxpool.server.pacing import Pacer
from voxpool.server.scripts import language_of
from voxpool.server.speech import Speech, SpeechRequest


@given(st.lists(st.integers(0, 4000), max_size=12), st.integers(0, 5))
def test_chunks_are_the_audio(lengths, last):
    chunker = Chunker(ChunkSizes(1600, 4000, last))
    data = random.Random(1).randbytes(2 * sum(lengths))
    out, position = [], 0
    for length in lengths:
        chunker.push(data[position : position + 2 * length])
        position += 2 * length
        while (chunk := chunker.take()) is not None:
            out.append(chunk)
        assert chunker.held_bytes == position - sum(map(len, out))
    out += chunker.finish()
    assert chunker.held_bytes == 0
    assert b"".join(out) == data
    assert all(len(chunk) % 2 == 0 and chunk for chunk in out)
    if last and sum(lengths) > last:
        assert len(out[-1]) == 2 * last


def test_the_observed_sizes():
    """LINEAR16 at 16 kHz, as captured: 0.2 s, 0.5 s pieces, the remainder, five samples (section 7)."""
    chunker = Chunker(ChunkSizes.of(16000, 0.2, 0.5, 5))
    chunker.push(bytes(2 * 16000))
    out = [chunker.take(), chunker.take()]
    assert chunker.take() is None
    out += chunker.finish()
    assert [len(chunk) // 2 for chunk in out] == [3200, 8000, 4795, 5]


def due_times(profile, durations, *, seed=1, begin=100.0):
    pacer = Pacer(profile, random.Random(seed))
    pacer.begin(begin, continues=False)
    return [pacer.due(duration) for duration in durations]


def test_instant_never_waits():
    assert due_times(INSTANT, [0.2, 0.5, 0.5]) == [None, None, None]


def test_real_time_is_steady_across_syntheses():
    pacer = Pacer(TimingProfile(delivery_rate=1.0), random.Random(0))
    pacer.begin(10.0, continues=False)
    due = [pacer.due(0.5) for _ in range(4)]
    pacer.begin(11.7, continues=True)
    due += [pacer.due(0.5) for _ in range(2)]
    assert due == pytest.approx([10.0, 10.5, 11.0, 11.5, 12.0, 12.5])


def test_after_a_pause_the_schedule_starts_anew():
    pacer = Pacer(TimingProfile(delivery_rate=2.0, first_audio_s=0.1), random.Random(0))
    pacer.begin(10.0, continues=False)
    assert pacer.due(1.0) == pytest.approx(10.1)
    pacer.begin(50.0, continues=False)
    assert [pacer.due(1.0), pacer.due(1.0)] == pytest.approx([50.1, 50.6])


def test_first_audio_is_a_distribution_around_its_median():
    waits = [due_times(SERVICE, [0.2], seed=seed)[0] - 100.0 for seed in range(400)]
    assert 0.16 < sorted(waits)[200] < 0.21
    assert 0.08 < min(waits) < 0.15 < 0.23 < max(waits) < 0.5


@given(st.integers(0, 2**31), st.lists(st.floats(0.01, 1), min_size=1, max_size=10))
def test_a_seed_repeats_a_run(seed, durations):
    assert due_times(SERVICE, durations, seed=seed) == due_times(SERVICE, durations, seed=seed)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers()), max_size=60))
def test_turns_are_fair(arriving):
    queue = FairQueue()
    for client, item in arriving:
        queue.push(client, (client, item))
    served = [queue.pop() for _ in range(len(queue))]
    assert Counter(served) == Counter(arriving)
    for client in range(5):
        mine = [pair for pair in arriving if pair[0] == client]
        assert [pair for pair in served if pair[0] == client] == mine
    # Nobody is served twice while somebody else who waits is served not at all.
    remaining = Counter(client for client, _ in arriving)
    since = dict.fromkeys(remaining, 0)
    for client, _ in served:
        remaining[client] -= 1
        since[client] = 0
        for other in since:
            if other != client and remaining[other]:
                since[other] += 1
                assert since[other] <= len(since)


def test_a_long_text_does_not_hold_up_the_others():
    queue = FairQueue()
    for index in range(100):
        queue.push("long", index)
    queue.push("short", "hello")
    assert [queue.pop(), queue.pop()] == [0, "hello"]


def test_leaving_the_queue():
    queue = FairQueue()
    queue.push("a", 1)
    queue.push("a", 2)
    assert queue.remove("a", 1)
    assert not queue.remove("a", 1)
    assert not queue.remove("b", 1)
    assert queue.items() == [2]
    assert queue.remove("a", 2)
    assert not queue
    with pytest.raises(IndexError):
        queue.pop()


def request(name):
    return SpeechRequest("tone", "tone", name, 8000)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 3000)), max_size=40))
def test_the_cache_keeps_its_bound(puts):
    cache = SpeechCache(8000)
    for name, size in puts:
        cache.put(request(name), Speech(bytes(size), 8000, ()))
        assert cache.bytes <= 8000
        assert cache.get(request(name)) is not None
    assert cache.bytes == sum(len(cache.get(request(n)).pcm) + 1024 for n in "abcdef" if cache.get(request(n)))


def test_the_least_recently_used_goes_first():
    cache = SpeechCache(3 * 2024)
    for name in "abc":
        cache.put(request(name), Speech(bytes(1000), 8000, ()))
    cache.get(request("a"))
    cache.put(request("d"), Speech(bytes(1000), 8000, ()))
    assert [name for name in "abcd" if cache.get(request(name))] == ["a", "c", "d"]


def test_too_long_for_the_cache():
    cache = SpeechCache(100)
    cache.put(request("a"), Speech(bytes(1000), 8000, ()))
    assert len(cache) == 0


@pytest.mark.parametrize(
    ("text", "voice", "language"),
    [
        ("Hello", "en-US", None),
        ("", "en-US", None),
        ("Привет", "en-US", "ru"),
        ("Привіт", "uk", None),
        ("こんにちは世界", "en-US", "ja"),
        ("世界", "ja-JP", None),
        ("你好", "en-US", "zh"),
        ("안녕하세요", "de", "ko"),
        ("مرحبا", "fa", None),
        ("Ελληνικά", "en-GB", "el"),
        ("Ηello, hello", "en-GB", "el"),
    ],
)
def test_language_by_script(text, voice, language):
    assert language_of(text, voice) == language
