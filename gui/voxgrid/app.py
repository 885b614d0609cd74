"""The composition root: makes everything, wires it, runs it, ends it.  The only file that knows qasync."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

import qasync  # isort: skip  # after PySide6: it takes the binding that is imported

from voxgrid import __version__
from voxgrid.bridge import Bridge, RecordOf
from voxgrid.commands import Commands, SpeechViews
from voxgrid.crashes import STEADY_MS, LastSession, SessionMarker
from voxgrid.demo import Demo
from voxgrid.faults import Faults
from voxgrid.features import FEATURES, Desk, Feature
from voxgrid.frame_feed import FrameFeed
from voxgrid.garbage import GarbageCollector
from voxgrid.logs import start_logging, stop_logging
from voxgrid.loop_lag import LoopLag
from voxgrid.notifications import Notifications, Severity
from voxgrid.options import Options, parse
from voxgrid.presenter import Presenter
from voxgrid.recording.choices import RECORD
from voxgrid.settings import Settings
from voxgrid.speech import SpeechController
from voxgrid.speech.endpoints import EndpointChoice, EndpointKind
from voxgrid.theme import Theme, ThemeMode
from voxgrid.views.history import HistoryView
from voxgrid.views.icons import icon
from voxgrid.views.listening_bar import ListeningBar
from voxgrid.views.main_window import MainWindow, Panels
from voxgrid.views.playground import PlaygroundView
from voxgrid.window_settings import THEME

_logger = logging.getLogger(__name__)

CLOSE_TIMEOUT_S: Final = 1.5
"""How long ending may take before it is cut short."""
_LEFT_S: Final = 0.2
"""How long tasks that are left after that may take to notice."""
_HARD_END_S: Final = 1.95
"""When a process that still lives is ended without ceremony: a library's thread may hang for ever."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the app.

    Args:
        arguments: The command line without the program's name; by default the process's own.

    Returns:
        The exit code.
    """
    options = parse(sys.argv[1:] if arguments is None else arguments)
    log_file = start_logging(level=logging.DEBUG if options.verbose else logging.INFO)
    _logger.info("voxgrid %s, Python %s, log %s", __version__, sys.version.split()[0], log_file)
    app = make_application(options)
    is_process = arguments is None
    try:
        with qasync.QEventLoop(app) as loop:
            code: int = loop.run_until_complete(_run(app, options, log_file, hard_end=is_process))
            return code
    except Exception as error:
        _logger.exception("the window could not be opened")
        where = f"; the log is {log_file}" if log_file else ""
        sys.stderr.write(f"voxgrid could not start: {type(error).__name__}: {error}{where}\n")
        return 1
    finally:
        _logger.info("ended")
        stop_logging()


def make_application(options: Options) -> QApplication:
    """Return the Qt application, with its name and its icon."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
        app = QApplication([sys.argv[0], *options.qt])
    app.setApplicationName("voxgrid")
    app.setApplicationDisplayName("Voxgrid")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("voxgrid")
    app.setWindowIcon(icon("voxgrid"))
    # Closing the window is the beginning of an orderly end, which still needs the loop.
    app.setQuitOnLastWindowClosed(False)
    return app


@dataclass(slots=True)
class Parts:
    """Everything that lives as long as the window."""

    theme: Theme
    notifications: Notifications
    controller: SpeechController
    bridge: Bridge
    lag: LoopLag
    window: MainWindow
    views: SpeechViews
    presenter: Presenter
    commands: Commands
    features: tuple[Feature, ...]
    feed: FrameFeed


def build(
    app: QApplication,
    store: Settings,
    *,
    controller: SpeechController | None = None,
    notifications: Notifications | None = None,
    log_file: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
    record_of: RecordOf | None = None,
) -> Parts:
    """Make the window and everything behind it; nothing runs yet.

    Args:
        app: The Qt application.
        store: Remembered settings.
        controller: Speech; by default with the real pool, player and local server.
        notifications: Where sentences go.
        log_file: What "Open the log" opens.
        clock: Monotonic time in seconds; the pool's clock.
        record_of: Returns the sound of an utterance; by default the controller's record.
    """
    theme = Theme(app, ThemeMode(store.get(THEME)))
    theme.apply()
    notifications = notifications or Notifications()
    controller = controller or SpeechController(store)
    bridge = Bridge(record_of or controller.records.get, clock)
    lag = LoopLag(clock)
    views = SpeechViews(
        PlaygroundView(controller, theme), HistoryView(controller, theme), ListeningBar(controller, theme)
    )
    window = MainWindow(
        theme, notifications, store, Panels(views.playground, views.history, views.listening), bridge.now
    )
    feed = FrameFeed()
    controller.poolChanged.connect(feed.attach)
    bridge.watch(feed.take)
    bridge.replaced.connect(lambda: feed.follow(bridge.pool))
    presenter = Presenter(window, bridge, controller, notifications, lag, bridge.now, feed.store)
    commands = Commands(window, views, presenter, controller, notifications, log_file)
    desk = Desk(window, theme, notifications, store, controller, bridge, presenter, commands, lag, clock, feed.store)
    features = tuple(make(desk) for make in FEATURES)
    commands.finish()
    window.settle()
    return Parts(theme, notifications, controller, bridge, lag, window, views, presenter, commands, features, feed)


