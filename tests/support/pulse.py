"""A sound card for machines that have none: PulseAudio with a null sink, and what was played into it.

The server has a runtime directory, a home and an address of its own, so that it never meets the user's sound, and is
ended by its process id.  Sound tests run in a pytest process of their own (``-m sound``): PortAudio reads the
environment when it is initialised.

The fixture ``null_sink`` is known to every test (tests/conftest.py).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

RATE_HZ = 48_000

LEAD_S = 0.2
"""Silence to play before what is to be recorded bit for bit: the first 200 to 440 samples do not reach the sink."""

TAIL_S = 0.5
"""Silence to play after it, with the stream open: the last 30 to 170 ms do not reach the sink."""

_PROGRAMS = ("pulseaudio", "pactl", "parec")
_PATIENCE_S = 10.0


class Recording:
    """What reached the sink.

    Attributes:
        pcm: Samples, shape (n,), int16, 48 kHz mono; there when the recording is over.
    """

    def __init__(self, path: Path) -> None:
        self.pcm: npt.NDArray[np.int16] = np.zeros(0, np.int16)
        self._path = path

    @property
    def frames(self) -> int:
        """Samples recorded so far; 10 to 30 ms behind the sink."""
        return self._path.stat().st_size // 2

    def finish(self) -> None:
        """Read what was recorded."""
        data = self._path.read_bytes()
        self.pcm = np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int16)


class NullSink:
    """A PulseAudio server with a null sink named ``vsink``.

    Args:
        directory: Private directory; short, because a socket lies in it.

    Attributes:
        environment: Variables that lead a program to this server.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._server: subprocess.Popen[bytes] | None = None
        self._keeper: subprocess.Popen[bytes] | None = None
        self.log = directory / "pulse.log"
        self.environment = {
            "XDG_RUNTIME_DIR": str(directory),
            "PULSE_SERVER": f"unix:{directory}/pulse/native",
            "PULSE_COOKIE": str(directory / "cookie"),
        }

    def start(self) -> None:
        """Start the server and wait until it plays."""
        self._server = subprocess.Popen(
            [
                *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disallow-exit"),
                f"--log-target=file:{self.log}",
                *("-L", "module-native-protocol-unix auth-anonymous=1"),
                *("-L", f"module-null-sink sink_name=vsink rate={RATE_HZ} channels=2 format=s16le"),
            ],
            env=os.environ | self.environment | {"HOME": str(self._directory)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _until(self._answers, "PulseAudio does not answer", self.log)
        # An idle null sink sleeps, with a latency of 2 s: a reader that never stops keeps it awake.
        kept = self._directory / "kept.raw"
        self._keeper = self._parec(kept, latency_ms=10)
        _until(lambda: kept.stat().st_size > 0, "the null sink gives no sound", self.log)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the server as a crash or a logout would."""
        for process in (self._keeper, self._server):
            if process is not None and process.poll() is None:
                # One that is stopped does not hear a polite signal.
                process.send_signal(how)
                process.send_signal(signal.SIGCONT)
                process.wait(_PATIENCE_S)
        self._keeper = self._server = None

    def freeze(self) -> None:
        """Stop the server's process, so that it neither answers nor ends."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the server's process go on."""
        assert self._server is not None
        self._server.send_signal(signal.SIGCONT)

    @contextlib.contextmanager
    def record(self) -> Iterator[Recording]:
        """Record what reaches the sink from now until the block ends."""
        with tempfile.NamedTemporaryFile(dir=self._directory, suffix=".raw") as file:
            path = Path(file.name)
            recording = Recording(path)
            parec = self._parec(path, latency_ms=20)
            try:
                _until(lambda: path.stat().st_size > 0, "nothing is recorded", self.log)
                yield recording
                time.sleep(0.2)  # what is under way from the sink to the recorder
            finally:
                parec.terminate()
                parec.wait(_PATIENCE_S)
            recording.finish()

    def _parec(self, path: Path, latency_ms: int) -> subprocess.Popen[bytes]:
        with path.open("wb") as file:
            return subprocess.Popen(
                [
                    *("parec", "-d", "vsink.monitor", "--raw", "--format=s16le", f"--rate={RATE_HZ}", "--channels=1"),
                    f"--latency-msec={latency_ms}",
                ],
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.DEVNULL,
            )

    def _answers(self) -> bool:
        assert self._server is not None
        if self._server.poll() is not None:
            raise _CannotRun(f"pulseaudio ended with code {self._server.returncode}: {_tail(self.log)}")
        asked = subprocess.run(
            ["pactl", "info"], env=os.environ | self.environment, capture_output=True, timeout=_PATIENCE_S, check=False
        )
        return asked.returncode == 0


class _CannotRun(Exception):
    """PulseAudio cannot run here."""


def _until(true: Callable[[], bool], else_: str, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not true():
        if time.monotonic() > deadline:
            raise _CannotRun(f"{else_}: {_tail(log)}")
        time.sleep(0.05)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-500:] if log.exists() else "it wrote no log"


def _missing() -> str | None:
    if not sys.platform.startswith("linux"):
        return f"the null sink is made for Linux, this is {sys.platform}"
    absent = [program for program in _PROGRAMS if shutil.which(program) is None]
    return f"not installed: {', '.join(absent)} (packages pulseaudio and pulseaudio-utils)" if absent else None


def _give_up(why: str) -> None:
    """Skip, or fail where the sound tests must run."""
    if os.environ.get("CI") or os.environ.get("VOXGRID_REQUIRE_SOUND") == "1":
        pytest.fail(f"sound tests must run here, but {why}")
    pytest.skip(why)


@pytest.fixture(scope="session")
def null_sink() -> Iterator[NullSink]:
    """A running null sink, which this process and its children play to by default."""
    why = _missing()
    if why is not None:
        _give_up(why)
    with tempfile.TemporaryDirectory(prefix="vox-", ignore_cleanup_errors=True) as directory:
        sink = NullSink(Path(directory))
        with pytest.MonkeyPatch.context() as patch:
            for name, value in sink.environment.items():
                patch.setenv(name, value)
            try:
                sink.start()
            except _CannotRun as error:
                sink.stop(signal.SIGKILL)
                _give_up(str(error))
            try:
                yield sink
            finally:
                sink.stop()
