"""A real local server for tests that are not asynchronous, or that share one between several."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from voxpool.config import Credential, Endpoint
from voxpool.local import READY, command


@dataclass
class RunningServer:
    """A server process.

    Attributes:
        url: Its base URL.
        process: The process; its standard input is the pipe whose end ends it.
        key: The key that it asks for, or None.
    """

    url: str
    process: subprocess.Popen
    key: str | None = None

    @property
    def endpoint(self):
        return Endpoint(self.url, Credential.basic(self.key) if self.key else None)

    @property
    def port(self):
        return self.url.rpartition(":")[2]


@contextmanager
def running_server(*arguments: str, key: str | None = None) -> Iterator[RunningServer]:
    """Run ``voxpool serve`` for the time of the block; its log goes where the tests' own goes."""
    environment = dict(os.environ)
    environment.pop("VOXPOOL_SERVER_KEY", None)
    if key:
        environment["VOXPOOL_SERVER_KEY"] = key
    with subprocess.Popen(
        command(arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
    ) as process:
        try:
            line = process.stdout.readline()
            assert line.startswith(READY), f"the server printed {line!r} and ended with {process.poll()}"
            yield RunningServer(line.removeprefix(READY).strip(), process, key)
        finally:
            process.stdin.close()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
