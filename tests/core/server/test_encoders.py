"""Encoded audio, decoded again by somebody else's decoder."""

import io
import struct
import wave

import pytest

from voxpool.protocol.settings import Encoding
from voxpool.server.encoders import available, make_encoder
from voxpool.server.encoders.plain import HEADER_BYTES, riff_header

pytestmark = pytest.mark.skipif(not available(Encoding.MP3), reason="PyAV is not installed")

np = pytest.importorskip("numpy")

CASES = [
    (Encoding.MP3, 24000),
    (Encoding.MP3, 16000),
    (Encoding.MP3, 44100),
    (Encoding.OGG_OPUS, 24000),
    (Encoding.OGG_OPUS, 8000),
    (Encoding.OGG_OPUS, 48000),
    (Encoding.FLAC, 22050),
    (Encoding.FLAC, 8000),
    (Encoding.MULAW, 8000),
    (Encoding.ALAW, 8000),
]
FORMATS = {Encoding.MP3: "mp3", Encoding.MULAW: "mulaw", Encoding.ALAW: "alaw"}


def signal(rate, seconds=1.7, hertz=440.0):
    t = np.arange(round(rate * seconds)) / rate
    return (9000 * np.sin(2 * np.pi * hertz * t)).astype(np.int16)


def encode(encoder, samples, sizes):
    encoder.begin()
    out, at = [], 0
    for size in [*sizes, len(samples)]:
        out.append(encoder.encode(samples[at : at + size].tobytes()))
        at += size
    out.append(encoder.finish())
    return out


def decode(data, encoding, rate):
    import av

    options = {"sample_rate": str(rate), "ch_layout": "mono"} if encoding in (Encoding.MULAW, Encoding.ALAW) else {}
    with av.open(io.BytesIO(data), format=FORMATS.get(encoding), options=options) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def pitch(samples, rate):
    middle = samples[len(samples) // 4 : len(samples) * 3 // 4].astype(float)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    return float(np.fft.rfftfreq(len(middle), 1 / rate)[spectrum.argmax()])


@pytest.mark.parametrize(("encoding", "rate"), CASES)
def test_what_was_encoded_is_heard(encoding, rate):
    samples = signal(rate)
    pieces = encode(make_encoder(encoding, rate, wav_size_field=0), samples, [rate // 5, rate // 2, rate // 2, 5])
    heard = decode(b"".join(pieces), encoding, rate)
    assert len(heard) / rate == pytest.approx(1.7, abs=0.12)
    assert pitch(heard, rate) == pytest.approx(440, abs=3)
    if encoding is Encoding.FLAC:
        assert (heard == samples).all()


@pytest.mark.parametrize(("encoding", "rate"), CASES)
def test_it_streams(encoding, rate):
    """Most of what went in has come out before the end is known."""
    pieces = encode(make_encoder(encoding, rate, wav_size_field=0), signal(rate, 3.0), [rate // 2] * 6)
    assert sum(map(len, pieces[:5])) > 0.6 * sum(map(len, pieces))


@pytest.mark.parametrize(("encoding", "rate"), CASES)
def test_syntheses_can_be_put_together(encoding, rate):
    encoder = make_encoder(encoding, rate, wav_size_field=0)
    both = [b"".join(encode(encoder, signal(rate, 1.0, hertz), [rate // 2])) for hertz in (440, 880)]
    if encoding is Encoding.FLAC:
        # A new stream each: told apart by its marker.
        assert all(part[:4] == b"fLaC" for part in both)
        heard = np.concatenate([decode(part, encoding, rate) for part in both])
    else:
        heard = decode(b"".join(both), encoding, rate)
    assert len(heard) / rate == pytest.approx(2.0, abs=0.2)
    assert pitch(heard[: round(0.9 * rate)], rate) == pytest.approx(440, abs=6)
    assert pitch(heard[round(1.2 * rate) :], rate) == pytest.approx(880, abs=6)


def test_bit_rates_are_heeded():
    sizes = [
        sum(map(len, encode(make_encoder(Encoding.MP3, 24000, bit_rate=rate, wav_size_field=0), signal(24000), [])))
        for rate in (32_000, 128_000)
    ]
    assert sizes[1] > 3 * sizes[0]


def test_nothing_at_all():
    for encoding, rate in CASES:
        encoder = make_encoder(encoding, rate, wav_size_field=0)
        encoder.begin()
        encoder.encode(b"")
        encoder.finish()


def test_linear16_is_a_little_wav_in_every_chunk():
    encoder = make_encoder(Encoding.LINEAR16, 16000, wav_size_field=0)
    samples = signal(16000)
    pieces = encode(encoder, samples, [3200, 8000])[:-1]
    heard = b""
    for piece in pieces:
        with wave.open(io.BytesIO(piece)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16000, 1, 2)
            heard += file.readframes(file.getnframes())
        assert len(piece) == HEADER_BYTES + struct.unpack_from("<I", piece, 40)[0]
    assert heard == samples.tobytes()
    assert encoder.encode(b"") == b""


def test_wav_has_one_header_for_each_synthesis():
    encoder = make_encoder(Encoding.WAV, 16000, wav_size_field=0xFFFFFFFF)
    for _ in range(2):
        pieces = encode(encoder, signal(16000), [3200, 8000])
        assert [piece[:4] == b"RIFF" for piece in pieces] == [True, False, False, False]
        assert pieces[0][HEADER_BYTES:] == signal(16000)[:3200].tobytes()


@pytest.mark.parametrize("size", [0, 10, 0xFFFFFFFF])
def test_riff_sizes(size):
    header = riff_header(24000, size)
    assert len(header) == HEADER_BYTES == 44
    assert struct.unpack_from("<I", header, 4)[0] == (min(size + 36, 0xFFFFFFFF) if size else 0)
