"""The parts of the server that every connection uses."""

from __future__ import annotations

from dataclasses import dataclass, field

from voxpool.server.config import ServerConfig
from voxpool.server.ledger import Ledger
from voxpool.server.limits import Generations
from voxpool.server.synthesis import Synthesizer
from voxpool.server.voices import Catalogue


@dataclass(eq=False, slots=True)
class Services:
    """What a connection needs.

    Attributes:
        config: The settings.
        synthesizer: Who speaks.
        catalogue: The voices.
        generations: The concurrent-generation limit.
        ledger: The accounts.
    """

    config: ServerConfig
    synthesizer: Synthesizer
    catalogue: Catalogue
    generations: Generations
    ledger: Ledger = field(default_factory=Ledger)
