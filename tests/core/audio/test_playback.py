"""Sound as it is heard: through PortAudio into a null sink."""

import time
import wave

import numpy as np
import pytest

from support.pulse import LEAD_S, TAIL_S
from support.sound import RATE_HZ, differing, noise, silence, sine, until

pytestmark = pytest.mark.sound


def padded(pcm, rate_hz=RATE_HZ):
    return np.concatenate([silence(LEAD_S, rate_hz), pcm, silence(TAIL_S, rate_hz)])


def play(player, pcm, rate_hz=RATE_HZ):
    track = player.track(rate_hz)
    track.write(padded(pcm, rate_hz))
    track.finish()
    until(lambda: track.done, why=lambda: repr(track))
    return track


def test_playback_is_exact_to_the_bit(player, null_sink):
    played = noise(4)
    with null_sink.record() as recording:
        play(player, played)

    assert differing(played, recording.pcm) == 0
    assert player.underflows == 0


def test_a_recording_of_what_is_played_is_what_is_heard(player, null_sink, tmp_path, speech):
    _sentence, pcm, rate_hz = speech("Ashley")
    player.master_gain = 0.5
    player.record_to(tmp_path / "played.wav")
    with null_sink.record() as recording:
        play(player, pcm, rate_hz)
    player.stop_recording()

    written = read_wav(tmp_path / "played.wav")
    start = int(np.flatnonzero(written)[0])
    heard = written[start : start + 4 * RATE_HZ]
    assert np.abs(heard).max() > 1000
    assert differing(heard, recording.pcm) == 0


def read_wav(path):
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE_HZ, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


@pytest.mark.parametrize(("voice", "kind"), [("Ashley", "ESPEAK"), ("Joe", "NEURAL")])
def test_what_is_heard_is_speech(player, null_sink, speech, voice, kind):
    recognise = pytest.importorskip("support.recognise", reason="pocketsphinx has no wheel for this Python")
    sentence, pcm, rate_hz = speech(voice)
    with null_sink.record() as recording:
        track = play(player, pcm, rate_hz)

    assert recognise.share_of_words(recording.pcm, RATE_HZ, sentence) >= getattr(recognise, kind)
    assert track.gaps == 0


def test_a_stuck_window_is_not_heard(player, null_sink):
    """The thread that writes holds the interpreter again and again, and then does nothing for a while."""
    played = noise(4)
    audio = padded(played)
    with null_sink.record() as recording:
        track = player.track(RATE_HZ)
        track.write(audio[: RATE_HZ // 2])
        for start in range(RATE_HZ // 2, len(audio), RATE_HZ // 5):
            busy_until = time.monotonic() + 0.03
            while time.monotonic() < busy_until:
                pass
            time.sleep(0.12)
            track.write(audio[start : start + RATE_HZ // 5])
        track.finish()
        until(lambda: track.done)

    assert differing(played, recording.pcm) == 0
    assert (player.underflows, track.gaps) == (0, 0)


def test_stop_is_quick_and_does_not_click(player, null_sink):
    tone = sine(10, hertz=100)
    with null_sink.record() as recording:
        track = player.track(RATE_HZ)
        track.write(tone)
        track.finish()
        until(lambda: track.played_s > 0.5)
        before_s = track.played_s
        track.stop()
        assert track.done
        until(lambda: not player.tracks)
        time.sleep(0.5)

    sounding = np.flatnonzero(recording.pcm)
    heard_s = (sounding[-1] - sounding[0]) / RATE_HZ
    # What the device already held is still heard.
    assert heard_s - before_s < 0.3
    steepest = np.abs(np.diff(tone.astype(int))).max()
    assert np.abs(np.diff(recording.pcm.astype(int))).max() <= steepest * 2


def test_the_position_is_what_is_heard(player, null_sink):
    """Words light up by ``played_s``: when it passes 1 s, what lies at 1 s is heard, neither earlier nor later."""
    audio = silence(3)
    audio[RATE_HZ : 2 * RATE_HZ] = 20_000
    with null_sink.record() as recording:
        track = player.track(RATE_HZ)
        track.write(audio)
        track.finish()
        until(lambda: track.played_s >= 1.0)
        recorded = recording.frames
        until(lambda: track.played_s >= 2.0)
        recorded_later = recording.frames
        until(lambda: track.done)

    sounding = np.flatnonzero(recording.pcm)
    late_s = (recorded - sounding[0]) / RATE_HZ, (recorded_later - sounding[-1]) / RATE_HZ
    # Measured 0 to 10 ms; a position that forgot the buffer would be 120 ms early.
    assert np.abs(late_s).max() < 0.1, late_s
