"""Notifications: one sentence each, no piles."""

import pytest

from voxgrid.notifications import LIMIT, Action, Notifications, Severity, report
from voxgrid.views.notification_bar import NotificationBar
from voxpool.errors import ConnectFailed


def test_the_same_trouble_twice_is_one_line_with_a_count():
    notifications = Notifications(clock=lambda: 5.0)
    notifications.post("It broke.", key="k")
    notifications.post("It broke.", key="k")
    assert [(item.text, item.count) for item in notifications.items] == [("It broke.", 2)]


def test_another_sentence_takes_the_place_and_is_not_counted_with_the_first():
    notifications = Notifications(clock=lambda: 5.0)
    notifications.post("Injected: cut.", key="break")
    notifications.post("Injected: cut.", key="break")
    notifications.post("Injected: stall.", key="break")
    assert [(item.text, item.count) for item in notifications.items] == [("Injected: stall.", 1)]
    told = [(item.text, item.count) for item in notifications.history]
    assert told == [("Injected: cut.", 2), ("Injected: stall.", 1)]


def test_a_cause_that_is_gone_takes_its_line_away():
    notifications = Notifications()
    notifications.post("a", key="a")
    notifications.post("b", key="b")
    notifications.resolve("b")
    assert notifications.newest.text == "a"
    notifications.resolve("unknown")
    notifications.clear()
    assert notifications.newest is None


def test_they_are_bounded():
    notifications = Notifications()
    for number in range(LIMIT + 20):
        notifications.post(str(number))
    assert len(notifications.items) == LIMIT
    assert notifications.newest.text == str(LIMIT + 19)


def test_an_expected_error_is_its_own_sentence_and_a_fault_of_ours_says_so(caplog):
    notifications = Notifications()
    notifications.exception(ConnectFailed("127.0.0.1:9", "refused"), "Connecting")
    assert notifications.newest.text.startswith("Connecting: ")
    assert "unexpectedly" not in notifications.newest.text
    with pytest.raises(KeyError) as caught:
        {}["x"]
    notifications.exception(caught.value)
    assert "unexpectedly" in notifications.newest.text
    assert "KeyError" in notifications.newest.details
    assert "Traceback" in caplog.text, "details are always in the log"


def test_the_bar_shows_the_newest_and_hides_when_there_is_none(qtbot):
    notifications = Notifications()
    bar = NotificationBar(notifications)
    qtbot.addWidget(bar)
    assert bar.isHidden()
    ran = []
    notifications.post("First.", severity=Severity.INFO)
    notifications.post("Second.", hint="Try this.", details="lots", action=Action("Again", lambda: ran.append(1)))
    assert not bar.isHidden()
    assert bar._text.text() == "Second."
    assert bar._hint.text() == "Try this. · 1 more"
    assert bar.property("role") == "error"
    assert bar._details.isHidden()
    bar._more.click()
    assert not bar._details.isHidden()
    bar._act.click()
    assert ran == [1]
    assert bar._text.text() == "First."
    assert bar.property("role") == "notice"
    bar._dismiss.click()
    assert bar.isHidden()


def test_good_news_fades_and_trouble_stays(qtbot, monkeypatch):
    monkeypatch.setattr("voxgrid.notifications.FADE_MS", 1)
    notifications = Notifications()
    notifications.post("The server ended.")
    notifications.post("The server is back.", severity=Severity.INFO)
    qtbot.waitUntil(lambda: len(notifications.items) == 1)
    assert notifications.items[0].text == "The server ended."


def test_good_news_told_again_stays_as_long_again(qtbot):
    notifications = Notifications()
    notifications.post("Saved.", severity=Severity.INFO)
    first = notifications.items[0]
    notifications.post("Saved.", severity=Severity.INFO)
    notifications._fade(first)
    assert notifications.items[0].count == 2


def test_what_was_read_stays_in_the_history_and_can_be_forgotten():
    notifications = Notifications(lambda: 5.0)
    for text in ("one", "two", "two", "three"):
        notifications.post(text, key=text)
    notifications.clear()
    assert [(item.text, item.count) for item in notifications.history] == [("one", 1), ("two", 2), ("three", 1)]
    notifications.forget_history()
    assert notifications.history == ()


def test_a_report_says_what_where_and_with_what():
    notifications = Notifications(lambda: 0.0)
    notifications.post("It broke.", hint="Try again.", details="Traceback")
    text = report(notifications.history[0])
    assert text.startswith("error: It broke.")
    assert "Try again." in text
    assert "Voxgrid " in text
    assert text.endswith("Traceback\n")
