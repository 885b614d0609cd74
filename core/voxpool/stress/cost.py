"""What speaking costs, estimated: list prices for a million characters."""

from __future__ import annotations

from typing import Final

LIST_PRICES_USD: Final = {
    "inworld-tts-2": 35.0,
    "inworld-tts-2-flash": 35.0,
    "inworld-tts-1.5-max": 10.0,
    "inworld-tts-1.5-mini": 5.0,
}
"""US dollars for a million characters as third parties quoted them in late 2026: for an estimate, not for a bill."""

_UNKNOWN_MODEL_USD: Final = max(LIST_PRICES_USD.values())


def price_of(model: str, own_price: float = 0.0) -> float:
    """Return US dollars for a million characters: the person's own price if it is set, else the list price."""
    return own_price or LIST_PRICES_USD.get(model, _UNKNOWN_MODEL_USD)
