"""The voices that this server offers: the service's well-known names, and every language that eSpeak NG has.  Pure.

The names are the service's, so that a client's defaults work; descriptions say what they really are.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from voxpool.server.voicelist import LANGUAGES, SPEAKERS

NEURAL_ID: Final = "Joe"
_ENGINE_NAMES: Final = {"espeak": "eSpeak NG", "neural": "neural", "tone": "test tone"}


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice.

    Attributes:
        voice_id: What a client asks for.
        description: What it really is.
        language: BCP-47 code of the language that it speaks by itself.
        gender: ``female`` or ``male``.
        engine: Who speaks.
        variant: The engine's variant of a voice, for eSpeak NG.
        pitch: 0 to 100, 50 being the variant's own.
    """

    voice_id: str
    description: str
    language: str
    gender: str
    engine: str
    variant: str = ""
    pitch: int = 50

    @property
    def tags(self) -> list[str]:
        """Tags for a list: engine, gender, language."""
        return [self.engine, self.gender, self.language]

    def engine_voice(self, language: str | None) -> str:
        """Return the engine's name of this voice, in another language if one is asked for and there is one."""
        if self.engine != "espeak":
            return self.variant or self.engine
        return f"{espeak_language(language) or espeak_language(self.language) or 'en-us'}{self.variant}"

    def legacy_entry(self) -> dict[str, Any]:
        """Return the entry of ``GET /tts/v1/voices`` (section 11)."""
        return {
            "languages": [self.language.split("-", maxsplit=1)[0]],
            "voiceId": self.voice_id,
            "displayName": self.display_name,
            "description": self.description,
            "tags": self.tags,
            "isCustom": False,
        }

    def entry(self) -> dict[str, Any]:
        """Return the entry of ``GET /voices/v1/voices`` (section 11)."""
        return {
            "voiceId": self.voice_id,
            "name": f"workspaces/local/voices/{self.voice_id}",
            "displayName": self.display_name,
            "description": self.description,
            "langCode": lang_code(self.language),
            "tags": self.tags,
            "source": "SYSTEM",
        }

    @property
    def display_name(self) -> str:
        """The name with what is behind it."""
        return f"{self.voice_id} ({_ENGINE_NAMES[self.engine]}, {self.language}, {self.gender})"


class Catalogue:
    """The voices that the running engines can speak with.

    Args:
        engines: Names of the running engines.
    """

    def __init__(self, engines: Collection[str]) -> None:
        self._voices = {voice.voice_id: voice for voice in _catalogue(engines)}

    def __len__(self) -> int:
        return len(self._voices)

    def find(self, voice_id: str) -> Voice | None:
        """Return a voice by its name; names are case-sensitive."""
        return self._voices.get(voice_id)

    def voices(self, languages: Collection[str] = ()) -> list[Voice]:
        """Return all voices, or those of some languages (``en``, ``en-US`` or ``EN_US``)."""
        wanted = [code.replace("_", "-").lower() for code in languages if code]
        found = self._voices.values()
        if not wanted:
            return list(found)
        return [voice for voice in found if any(_speaks(voice.language.lower(), code) for code in wanted)]


def espeak_language(language: str | None) -> str | None:
    """Return eSpeak NG's name for a BCP-47 code, the nearest it has, or None."""
    if not language:
        return None
    code = language.replace("_", "-").lower()
    code = _PREFERRED.get(code, code)
    while code:
        if code in _ESPEAK:
            return _ESPEAK[code]
        code = code.rpartition("-")[0]
    return None


def lang_code(language: str) -> str:
    """Return a code as the voices endpoint spells it (``EN_US``)."""
    return language.replace("-", "_").upper()


_ESPEAK: Final = {code.lower(): code for code, _ in LANGUAGES}
_PREFERRED: Final = {
    "en": "en-us", "fr": "fr-fr", "pt": "pt-br", "zh": "cmn", "zh-cn": "cmn", "zh-tw": "cmn", "zh-hk": "yue",
    "es-mx": "es-419", "es-us": "es-419", "es-ar": "es-419", "es-co": "es-419", "no": "nb", "fil": "en-us",
}  # fmt: skip


def _speaks(language: str, code: str) -> bool:
    return language == code or language.startswith(f"{code}-")


def _catalogue(engines: Collection[str]) -> list[Voice]:
    found: list[Voice] = []
    if "neural" in engines:
        found.append(Voice(NEURAL_ID, "Neural voice (piper, Joe).", "en-US", "male", "neural", "joe"))
    # Well-known names keep working with whatever engine there is.
    engine = next((name for name in ("espeak", "neural", "tone") if name in engines), "tone")
    for voice_id, language, gender, variant, pitch in SPEAKERS:
        spoken = language if engine != "neural" else "en-US"
        found.append(Voice(voice_id, _description(engine, voice_id), spoken, gender, engine, variant, pitch))
    if engine == "espeak":
        found += [Voice(f"espeak-{code}", f"{name}, by eSpeak NG.", code, "male", "espeak") for code, name in LANGUAGES]
    return found


def _description(engine: str, voice_id: str) -> str:
    if engine == "tone":
        return f"Test tone, not speech; stands in for the service's {voice_id}."
    by = "eSpeak NG" if engine == "espeak" else "the neural voice Joe"
    return f"Spoken by {by}; stands in for the service's {voice_id}."
