"""Where Tab takes the keyboard."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget


def next_by_tab(window: QMainWindow, *, forward: bool) -> QWidget | None:
    """Return the widget that Tab (or Shift+Tab) goes to from where the keyboard is, or None when there is no other.

    Qt calls a dock behind others visible, and a bar of tabs that no dock needs any more, although both are out of
    the window: its own walk would take the keyboard to where nobody sees it.

    Args:
        window: Whose widgets.
        forward: Whether to the next one, or to the one before.
    """
    start = window.focusWidget() or window
    widget = _follower(start, forward)
    while widget is not None and widget is not start:
        if _takes_tab(widget, window) and not _is_outside(widget, window):
            return widget
        widget = _follower(widget, forward)
    return None


def _is_outside(widget: QWidget, window: QMainWindow) -> bool:
    """Whether the child of the window that a widget is in (its dock, say) is nowhere in the window."""
    child = widget
    while (parent := child.parentWidget()) is not None and parent is not window:
        child = parent
    return not window.rect().intersects(child.geometry())


def _follower(widget: QWidget, forward: bool) -> QWidget | None:
    return widget.nextInFocusChain() if forward else widget.previousInFocusChain()


def _takes_tab(widget: QWidget, window: QMainWindow) -> bool:
    """Whether the keyboard stops at a widget (after ``QApplicationPrivate::focusNextPrevChild_helper``)."""
    if widget.window() is not window or not widget.isVisibleTo(window) or not widget.isEnabled():
        return False
    taker = widget
    while (proxy := taker.focusProxy()) is not None:
        taker = proxy
    if taker is not widget and (taker.isAncestorOf(widget) or widget.isAncestorOf(taker)):
        # The line of a box, which is reached with the box; or a view that hands the keyboard to its list.  Qt stops at
        # that going forward, and what stands before the list in it is never reached.
        return False
    everything = QApplication.styleHints().tabFocusBehavior() is Qt.TabFocusBehavior.TabFocusAllControls
    needed = Qt.FocusPolicy.TabFocus if everything else Qt.FocusPolicy.StrongFocus
    return (taker.focusPolicy() & needed) == needed
