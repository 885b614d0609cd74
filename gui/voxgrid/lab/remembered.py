"""What the lab remembers between sessions, and what it takes from the rest of the window."""

from __future__ import annotations

from dataclasses import fields, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

import msgspec

from voxassets.texts import SampleText
from voxgrid.models.lab.draft import FIRST_THRESHOLDS, Draft, Extras, VoiceSource
from voxgrid.settings import Setting, choice, text
from voxgrid.speech import burst
from voxpool.protocol.settings import ContextSettings

if TYPE_CHECKING:
    from voxgrid.speech import SpeechController

DRAFT: Final = Setting("lab/scenario", "", text(50_000))
WHERE: Final = Setting("lab/where", "auto", choice("auto", "window", "process"))
_VOICES: Final = 12
"""Voices that speak when nobody chose any."""


def draft_as_text(draft: Draft) -> str:
    """Return a draft as a text to remember."""
    return msgspec.json.encode(draft).decode()


def draft_from_text(stored: str) -> Draft:
    """Read a remembered draft; one that cannot be read is as new."""
    try:
        draft = msgspec.json.decode(stored, type=Draft)
        # What a person may have typed wrong stays; the rest was written by this program, and must make sense.
        plain = replace(draft, thresholds=FIRST_THRESHOLDS, texts="short-replies", voices=VoiceSource.PLAYGROUND)
        for load in draft.loads:
            replace(plain, load=load).scenario(Extras())
    except (ValueError, TypeError, msgspec.MsgspecError):
        return Draft()
    return draft


def extras_of(controller: SpeechController) -> Extras:
    """Return what the window knows and a scenario needs."""
    settings = controller.settings.with_(voice=controller.fitting_voice(controller.settings.voice))
    samples = [SampleText("")] * _VOICES
    shots = burst.cast(samples, controller.voices, settings.voice, controller.voice_on_purpose)
    voices = tuple(dict.fromkeys(shot.voice for shot in shots))
    return Extras(controller.text, settings_as_data(settings), voices)


def settings_as_data(settings: ContextSettings) -> dict[str, Any]:
    """Return what differs from the defaults, as a scenario's voice has it; the voice itself always."""
    plain = ContextSettings()
    changed = {each.name: getattr(settings, each.name) for each in fields(settings)}
    return {
        name: value.value if isinstance(value, Enum) else value
        for name, value in changed.items()
        if name == "voice" or value != getattr(plain, name)
    }
