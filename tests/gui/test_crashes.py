"""A crash is explained at the next start, and there is no crash loop."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from voxgrid import crashes
from voxgrid.crashes import MARKER, TRACE, LastSession, SessionMarker

# Begins a session in a folder and dies as the second argument says.
DYING = """
import faulthandler, os, sys
from pathlib import Path
from voxgrid.crashes import SessionMarker
marker = SessionMarker(Path(sys.argv[1]))
marker.begin()
if sys.argv[2] == "steady":
    marker.steady()
if sys.argv[2] == "segfault":
    faulthandler._sigsegv()
if sys.argv[2] == "end":
    marker.end()
os._exit(0)
"""


def session(folder, end):
    subprocess.run([sys.executable, "-c", DYING, str(folder), end], capture_output=True, check=False)


def begin(folder):
    marker = SessionMarker(folder)
    last = marker.begin()
    marker.end()
    return last


def test_a_session_that_ended_properly_leaves_nothing(tmp_path):
    session(tmp_path, "end")
    assert list(tmp_path.iterdir()) == []
    assert begin(tmp_path) == LastSession()


def test_a_segmentation_fault_is_explained_with_its_trace(tmp_path):
    session(tmp_path, "segfault")
    last = begin(tmp_path)
    assert last.crashed
    assert "crashed" in last.sentence
    assert "Segmentation fault" in last.trace or "access violation" in last.trace
    assert begin(tmp_path) == LastSession()


def test_a_session_that_was_killed_is_told(tmp_path):
    session(tmp_path, "killed")
    last = begin(tmp_path)
    assert (last.crashed, last.starts, last.careful, last.trace) == (True, 1, False, "")
    assert "did not end properly" in last.sentence


def test_the_third_start_after_two_crashes_is_a_careful_one(tmp_path):
    for _ in range(2):
        session(tmp_path, "killed")
    last = begin(tmp_path)
    assert last.careful
    assert "first layout" in last.sentence


def test_a_session_that_lived_for_a_while_is_no_crashed_start(tmp_path):
    session(tmp_path, "killed")
    session(tmp_path, "steady")
    last = begin(tmp_path)
    assert last.crashed
    assert not last.careful


def test_another_window_that_is_open_is_no_crash(tmp_path):
    marker = SessionMarker(tmp_path)
    marker.begin()
    run = (
        "import sys; from pathlib import Path; from voxgrid.crashes import SessionMarker; "
        "print(SessionMarker(Path(sys.argv[1])).begin().crashed)"
    )
    said = subprocess.run([sys.executable, "-c", run, str(tmp_path)], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
    assert (tmp_path / MARKER).exists()
    marker.end()


@pytest.mark.parametrize("left", ["", "{", "[]", "null", '{"pid": -1, "born": 1e400, "starts": "x"}', '{"pid": 10e30}'])
def test_a_damaged_marker_is_a_session_that_ended_badly(tmp_path, left):
    (tmp_path / MARKER).write_text(left)
    assert begin(tmp_path).starts == 1


def test_a_folder_that_cannot_be_written_is_survived(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for folder in (None, tmp_path / "file" / "below"):
        assert begin(folder) == LastSession()


def test_the_trace_is_scrubbed(tmp_path):
    (tmp_path / MARKER).write_text(json.dumps({"starts": 0}))
    (tmp_path / TRACE).write_text("Fatal\nAuthorization: Basic bWFkZS11cC1rZXk=\n")
    assert "bWFkZS11cC1rZXk" not in begin(tmp_path).trace
    assert crashes.CAREFUL_AFTER == 2
