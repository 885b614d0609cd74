"""Compressed audio comes back as what went in, however its bytes were cut."""

import contextlib
import importlib
import itertools
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.sound import noise, offset_of
from voxpool.audio import decode
from voxpool.audio.flacframes import FlacSplitter
from voxpool.audio.oggpages import OggSplitter
from voxpool.errors import ProtocolError, SettingError
from voxpool.protocol.settings import ContextSettings, Encoding

pytest.importorskip("av", reason="PyAV has no wheel for this Python")
from voxpool.server.encoders import make_encoder

RATES = {
    Encoding.MP3: (16_000, 24_000, 48_000),
    Encoding.OGG_OPUS: (24_000, 48_000, 16_000),
    Encoding.FLAC: (24_000, 22_050),
    Encoding.MULAW: (8000,),
    Encoding.ALAW: (8000,),
}
EVERY = [(encoding, rate_hz) for encoding, rates in RATES.items() for rate_hz in rates]
CLOSENESS = {Encoding.MP3: 0.06, Encoding.OGG_OPUS: 0.2, Encoding.FLAC: 0.0, Encoding.MULAW: 0.04, Encoding.ALAW: 0.04}
"""Difference to the original that is allowed, relative to its power.  LAME turns everything down by 5 %, Opus for
speech filters the lows out; audio of something else differs by 1.4."""


def decoder_for(encoding, rate_hz):
    return decode.make_decoder(ContextSettings(encoding=encoding, sample_rate_hz=rate_hz))


def sweep(seconds, rate_hz, low=200, high=2000):
    """A tone that rises, so that every moment of it is unlike every other."""
    moments = np.arange(round(seconds * rate_hz)) / rate_hz
    phase = 2 * np.pi * (low * moments + (high - low) / seconds * moments**2 / 2)
    return np.rint(np.sin(phase) * 10_000).astype(np.int16)


def encoded(encoding, rate_hz, *syntheses):
    """Return the chunks of each synthesis."""
    encoder = make_encoder(encoding, rate_hz, wav_size_field=0)
    spoken = []
    for pcm in syntheses:
        encoder.begin()
        step = rate_hz // 5
        chunks = [encoder.encode(pcm[begin : begin + step].tobytes()) for begin in range(0, len(pcm), step)]
        spoken.append([chunk for chunk in [*chunks, encoder.finish()] if chunk])
    return spoken


def decoded(decoder, *syntheses):
    """Return the samples of each synthesis."""
    return [np.concatenate([*[decoder.decode(chunk) for chunk in chunks], decoder.end()]) for chunks in syntheses]


def pieces(data, cuts):
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[begin:end] for begin, end in itertools.pairwise(edges)]


def difference(pcm, original):
    """Return how far the decoded audio is from the original, relative to its power, wherever it lies in it."""
    at = offset_of(original, pcm)
    there = pcm[at:][: len(original)].astype(float)
    # An encoder's first and last frames are not like the rest.
    inside = slice(len(original) // 8, len(there) - len(original) // 8)
    return np.sqrt(np.mean((there[inside] - original[inside]) ** 2) / np.mean(original[inside].astype(float) ** 2))


@pytest.mark.parametrize(("encoding", "rate_hz"), EVERY)
def test_what_was_encoded_is_heard_again(encoding, rate_hz):
    pcm = sweep(1.5, rate_hz)
    decoder = decoder_for(encoding, rate_hz)
    (again,) = decoded(decoder, *encoded(encoding, rate_hz, pcm))
    assert again.dtype == np.int16
    assert decoder.sample_rate_hz == rate_hz
    if encoding is not Encoding.MP3:
        assert abs(len(again) - len(pcm)) <= 1
    assert difference(again, pcm) <= CLOSENESS[encoding]


@pytest.mark.parametrize(("encoding", "rate_hz"), EVERY)
@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 1_000_000), max_size=12))
def test_how_the_bytes_were_cut_is_not_heard(encoding, rate_hz, cuts):
    data = b"".join(encoded(encoding, rate_hz, sweep(0.7, rate_hz))[0])
    whole = decoded(decoder_for(encoding, rate_hz), [data])[0]
    cut = decoded(decoder_for(encoding, rate_hz), pieces(data, cuts))[0]
    assert len(whole) == len(cut)
    # Resampling in other slices may round differently.
    assert np.abs(whole.astype(int) - cut).max() <= (1 if encoding is Encoding.OGG_OPUS else 0)


@pytest.mark.parametrize(("encoding", "rate_hz"), EVERY)
def test_syntheses_one_after_the_other(encoding, rate_hz):
    """Each is complete at its end, and the next one is as if it were alone."""
    first, second = sweep(0.8, rate_hz), sweep(0.6, rate_hz, 900, 300)
    decoder = decoder_for(encoding, rate_hz)
    again = decoded(decoder, *encoded(encoding, rate_hz, first, second))
    for got, wanted in zip(again, (first, second), strict=True):
        assert len(got) >= len(wanted) - 1
        assert difference(got, wanted) <= CLOSENESS[encoding]


@pytest.mark.parametrize(("encoding", "rate_hz"), EVERY)
def test_streams_in_a_row_without_a_word_between_them(encoding, rate_hz):
    """Nothing says where a stream ends but the next one's beginning."""
    first, second = sweep(0.8, rate_hz), sweep(0.6, rate_hz, 900, 300)
    chunks = encoded(encoding, rate_hz, first, second)
    (again,) = decoded(decoder_for(encoding, rate_hz), chunks[0] + chunks[1])
    assert len(again) >= len(first) + len(second) - 1
    start = len(again) - len(second) - (0 if encoding is not Encoding.MP3 else 2000)
    assert difference(again[start:], second) <= max(CLOSENESS[encoding], 0.001)


