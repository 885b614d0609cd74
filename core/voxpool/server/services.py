"""The parts of the server that every connection uses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from voxpool.errors import SettingError
from voxpool.server.config import ServerConfig
from voxpool.server.faults import Faults
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
        faults: What is to go wrong.
        ledger: The accounts.
    """

    config: ServerConfig
    synthesizer: Synthesizer
    catalogue: Catalogue
    generations: Generations
    faults: Faults
    ledger: Ledger = field(default_factory=Ledger)

    def set_limits(
        self,
        contexts_per_connection: int | None = None,
        max_connections: int | None = None,
        max_generations: int | None = None,
    ) -> None:
        """Change limits while the server runs; None leaves one as it is.  What is above a new limit goes on.

        Raises:
            SettingError: For a negative limit.
        """
        for name, value in (
            ("contexts_per_connection", contexts_per_connection),
            ("max_connections", max_connections),
            ("max_generations", max_generations),
        ):
            if value is not None and value < 0:
                raise SettingError(name, value, "zero or a positive number")
        now = self.config
        self.config = replace(
            now,
            contexts_per_connection=_or(contexts_per_connection, now.contexts_per_connection),
            max_connections=_or(max_connections, now.max_connections),
            max_generations=_or(max_generations, now.max_generations),
        )
        self.generations.limit = self.config.max_generations


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value
