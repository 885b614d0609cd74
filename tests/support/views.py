"""What every test of a view needs: a theme, and a stage whose pool is there."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication

from voxgrid.theme import Theme, ThemeMode


def make_theme(mode: ThemeMode = ThemeMode.DARK) -> Theme:
    """Return a theme for the running application, applied."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme = Theme(app, mode)
    theme.apply()
    return theme
