"""eSpeak NG through ctypes.  Only a worker process may import this: the library is GPL and not thread-safe."""

from __future__ import annotations

import ctypes
from typing import Any, Final

import espeakng_loader
import numpy as np
import soxr

from voxpool.server.engines.alignment import words_from
from voxpool.server.speech import EngineFailed, Phone, Speech, SpeechRequest

# speak_lib.h
_SYNCHRONOUS: Final = 2
_PHONEME_EVENTS: Final = 0x0001
_PHONEME_IPA: Final = 0x0002
_DONT_EXIT: Final = 0x8000
_UTF8: Final = 1
_RATE: Final = 1
_PITCH: Final = 3
_EVENT_LAST: Final = 0
_EVENT_WORD: Final = 1
_EVENT_PHONEME: Final = 7
_NORMAL_WORDS_PER_MINUTE: Final = 175
_NAMES: Final = {"en-gb": "en", "fr-fr": "fr"}
"""Languages whose voice is found by another name than the one it is listed under (all others were tried)."""
_SILENT: Final = {"", " ", "_", "_:", "_!", "_|", "_^_", "||"}


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class Engine:
    """One eSpeak NG, for one thread.

    Raises:
        EngineFailed: If the library cannot be initialised.
    """

    def __init__(self) -> None:
        self._library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        data = str(espeakng_loader.get_data_path()).encode()
        options = _PHONEME_EVENTS | _PHONEME_IPA | _DONT_EXIT
        self._rate_hz: int = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, options)
        if self._rate_hz <= 0:
            raise EngineFailed("eSpeak NG could not be initialised; reinstall espeakng-loader")
        self._samples: list[bytes] = []
        self._events: list[tuple[int, int, int, str]] = []
        self._voice = ""
        # Kept alive as long as the library may call it.
        self._callback = _Callback(self._receive)
        self._library.espeak_SetSynthCallback(self._callback)

    def speak(self, request: SpeechRequest) -> Speech:
        """Speak a text.

        Raises:
            EngineFailed: For an unknown voice, or if the library refuses.
        """
        self._choose(request)
        self._samples, self._events = [], []
        text = request.text.encode() + b"\0"
        if self._library.espeak_Synth(text, ctypes.c_size_t(len(text)), 0, 1, 0, _UTF8, None, None):
            raise EngineFailed("eSpeak NG refused to speak a text")
        self._library.espeak_Synchronize()
        pcm = np.frombuffer(b"".join(self._samples), dtype=np.int16)
        duration_s = len(pcm) / self._rate_hz
        words = words_from(request.text, self._word_events(duration_s))
        if request.sample_rate_hz != self._rate_hz and len(pcm):
            pcm = soxr.resample(pcm, self._rate_hz, request.sample_rate_hz, quality="MQ")
        return Speech(pcm.tobytes(), request.sample_rate_hz, words)

    def _choose(self, request: SpeechRequest) -> None:
        if request.voice != self._voice:
            language, plus, variant = request.voice.partition("+")
            name = _NAMES.get(language, language) + plus + variant
            if self._library.espeak_SetVoiceByName(name.encode()):
                raise EngineFailed(f"eSpeak NG has no voice {request.voice}")
            self._voice = request.voice
        self._library.espeak_SetParameter(_RATE, round(_NORMAL_WORDS_PER_MINUTE * request.speed), 0)
        self._library.espeak_SetParameter(_PITCH, request.pitch, 0)

    def _receive(self, samples: Any, count: int, events: Any) -> int:
        if samples and count:
            self._samples.append(ctypes.string_at(samples, 2 * count))
        index = 0
        while events[index].type != _EVENT_LAST:
            event = events[index]
            if event.type in (_EVENT_WORD, _EVENT_PHONEME):
                name = event.id.string.decode(errors="replace") if event.type == _EVENT_PHONEME else ""
                self._events.append((event.type, event.text_position - 1, event.sample, name))
            index += 1
        return 0

    def _word_events(self, duration_s: float) -> list[tuple[int, float, float, tuple[Phone, ...]]]:
        """Return position, start, end and sounds of each word that eSpeak announced."""
        times = [min(event[2] / self._rate_hz, duration_s) for event in self._events]
        found: list[tuple[int, float, float, tuple[Phone, ...]]] = []
        for index, (kind, position, _, _) in enumerate(self._events):
            if kind != _EVENT_WORD:
                continue
            phones, end_s = self._phones_after(index + 1, times, duration_s)
            found.append((position, phones[0].start_s if phones else times[index], end_s, phones))
        return found

    def _phones_after(self, index: int, times: list[float], duration_s: float) -> tuple[tuple[Phone, ...], float]:
        """Return the sounds up to the next word, and when the last of them ends (a pause is no sound)."""
        phones: list[Phone] = []
        end_s = times[index] if index < len(times) else duration_s
        while index < len(self._events) and self._events[index][0] != _EVENT_WORD:
            name = self._events[index][3]
            until = times[index + 1] if index + 1 < len(times) else duration_s
            if name not in _SILENT:
                phones.append(Phone(name, times[index], max(0.0, until - times[index])))
                end_s = until
            index += 1
        return tuple(phones), end_s
