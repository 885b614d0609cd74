"""Files that another program shows: whether there is one."""

from PySide6.QtGui import QDesktopServices

from voxgrid.notifications import Notifications, Severity
from voxgrid.outside import open_outside


def test_where_nothing_opens_it_the_path_is_said_until_something_does(qapp, monkeypatch, tmp_path):
    asked = []
    able = False

    def opens(url):
        asked.append(url.toLocalFile())
        return able

    monkeypatch.setattr(QDesktopServices, "openUrl", opens)
    notifications = Notifications()
    open_outside(tmp_path / "a log", notifications)
    assert asked == [(tmp_path / "a log").as_posix()]
    assert notifications.newest.text == f"No program was found that opens {tmp_path / 'a log'}."
    assert notifications.newest.severity is Severity.WARNING

    able = True
    open_outside(tmp_path / "a log", notifications)
    assert notifications.items == ()
