"""Where decoders of compressed audio come from: the pool asks for one per context and knows none itself."""

from __future__ import annotations

from voxpool.protocol.decoder import NATIVE, Decoder
from voxpool.protocol.settings import ContextSettings


def decoder_for(settings: ContextSettings) -> Decoder | None:
    """Return a new decoder for a context, or None when its encoding needs none.

    Raises:
        SettingError: If the encoding needs a decoder and none is installed.
    """
    if settings.encoding in NATIVE:
        return None
    # Only here: the bare install has no audio extra, and the pool is quick to import without it.
    from voxpool.audio.decode import make_decoder

    return make_decoder(settings)
