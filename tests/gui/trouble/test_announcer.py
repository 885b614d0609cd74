"""New errors are announced, politely and not too often."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QWidget

from voxgrid.models.failures import Failure, Kind
from voxgrid.trouble import announcer
from voxgrid.trouble.announcer import Announcer, announce


def failure(number):
    return Failure(number, Kind.CONTEXT, 0.0, f"trouble {number}", row=2, column=1)


@pytest.fixture
def heard(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    said = []
    made = Announcer(widget, lambda _, text: said.append(text))
    yield made, said
    made.stop()


def test_the_first_is_said_at_once_and_the_rest_together_after_a_pause(heard):
    made, said = heard
    made.tell([failure(1)])
    assert said == ["Error: Trouble 1, connection 3, slot 2."]
    made.tell([failure(2)])
    made.tell([failure(3), failure(4)])
    assert len(said) == 1
    made._pause.timeout.emit()
    assert said[1] == "Error: Trouble 2, connection 3, slot 2, and 2 more errors."
    made._pause.timeout.emit()
    assert len(said) == 2


def test_nothing_is_said_about_nothing(heard):
    made, said = heard
    made.tell([])
    assert said == []
    assert not made._pause.isActive()


def test_it_is_a_polite_announcement(qtbot, monkeypatch):
    widget = QWidget()
    qtbot.addWidget(widget)
    events = []

    class Spy:
        AnnouncementPoliteness = QAccessible.AnnouncementPoliteness

        @staticmethod
        def updateAccessibility(event):
            events.append((event.message(), event.politeness()))

    monkeypatch.setattr(announcer, "QAccessible", Spy)
    announce(widget, "Error: so.")
    assert events == [("Error: so.", QAccessible.AnnouncementPoliteness.Polite)]
