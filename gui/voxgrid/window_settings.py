"""What the window remembers of itself."""

from __future__ import annotations

from typing import Final

from voxgrid.settings import Setting, blob, boolean, choice
from voxgrid.theme import ThemeMode

LAYOUT_VERSION: Final = 3
"""Raised when docks are added or renamed: an older layout is then not restored."""
GEOMETRY: Final = Setting("window/geometry", b"", blob)
LAYOUT: Final = Setting("window/layout", b"", blob)
THEME: Final = Setting("window/theme", ThemeMode.DARK.value, choice(*(mode.value for mode in ThemeMode)))
REDUCED_MOTION: Final = Setting("window/reduced_motion", False, boolean)
"""Docks jump to their place instead of sliding there."""
