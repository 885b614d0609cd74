"""What is written to a device or a pipe goes into it: no file takes its place."""

import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from support.recordings import RecordedPool, make_writer
from support.runs import make_result
from voxpool.audio.wav import write_wav
from voxpool.recording.export import FORMATS, export
from voxpool.recording.reader import Recording
from voxpool.stress.report.html import write_html

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such files there")


def recorded(folder: Path) -> Recording:
    writer = make_writer(folder)
    for item in RecordedPool().busy(1.0):
        writer.write(item)
    writer.close()
    return Recording(writer.files)


def a_sound(path: Path) -> None:
    write_wav(path, np.ones(100, np.int16), 8000)


def a_report(path: Path) -> None:
    write_html(make_result(count=5), path)


def an_export(path: Path) -> None:
    with recorded(path.parent / "recording") as recording:
        export(recording, path, next(iter(FORMATS.values())))


@pytest.mark.parametrize(
    ("write", "begins"), [(a_sound, b"RIFF"), (a_report, b"<!"), (an_export, b"")], ids=["sound", "report", "export"]
)
def test_a_pipe_stays_a_pipe(write, begins, tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()))
    reader.start()
    write(path)
    reader.join(30)
    assert read
    assert read[0]
    assert read[0].lower().startswith(begins.lower())
    assert path.is_fifo()
