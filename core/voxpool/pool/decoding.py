"""Where decoders of compressed audio come from: the pool asks for one per context and knows none itself."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Final

from voxpool.errors import SettingError
from voxpool.protocol.decoder import NATIVE, Decoder
from voxpool.protocol.settings import ContextSettings

DECODERS: Final = "voxpool.audio.decode"
"""Module with ``make_decoder(settings) -> Decoder``; it may not be installed."""


def decoder_for(settings: ContextSettings) -> Decoder | None:
    """Return a new decoder for a context, or None when its encoding needs none.

    Raises:
        SettingError: If the encoding needs a decoder and none is installed.
    """
    if settings.encoding in NATIVE:
        return None
    if find_spec(DECODERS) is None:
        raise SettingError("encoding", settings.encoding.value, "PCM, LINEAR16 or WAV where no decoder is installed")
    decoder: Decoder = import_module(DECODERS).make_decoder(settings)
    return decoder
