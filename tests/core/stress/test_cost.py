"""What speaking costs."""

from voxpool.stress.cost import price_of


def test_an_own_price_wins_and_an_unknown_model_is_priced_high():
    assert price_of("inworld-tts-1.5-mini", 0.0) == 5.0
    assert price_of("inworld-tts-1.5-mini", 2.0) == 2.0
    assert price_of("mystery") == 35.0
