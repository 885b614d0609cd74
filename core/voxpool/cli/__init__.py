"""The command line: ``voxpool say``, ``serve``, ``stress``, ``runs``, ``recording``, ``voices`` and ``doctor``.

Each command is a module of this package with two functions: ``configure(parser)`` adds its options to an
:class:`argparse.ArgumentParser`, and ``run(arguments)`` does the work and returns the exit code.  Only the module
of the command that was asked for is imported, so a command is as quick to start as what it needs.

Exit codes: 0 for success, 1 for a failure, 2 for a wrong use, 130 after Ctrl+C.  A failure is one sentence on
standard error; ``VOXPOOL_DEBUG=1`` adds the traceback.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module, metadata
from typing import Final

from voxpool.errors import CredentialRejected, EndpointError, ScenarioError, SettingError, VoxpoolError, WrongUse

COMMANDS: Final = {
    "say": "speak a text, through the loudspeaker or into a WAV file",
    "serve": "run the local server that speaks the protocol",
    "stress": "speak many utterances at once and measure them",
    "runs": "list, show, compare, export and delete kept runs of the stress lab",
    "recording": "look into a recorded session, export it, or replay its load",
    "voices": "list the voices of an endpoint",
    "doctor": "check libraries, sound, endpoint and key, and say what to do",
}
"""Every command with its one-line description."""

CHECK_KEY: Final = "check the key: --key or INWORLD_API_KEY"
"""What to do when a credential is refused."""
_FAILURE: Final = 1
_WRONG_USE: Final = 2
_INTERRUPTED: Final = 130


def main(argv: Sequence[str] | None = None, *, begins: Callable[[], object] | None = None) -> int:
    """Run one command and return the exit code of the process.

    Args:
        argv: Arguments without the program's name; those of the process when None.
        begins: Called when the arguments are read and the command itself begins, by a program that ends with it: then
            a command may leave Ctrl+C ignored at its end, so that a late press changes nothing.

    Raises:
        SystemExit: From argparse, after ``--help``, ``--version`` and wrong use.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if begins is not None:
        return _main(arguments, begins)
    before = signal.getsignal(signal.SIGINT)
    try:
        return _main(arguments, lambda: None)
    finally:
        if signal.getsignal(signal.SIGINT) is not before:
            signal.signal(signal.SIGINT, before)


def _main(arguments: list[str], begins: Callable[[], object]) -> int:
    _let_everything_be_printed()
    try:
        parsed = build_parser(arguments).parse_args(arguments)
        begins()
        code: int = import_module(f"voxpool.cli.{parsed.command}").run(parsed)
        # There is none when the caller closed it.
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return _FAILURE
    except (SettingError, ScenarioError, EndpointError, WrongUse) as error:
        return _complain(error, _WRONG_USE)
    except VoxpoolError as error:
        return _complain(error, _FAILURE)
    except OSError as error:
        return _complain(error, _FAILURE, f"{error.filename}: {error.strerror}" if error.filename else error.strerror)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a person gets a sentence, not a traceback
        unexpected = f"something unexpected went wrong: {_sentence(error)} (VOXPOOL_DEBUG=1 shows where)"
        return _complain(error, _FAILURE, unexpected)
    return code


def build_parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser, with the options of the commands that ``argv`` names.

    Args:
        argv: Arguments without the program's name.
    """
    parser = argparse.ArgumentParser(
        prog="voxpool", description="Concurrent streaming speech over Inworld's protocol.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"voxpool {metadata.version('voxgrid')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(
            name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False
        )
        if name in argv:
            import_module(f"voxpool.cli.{name}").configure(command)
    return parser


def _complain(error: BaseException, code: int, sentence: str | None = None) -> int:
    if os.environ.get("VOXPOOL_DEBUG"):
        traceback.print_exception(error)
    print(f"voxpool: {sentence or _sentence(error)}", file=sys.stderr)
    return code


def _sentence(error: BaseException) -> str:
    if isinstance(error, CredentialRejected):
        return f"{error.what}; {CHECK_KEY}"
    return str(error) or type(error).__name__


def _let_everything_be_printed() -> None:
    # A name or a sign that the encoding of the terminal lacks comes as an escape, and does not end the command.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _silence_stdout() -> None:
    # Whoever read our output is gone; without this the interpreter complains once more when it flushes at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
