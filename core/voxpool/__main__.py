"""``python -m voxpool``, and the program ``voxpool``.

Loading the libraries takes half a second, in which Ctrl+C would end in a traceback of theirs.  Nothing has begun by
then that would have to be ended, so until the command itself begins, Ctrl+C just leaves.  What Python does before it
comes here (some 20 ms) is not ours to change.
"""

import os
import signal
import sys
from types import FrameType

_INTERRUPTED = 130


def _leave(_signal: int, _frame: FrameType | None) -> None:
    os._exit(_INTERRUPTED)


def main() -> int:
    """Run one command and return the exit code of the process."""
    usual = signal.default_int_handler
    # Who starts it in the background may have Ctrl+C ignored, which stays so.
    guarded = signal.getsignal(signal.SIGINT) is usual
    if guarded:
        signal.signal(signal.SIGINT, _leave)
    from voxpool import cli

    return cli.main(begins=(lambda: signal.signal(signal.SIGINT, usual)) if guarded else None)


if __name__ == "__main__":
    sys.exit(main())
