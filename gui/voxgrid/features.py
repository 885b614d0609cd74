"""The features of the window beyond speaking and listening, as a table: each brings its docks, menus and work.

A feature is made when the window is built.  It gets everything through a ``Desk``, adds its docks with
``desk.window.add_dock`` and its actions with ``desk.commands.add_menu``, and is wired to nothing else: to add one is
to write its package and a line in ``FEATURES``, to see how one works is to open its ``make``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from voxgrid.frames import FramesFeature
from voxgrid.lab import make_lab
from voxgrid.recording.feature import RecordingFeature
from voxgrid.runs import RunsFeature
from voxgrid.trouble.errors import ErrorsFeature
from voxgrid.trouble.faults import FaultsFeature

if TYPE_CHECKING:
    from voxgrid.bridge import Bridge
    from voxgrid.commands import Commands
    from voxgrid.loop_lag import LoopLag
    from voxgrid.notifications import Notifications
    from voxgrid.presenter import Presenter
    from voxgrid.settings import Settings
    from voxgrid.speech import SpeechController
    from voxgrid.theme import Theme
    from voxgrid.views.main_window import MainWindow
    from voxpool.frames.store import FrameStore


@dataclass(frozen=True, slots=True)
class Desk:
    """What a feature may use.

    Attributes:
        window: Where its docks go.
        theme: Colours.
        notifications: Where sentences go.
        store: Remembered settings.
        controller: Endpoint, pool, speech.
        bridge: Models of the pool in use and its events, folded once per frame.
        presenter: What is chosen, and how to choose.
        commands: Where its menus go.
        lag: The probe of the event loop.
        clock: Monotonic time in seconds; the pool's clock.
        frames: The frames of the pool in use; subscribe here and leave ``Pool.frame_tap`` alone.
    """

    window: MainWindow
    theme: Theme
    notifications: Notifications
    store: Settings
    controller: SpeechController
    bridge: Bridge
    presenter: Presenter
    commands: Commands
    lag: LoopLag
    clock: Callable[[], float]
    frames: FrameStore


class Feature(Protocol):
    """A feature at work."""

    async def close(self) -> None:
        """End all its work; leaves no task, timer, thread or process behind.  Called once, bounded in time."""
        ...


FEATURES: Final[tuple[Callable[[Desk], Feature], ...]] = (
    make_lab,
    FramesFeature,
    ErrorsFeature,
    FaultsFeature,
    RecordingFeature,
    RunsFeature,
)
"""In the order in which their menus stand between Context and View; errors and faults share one."""
