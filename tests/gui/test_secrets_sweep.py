"""Made-up keys are sown wherever one could get to; nothing that can be read, copied or posted holds one."""

from __future__ import annotations

import base64
import logging

import pytest
from PySide6.QtGui import QGuiApplication

from support.failing import Life, connection
from voxgrid import logs
from voxgrid.crashes import MARKER, TRACE, SessionMarker
from voxgrid.models import failure_words
from voxgrid.models.connection_words import life_line, life_sentence
from voxgrid.models.failures import Kind
from voxgrid.notifications import report
from voxgrid.trouble.errors import ErrorsFeature
from voxgrid.views.error_detail import texts
from voxgrid.views.notifications_dialog import NotificationsDialog
from voxpool.config import Credential, Endpoint
from voxpool.events import CloseReason, SlotState
from voxpool.frames.store import FrameStore
from voxpool.knowledge import Situation
from voxpool.protocol.messages import Status
from voxpool.protocol.status import to_error
from voxpool.recording.hiding import hide
from voxpool.stress.scrub import scrub_data
from voxpool.transport import AiohttpConnector

# Made up for this test; the halves of a portal key as it decodes.
HALVES = ("madeUpKeyIdOfATest", "madeUpSecretOfATest12345")
KEY = base64.b64encode(":".join(HALVES).encode()).decode()
TOKEN = "eyJtYWRlIjoidXAifQ.eyJmb3IiOiJhIHRlc3QifQ.c2lnbmF0dXJl"
SEEDS = (KEY, KEY.rstrip("="), KEY.replace("=", "%3D"), *HALVES, TOKEN, f"{KEY[:4]}***")
SOWN = [
    f"Authorization: Basic {KEY}",
    f"wss://host/tts/v1/voice:streamBidirectional?authorization=Basic%20{KEY.replace('=', '%3D')}",
    f"Sec-WebSocket-Protocol: bearer_{TOKEN}",
    f'Invalid credentials provided for API key "{KEY[:4]}***"',
    f"the bare key {KEY} in a sentence",
    f"decoded {HALVES[1]}",
    f"headers {{'Authorization': 'Bearer {TOKEN}'}}",
]


@pytest.fixture(autouse=True)
def credentials():
    """The endpoint's key and a session's token, as a person would have typed them in."""
    return Endpoint("https://host", Credential.basic(KEY)), Credential.bearer(TOKEN)


def caught(text):
    """Return an exception with a traceback."""
    try:
        {}[text]
    except KeyError as error:
        return error


def clean(text):
    return [seed for seed in SEEDS if seed in text]


@pytest.mark.parametrize("sown", SOWN)
def test_errors_of_the_pool(credentials, sown):
    endpoint, _ = credentials
    connector = AiohttpConnector(endpoint, 1.0)
    said = [
        str(to_error(Status(7, sown), "c")),
        str(to_error(Status(13, sown), "c")),
        to_error(Status(3, sown)).message,
        str(connector._translate(OSError(1, sown))),
        endpoint.scrub(sown),
        repr(endpoint),
    ]
    assert clean("\n".join(said)) == []


@pytest.mark.parametrize("sown", SOWN)
def test_the_log_and_its_tracebacks(tmp_path, sown):
    file = logs.start_logging(tmp_path)
    try:
        logging.getLogger("voxgrid.test").warning("plain %s", sown)
        logging.getLogger("voxgrid.test").error("caught", exc_info=caught(sown))
    finally:
        logs.stop_logging()
    written = file.read_text()
    assert "KeyError" in written
    assert clean(written) == []


@pytest.mark.parametrize("sown", SOWN)
def test_notifications_reports_and_the_dialog(stage, sown):
    notifications = stage.parts.notifications
    notifications.post(sown, hint=sown, details=sown)
    notifications.exception(caught(sown), "Doing something")
    dialog = NotificationsDialog(notifications, stage.parts.window)
    dialog.copy_report()
    shown = [dialog.list.item(row).text() for row in range(dialog.list.count())]
    said = [
        *map(report, notifications.history),
        dialog.details.toPlainText(),
        QGuiApplication.clipboard().text(),
        *shown,
    ]
    assert "KeyError" in "\n".join(said)
    assert clean("\n".join(said)) == []
    dialog.close()


@pytest.mark.parametrize("sown", SOWN)
def test_records_of_errors_and_all_that_is_shown_and_copied_of_them(stage, sown):
    feature = next(each for each in stage.parts.features if isinstance(each, ErrorsFeature))
    life = Life()
    for event in (
        connection(0.0, 1, 0, "open"),
        *life.speaking(0.0),
        life.slot(1.0, SlotState.FAILED, code=7, detail=sown),
        life.failed(1.0, sown, 7),
        connection(1.0, 1, 0, "closed", CloseReason.NETWORK, sown),
    ):
        feature.book.fold(event)
        stage.parts.bridge.models.connections.fold(event)
    feature.book.add(Kind.APP, 2.0, sown, Situation.APP, details=f"Traceback\n  {sown}")
    feature.frames_around = lambda _failure: [sown]
    said = []
    for failure in feature.book.all():
        feature.copy_report(failure.number)
        said += [QGuiApplication.clipboard().text(), *texts(feature.detail(failure)), failure.title, failure.text]
        said.append(failure_words.failure_sentence(failure, feature.book, 3.0))
        said.append(failure_words.announcement([failure]))
    said += [failure_words.group_sentence(group, 3.0) for group in feature.book.groups]
    for each in stage.parts.bridge.models.connections.lives:
        said += [life_line(each, 3.0), life_sentence(each, 3.0)]
    assert clean("\n".join(said)) == []


@pytest.mark.parametrize("sown", SOWN)
def test_frames_recordings_and_reports_of_runs(credentials, sown):
    endpoint, _ = credentials
    store = FrameStore()
    store.begin(endpoint.scrub)
    quoted = sown.replace('"', '\\"')
    store.tap(1, "in", f'{{"error":{{"code":7,"message":"{quoted}","details":[]}}}}', 1.0)
    store.tap(1, "out", f'{{"send_text":{{"text":{{"text":"{quoted}"}}}},"contextId":"c"}}', 1.0)
    frames = [f"{each.summary} {each.folded}" for each in store]
    known = endpoint.credential.scrub
    said = [*frames, hide(sown, (known,)), str(scrub_data({"text": known(sown)}))]
    prefix = SEEDS[-1]
    # What a caller has spoken may well hold three stars: only what the service says quotes a key.
    assert [seed for seed in clean("\n".join(said)) if seed != prefix] == []
    assert prefix not in frames[0]


def test_a_crash_report(tmp_path):
    (tmp_path / MARKER).write_text("{}")
    (tmp_path / TRACE).write_text("\n".join(SOWN))
    marker = SessionMarker(tmp_path)
    last = marker.begin()
    marker.end()
    assert "***" in last.trace
    assert clean(last.trace) == []