async def _run(app: QApplication, options: Options, log_file: Path | None, *, hard_end: bool) -> int:
    notifications = Notifications()
    faults = Faults(notifications)
    faults.install()
    faults.watch(asyncio.get_running_loop())
    marker = SessionMarker(log_file.parent if log_file is not None and not options.scripted else None)
    last = marker.begin()
    try:
        store = Settings()
        if last.careful:
            store.hold(RECORD, False)
        parts = build(app, store, notifications=notifications, log_file=log_file)
        _tell_of_last(parts, last, marker)
        try:
            return await _live(parts, options, careful=last.careful)
        finally:
            if hard_end:
                _end_hard_after(_HARD_END_S, marker.end)
            await shut_down(parts)
    finally:
        await _end_tasks()
        # An exception on the way out is in the log; only a process that dies leaves its marker.
        marker.end()
        faults.uninstall()


def _tell_of_last(parts: Parts, last: LastSession, marker: SessionMarker) -> None:
    """Explain a session that ended badly, and let this one count as a good start after a while."""
    if last.crashed:
        hint = "The details are safe to post: they hold no keys." if last.trace else "Nothing is known of why."
        parts.notifications.post(
            last.sentence, hint=hint, details=last.trace, severity=Severity.WARNING, key="last session"
        )
    QTimer.singleShot(STEADY_MS, parts.window, marker.steady)


async def _live(parts: Parts, options: Options, *, careful: bool = False) -> int:
    """Show the window and stay until it is closed."""
    closed = asyncio.Event()
    parts.window.closed.connect(closed.set)
    _close_on_signals(parts.window)
    if not (options.scripted or careful):
        parts.window.restore()
    parts.window.show()
    parts.views.playground.editor.setFocus(Qt.FocusReason.OtherFocusReason)
    parts.bridge.start()
    parts.lag.start()
    garbage = GarbageCollector()
    garbage.start()
    starting = asyncio.create_task(_start(parts, options), name="start speech")
    demo = asyncio.create_task(_play(parts, options), name="demo") if options.scripted else None
    waiting = asyncio.create_task(closed.wait(), name="window closed")
    ends = {waiting} if demo is None else {waiting, demo}
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    code = demo.result() if demo is not None and demo.done() else 0
    parts.window.hide()
    left = [task for task in (starting, waiting, demo) if task is not None]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    garbage.stop()
    return code


async def _start(parts: Parts, options: Options) -> None:
    """Start speech; when even that fails, the window stays and says so."""
    choice = EndpointChoice(EndpointKind.CUSTOM, url=options.endpoint) if options.endpoint else None
    try:
        await parts.controller.start(choice)
    except Exception as error:  # noqa: BLE001 - whatever it is, a window that explains is better than none
        parts.notifications.exception(error, "Starting speech")


async def _play(parts: Parts, options: Options) -> int:
    demo = Demo(parts.window, parts.views.playground, parts.controller, parts.bridge)
    if options.screenshot is not None:
        return await demo.take_picture(options.screenshot, options.layout)
    return await demo.run(options.demo or Path("voxgrid-demo"))


async def shut_down(parts: Parts) -> None:
    """End everything within ``CLOSE_TIMEOUT_S``, whatever it is doing."""
    began = time.monotonic()
    parts.window.hide()
    parts.lag.stop()
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            # What a feature runs ends first: it may use the controller's pool.
            await asyncio.gather(*(feature.close() for feature in parts.features))
            await parts.controller.close()
            parts.feed.close()
    except TimeoutError:
        _logger.warning("speech did not end within %.1f s and was cut short", CLOSE_TIMEOUT_S)
    except Exception:
        _logger.exception("ending speech failed")
    parts.bridge.stop()
    _logger.info("ended speech in %.0f ms", (time.monotonic() - began) * 1000)


async def _end_tasks() -> None:
    """Cancel what an ending that was cut short has left: a task that goes with its loop only makes a noise."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=_LEFT_S)


def _close_on_signals(window: MainWindow) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, window.close)
        except (NotImplementedError, ValueError, RuntimeError, OSError) as error:
            # Windows has none, and neither has a loop outside the main thread.
            _logger.debug("no handler for %s: %s", number.name, error)


def _end_hard_after(seconds: float, before: Callable[[], None]) -> None:
    """End the process even when a thread of a library never returns; the local server sees its pipe close."""

    def end() -> None:
        time.sleep(seconds)
        _logger.error("something did not end; the process is ended without it")
        before()
        logging.shutdown()
        os._exit(0)

    threading.Thread(target=end, name="hard end", daemon=True).start()
