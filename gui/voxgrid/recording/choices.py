"""What the window remembers of how it records."""

from __future__ import annotations

from typing import Final

from voxgrid.settings import Setting, boolean, whole

RECORD: Final = Setting("recording/on", True, boolean)
TEXTS: Final = Setting("recording/texts", True, boolean)
AUDIO: Final = Setting("recording/audio", False, boolean)
FOLDER_MB: Final = Setting("recording/keep_mb", 512, whole(64, 100_000))
"""Megabytes that all recordings together may take; the oldest go first."""
EXPORT_TEXTS: Final = Setting("recording/export_texts", False, boolean)
EXPORT_KIND: Final = Setting("recording/export_kind", 0, whole(0, 20))
