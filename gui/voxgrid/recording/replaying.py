"""The load of a recording as a burst of the window's own: spread over time, with the usual question about its cost."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from voxgrid import settings as remembered
from voxgrid.speech.burst import FirePlan, Shot
from voxpool.stress.cost import price_of

if TYPE_CHECKING:
    from voxgrid.speech import SpeechController
    from voxpool.recording.replay import Load


def plan_of(load: Load, controller: SpeechController) -> FirePlan:
    """Return a load as a plan: in the recorded voices where the endpoint has them."""
    known = {voice.id for voice in controller.voices}
    other = controller.fitting_voice(controller.settings.voice)
    return FirePlan(
        tuple(Shot(call.text, _voice(call.voice, known, other)) for call in load.calls),
        controller.settings.model,
        price_of(controller.settings.model, controller.store.get(remembered.PRICE)),
        controller.store.get(remembered.BURST_CAP),
        controller.endpoint.is_paid,
        moments=tuple(call.at_s for call in load.calls),
    )


def _voice(recorded: str, known: Collection[str], other: str) -> str:
    return recorded if recorded and (recorded in known or not known) else other
