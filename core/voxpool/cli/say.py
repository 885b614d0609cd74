"""``voxpool say``: speak one text."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Final

import numpy as np

from voxpool import Endpoint, Pool, PoolConfig, Utterance
from voxpool.cli.endpoint import add_endpoint_options, chosen_endpoint, reached
from voxpool.cli.outputs import STDOUT, check_outputs, print_data
from voxpool.errors import VoxpoolError, WrongUse
from voxpool.protocol.settings import ContextSettings, DeliveryMode

_POLL_S: Final = 0.02
_DEVICE_TAIL_S: Final = 0.3


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``voxpool say``."""
    parser.add_argument("text", metavar="TEXT", help="what to say; - reads it from standard input")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write a WAV file instead of playing; - prints it"
    )
    add_voice_options(parser)
    parser.add_argument("--device", metavar="NAME", help="sound device to play through")
    add_endpoint_options(parser)


def add_voice_options(parser: argparse.ArgumentParser) -> None:
    """Add what chooses voice, model and manner."""
    defaults = ContextSettings()
    parser.add_argument("--voice", default=defaults.voice, metavar="ID", help="voice (default: %(default)s)")
    parser.add_argument("--model", default=defaults.model, metavar="ID", help="model (default: %(default)s)")
    parser.add_argument(
        "--rate", "--speaking-rate", type=float, dest="speaking_rate", metavar="X", help="speaking rate, 0.5 to 1.5"
    )
    parser.add_argument("--temperature", type=float, metavar="X", help="0 to 2; not heeded by inworld-tts-2")
    parser.add_argument(
        "--delivery-mode",
        type=str.upper,
        choices=[mode.value for mode in DeliveryMode if mode is not DeliveryMode.UNSPECIFIED],
        help="expressiveness of inworld-tts-2",
    )
    parser.add_argument("--language", metavar="CODE", help="BCP-47 code, for example en-US")
    parser.add_argument(
        "--sample-rate",
        type=int,
        default=defaults.sample_rate_hz,
        dest="sample_rate_hz",
        metavar="HZ",
        help="8000 to 48000 (default: %(default)s)",
    )


def settings_from(arguments: argparse.Namespace) -> ContextSettings:
    """Return the settings that the options of :func:`add_voice_options` ask for.

    Raises:
        SettingError: If a value is out of range.
    """
    return ContextSettings(
        voice=arguments.voice,
        model=arguments.model,
        speaking_rate=arguments.speaking_rate,
        temperature=arguments.temperature,
        delivery_mode=DeliveryMode(arguments.delivery_mode or DeliveryMode.UNSPECIFIED),
        language=arguments.language,
        sample_rate_hz=arguments.sample_rate_hz,
    )


def run(arguments: argparse.Namespace) -> int:
    """Speak, and return the exit code.

    Raises:
        WrongUse: If the text cannot be read, or the file not be written.
        VoxpoolError: If it cannot be spoken or played.
    """
    text = _standard_input() if arguments.text == "-" else arguments.text
    if not text.strip():
        print("voxpool: there is nothing to say; give a text", file=sys.stderr)
        return 2
    settings = settings_from(arguments)
    endpoint = chosen_endpoint(arguments.url, arguments.key)
    check_outputs({"--output": arguments.output})
    asyncio.run(_say(text, settings, endpoint, arguments.output, arguments.device))
    return 0


def _standard_input() -> str:
    # There is none when the caller closed it.
    if sys.stdin is None:
        return ""
    try:
        text = sys.stdin.read()
        # In some locales what cannot be read comes as halves of surrogate pairs instead.
        text.encode()
    except UnicodeError as error:
        raise WrongUse(f"standard input is no text in {sys.stdin.encoding}, as it has to be here") from error
    return text


async def _say(
    text: str, settings: ContextSettings, endpoint: Endpoint | None, output: Path | None, device: str | None
) -> None:
    config = PoolConfig(max_connections=1)
    async with reached(endpoint) as target, Pool(target, config) as pool:
        utterance = pool.speak(text, settings=settings)
        if output is None:
            await _play(utterance, device)
        else:
            await _write(utterance, output)


async def _write(utterance: Utterance, output: Path) -> None:
    from voxpool.audio.wav import wav_bytes, write_wav

    parts = [chunk.pcm async for chunk in utterance]
    _check_spoken(utterance)
    pcm = np.concatenate(parts)
    rate = utterance.settings.sample_rate_hz
    if output == STDOUT:
        print_data(wav_bytes(pcm, rate))
    else:
        await asyncio.to_thread(write_wav, output, pcm, rate)
    print(f"{'standard output' if output == STDOUT else output}: {pcm.size / rate:.2f} s at {rate} Hz", file=sys.stderr)


def _check_spoken(utterance: Utterance) -> None:
    # The service lets go of a text without a word in it, an emoji say, as of any other.
    if not utterance.audio_s:
        raise VoxpoolError("no sound came for this text: there seems to be nothing in it that can be spoken")


async def _play(utterance: Utterance, device: str | None) -> None:
    try:
        from voxpool.audio.player import Player
    except ImportError as error:
        raise VoxpoolError(
            f"sound needs the extra 'audio' ({error.name} is missing): pip install 'voxgrid[audio]', or use -o"
        ) from error
    player = Player()
    player.start()
    try:
        if device is not None:
            player.select(device)
        track = player.track(utterance.settings.sample_rate_hz)
        async for chunk in utterance:
            track.write(chunk.pcm)
        _check_spoken(utterance)
        track.finish()
        while not track.done:  # noqa: ASYNC110 - the sound thread sets no events: it must not wait for a lock
            await asyncio.sleep(_POLL_S)
        if player.state.kind == "none":
            print(f"voxpool: nothing was heard, {player.state.why}; -o FILE writes it to a file", file=sys.stderr)
        else:
            if player.state.why:
                print(f"voxpool: {player.state.why}; played through {player.state.name}", file=sys.stderr)
            # What was handed to the device is heard a little later.
            await asyncio.sleep(_DEVICE_TAIL_S)
    finally:
        player.close()