@pytest.mark.parametrize(("encoding", "rate_hz"), EVERY)
def test_one_stream_over_several_syntheses(encoding, rate_hz):
    """A service may end a synthesis in mid-stream: little may be lost, and nothing may break."""
    pcm = sweep(1.6, rate_hz)
    (chunks,) = encoded(encoding, rate_hz, pcm)
    decoder = decoder_for(encoding, rate_hz)
    half = len(chunks) // 2
    again = np.concatenate(decoded(decoder, chunks[:half], chunks[half:]))
    assert abs(len(again) - len(pcm)) <= rate_hz // 10
    assert np.abs(again).max() < 1.2 * np.abs(pcm).max()


@pytest.mark.parametrize("encoding", [Encoding.MP3, Encoding.OGG_OPUS])
def test_sound_comes_while_bytes_come(encoding):
    """Half of the bytes must give almost half of the sound, or a listener waits for nothing."""
    (chunks,) = encoded(encoding, 24_000, sweep(2, 24_000))
    decoder = decoder_for(encoding, 24_000)
    half = sum(len(decoder.decode(chunk)) for chunk in chunks[: len(chunks) // 2])
    assert half > 0.8 * 24_000


def test_flac_holds_back_one_frame_at_most():
    (chunks,) = encoded(Encoding.FLAC, 24_000, sweep(3, 24_000))
    decoder = decoder_for(Encoding.FLAC, 24_000)
    got = 0
    for number, chunk in enumerate(chunks[:-1]):
        got += len(decoder.decode(chunk))
        assert got >= number * 24_000 / 5 - 2 * 4608


def test_flac_is_lossless_even_for_noise():
    pcm = noise(2, 24_000)
    (again,) = decoded(decoder_for(Encoding.FLAC, 24_000), *encoded(Encoding.FLAC, 24_000, pcm))
    assert (again == pcm).all()


@pytest.mark.parametrize("encoding", [Encoding.OGG_OPUS, Encoding.FLAC])
def test_what_is_no_stream_is_an_error_and_not_a_crash(encoding):
    decoder = decoder_for(encoding, 24_000)
    with pytest.raises(ProtocolError):
        decoder.decode(b"this is not audio, it is a page of text about audio" * 10)


@pytest.mark.parametrize("encoding", list(RATES))
@settings(max_examples=60, deadline=None)
@given(data=st.lists(st.binary(max_size=300), max_size=5), honest=st.booleans())
def test_any_bytes_give_samples_or_a_protocol_error(encoding, data, honest):
    rate_hz = RATES[encoding][0]
    decoder = decoder_for(encoding, rate_hz)
    if honest:
        data = [encoded(encoding, rate_hz, sweep(0.3, rate_hz))[0][0], *data]
    with contextlib.suppress(ProtocolError):
        for chunk in data:
            assert decoder.decode(chunk).dtype == np.int16
        assert decoder.end().dtype == np.int16


def test_a_stream_that_begins_in_its_middle_is_an_error():
    (chunks,) = encoded(Encoding.FLAC, 24_000, noise(2, 24_000))
    with pytest.raises(ProtocolError):
        [decoder_for(Encoding.FLAC, 24_000).decode(chunk) for chunk in chunks[2:]]


def test_an_ogg_stream_of_something_else_is_an_error():
    page = b"OggS\x00\x02" + bytes(8) + b"\x01\x00\x00\x00" + bytes(8) + b"\x01\x05hello"
    with pytest.raises(ProtocolError, match="Opus"):
        decoder_for(Encoding.OGG_OPUS, 24_000).decode(page)


@given(cuts=st.lists(st.integers(0, 1_000_000), max_size=20))
def test_splitters_lose_no_byte(cuts):
    (chunks,) = encoded(Encoding.FLAC, 24_000, noise(0.5, 24_000))
    data, splitter = b"".join(chunks), FlacSplitter()
    items = [item for piece in pieces(data, cuts) for item in splitter.split(piece)] + splitter.end()
    frames = b"".join(item for item in items if isinstance(item, bytes))
    assert data.endswith(frames)
    assert items[0].streaminfo in data[: len(data) - len(frames)]


def test_a_packet_over_several_pages_is_one():
    packet = bytes(range(256)) * 300
    lacing = [255] * (len(packet) // 255) + [len(packet) % 255]
    stream, position = b"", 0
    for number, begin in enumerate(range(0, len(lacing), 255)):
        part = lacing[begin : begin + 255]
        flags = 0x02 if number == 0 else 0x01
        stream += b"OggS\x00" + bytes([flags]) + bytes(20) + bytes([len(part)]) + bytes(part)
        stream += packet[position : position + sum(part)]
        position += sum(part)
    pages = OggSplitter().split(stream)
    assert [packet for page in pages for packet in page.packets] == [packet]


def test_plain_encodings_need_no_decoder():
    with pytest.raises(SettingError, match="compressed"):
        decode.make_decoder(ContextSettings(encoding=Encoding.PCM))


def test_without_pyav_the_setting_is_refused_with_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(SettingError, match="pip install"):
        decode.make_decoder(ContextSettings(encoding=Encoding.MP3, sample_rate_hz=24_000))


def test_the_module_itself_needs_no_pyav(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.delitem(sys.modules, "voxpool.audio.decode")
    importlib.import_module("voxpool.audio.decode")
