"""Endpoint and key: where it comes from, where it never goes, and what the dialog says."""

from __future__ import annotations

import asyncio

import keyring
import keyring.backend
import keyring.errors
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QSpinBox

from support.speech_stage import Stage
from support.views import make_theme
from voxgrid import secrets
from voxgrid import settings as remembered
from voxgrid.speech.endpoints import EndpointChoice, EndpointKind, KeySource, remember, resolve
from voxgrid.speech.endpoints import remembered as remembered_choice
from voxgrid.speech.probe import ProbeResult
from voxgrid.views.endpoint_dialog import EndpointDialog
from voxpool.config import Credential
from voxpool.errors import EndpointError

MADE_UP = "bWFkZS11cC1rZXk6bWFkZS11cC1zZWNyZXQ="
INWORLD = EndpointChoice(EndpointKind.INWORLD)


class FakeKeyring(keyring.backend.KeyringBackend):
    priority = 5

    def __init__(self):
        super().__init__()
        self.kept = {}
        self.fault = None

    def get_password(self, service, username):
        if self.fault:
            raise self.fault
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        if self.fault:
            raise self.fault
        self.kept[service, username] = password

    def delete_password(self, service, username):
        del self.kept[service, username]


@pytest.fixture
def ring(monkeypatch):
    ring = FakeKeyring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: ring)
    return ring


@pytest.fixture(autouse=True)
def no_key_in_the_environment(monkeypatch):
    monkeypatch.delenv("INWORLD_API_KEY", raising=False)


# --- keys -------------------------------------------------------------------------------------------------


def test_the_keyring_keeps_and_gives_back(ring):
    assert secrets.load() is None
    secrets.save(Credential.basic(MADE_UP))
    assert secrets.load() == Credential.basic(MADE_UP)
    secrets.save(Credential.bearer("made-up-token"))
    assert secrets.load() == Credential.bearer("made-up-token")
    secrets.forget()
    secrets.forget()
    assert secrets.load() is None


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (keyring.errors.KeyringLocked("x"), "locked"),
        (keyring.errors.NoKeyringError("x"), "no service"),
        (RuntimeError(f"dbus said {MADE_UP}"), "RuntimeError"),
    ],
)
def test_a_keyring_that_fails_is_a_sentence_without_the_key(ring, fault, said):
    ring.fault = fault
    for call in (secrets.load, secrets.forget, lambda: secrets.save(Credential.basic(MADE_UP))):
        with pytest.raises(secrets.KeyringUnavailable) as caught:
            call()
        assert said in str(caught.value)
        assert "INWORLD_API_KEY" in str(caught.value)
        assert MADE_UP not in str(caught.value)


def test_a_keyring_that_is_a_plain_file_is_none(ring, monkeypatch):
    monkeypatch.setattr(FakeKeyring, "__module__", "keyrings.alt.file")
    with pytest.raises(secrets.KeyringUnavailable):
        secrets.save(Credential.basic(MADE_UP))
    assert not ring.kept


def test_a_keyring_of_no_worth_is_none(ring, monkeypatch):
    monkeypatch.setattr(FakeKeyring, "priority", 0)
    with pytest.raises(secrets.KeyringUnavailable):
        secrets.load()


# --- choices ----------------------------------------------------------------------------------------------


def test_inworld_with_the_key_of_the_environment(monkeypatch):
    with pytest.raises(EndpointError, match="INWORLD_API_KEY is not set"):
        resolve(INWORLD)
    monkeypatch.setenv("INWORLD_API_KEY", MADE_UP)
    endpoint = resolve(INWORLD)
    assert endpoint.url == "https://api.inworld.ai"
    assert endpoint.credential == Credential.basic(MADE_UP)
    assert resolve(EndpointChoice(EndpointKind.INWORLD, "eu")).url == "https://api.eu.inworld.ai"


def test_inworld_with_the_key_of_the_keyring(ring):
    choice = EndpointChoice(EndpointKind.INWORLD, key_source=KeySource.KEYRING)
    with pytest.raises(EndpointError, match="no Inworld key in the system's keyring"):
        resolve(choice)
    secrets.save(Credential.basic(MADE_UP))
    assert resolve(choice).credential == Credential.basic(MADE_UP)


def test_a_typed_key_is_needed_before_it_is_used():
    choice = EndpointChoice(EndpointKind.INWORLD, key_source=KeySource.TYPED)
    with pytest.raises(EndpointError, match="No key was typed in"):
        resolve(choice)


def test_the_key_of_the_environment_is_not_sent_to_another_host(monkeypatch):
    monkeypatch.setenv("INWORLD_API_KEY", MADE_UP)
    assert resolve(EndpointChoice(EndpointKind.CUSTOM, url="https://speech.example")).credential is None


def test_a_choice_is_remembered_without_its_key(tmp_path):
    stage = Stage(tmp_path, "")
    typed = EndpointChoice(EndpointKind.INWORLD, "eu", "", KeySource.TYPED, Credential.basic(MADE_UP))
    remember(stage.store, typed)
    stage.store.sync()
    assert MADE_UP not in stage.store.path.read_text()
    again = remembered_choice(stage.store)
    assert again == EndpointChoice(EndpointKind.INWORLD, "eu", "", KeySource.ENVIRONMENT)


# --- the dialog -------------------------------------------------------------------------------------------


class DialogStage(Stage):
    def open(self, qtbot):
        make_theme()
        self.dialog = EndpointDialog(self.controller)
        qtbot.addWidget(self.dialog)
        self.dialog.show()

    def find(self, kind, name):
        return self.dialog.findChild(kind, name)

    def result(self):
        return self.find(QLabel, "test_result").text()

    def choose(self, kind, source=None):
        self.find(QPushButton, f"kind_{kind}").click()
        if source is not None:
            self.dialog.source.setCurrentIndex(self.dialog.source.findData(source))


@pytest.fixture
async def stage(tmp_path, qtbot):
    stage = DialogStage(tmp_path)
    await stage.start()
    stage.open(qtbot)
    yield stage
    await stage.controller.close()


async def test_only_what_matters_is_shown(stage):
    url, region, key = stage.dialog.url, stage.dialog.region, stage.dialog.key
    shown = lambda: (url.isVisible(), region.isVisible(), key.isVisible())  # noqa: E731
    stage.choose("local")
    assert shown() == (False, False, False)
    stage.choose("inworld", "environment")
    assert shown() == (False, True, False)
    stage.choose("inworld", "typed")
    assert shown() == (False, True, True)
    stage.choose("custom", "typed")
    assert shown() == (True, False, True)


async def test_the_key_is_masked(stage):
    assert stage.find(QLineEdit, "key").echoMode() is QLineEdit.EchoMode.Password
    assert stage.find(QLineEdit, "key").inputMethodHints() & Qt.InputMethodHint.ImhSensitiveData


async def test_a_missing_key_is_said_at_once(stage):
    stage.choose("inworld", "environment")
    assert "not set" in stage.result()


async def test_a_key_that_cannot_be_one_is_a_sentence(stage, qtbot):
    stage.choose("inworld", "typed")
    stage.find(QLineEdit, "key").setText("schlüssel mit umlaut")
    stage.find(QPushButton, "test_connection").click()
    assert "character that no key has" in stage.result()
    assert "schl" not in stage.result()


async def test_the_test_goes_through_the_controller_and_says_how_it_went(stage, qtbot):
    asked = []
    stage.controller.probe = asked.append
    stage.choose("inworld", "typed")
    stage.find(QLineEdit, "key").setText(MADE_UP)
    button = stage.find(QPushButton, "test_connection")
    button.click()
    assert asked[0].credential == Credential.basic(MADE_UP)
    assert not button.isEnabled()
    stage.controller.probed.emit(ProbeResult(False, "The service refused the key."))
    assert stage.result() == "The service refused the key."
    assert button.isEnabled()


async def test_the_key_goes_into_the_keyring_and_out_of_the_field(stage, ring):
    stage.choose("inworld", "keyring")
    stage.find(QLineEdit, "key").setText(MADE_UP)
    stage.find(QPushButton, "keep_key").click()
    for _ in range(200):
        if stage.result():
            break
        await asyncio.sleep(0.01)
    assert "in the system's keyring" in stage.result()
    assert stage.find(QLineEdit, "key").text() == ""
    assert MADE_UP in next(iter(ring.kept.values()))


async def test_a_key_typed_for_the_keyring_goes_there_before_the_dialog_closes(stage, ring):
    chosen = []
    stage.controller.set_endpoint = chosen.append
    stage.choose("inworld", "keyring")
    stage.find(QLineEdit, "key").setText(MADE_UP)
    stage.dialog._accept()
    for _ in range(200):
        if chosen:
            break
        await asyncio.sleep(0.01)
    assert [(each.kind, each.key_source, each.credential) for each in chosen] == [
        (EndpointKind.INWORLD, KeySource.KEYRING, None)
    ]
    assert resolve(chosen[0]).credential == Credential.basic(MADE_UP)
    assert not stage.dialog.isVisible()


async def test_the_dialog_stays_when_the_keyring_refuses(stage, ring):
    ring.fault = keyring.errors.KeyringLocked("x")
    stage.choose("inworld", "keyring")
    stage.find(QLineEdit, "key").setText(MADE_UP)
    stage.dialog._accept()
    for _ in range(200):
        if stage.result():
            break
        await asyncio.sleep(0.01)
    assert "locked" in stage.result()
    assert stage.dialog.isVisible()
    assert stage.find(QLineEdit, "key").text() == MADE_UP


async def test_a_key_is_forgotten(stage, ring):
    secrets.save(Credential.basic(MADE_UP))
    stage.choose("inworld", "keyring")
    stage.find(QPushButton, "forget_key").click()
    for _ in range(200):
        if stage.result():
            break
        await asyncio.sleep(0.01)
    assert "no key" in stage.result()
    assert not ring.kept


async def test_without_a_keyring_the_dialog_says_so(stage, ring):
    ring.fault = keyring.errors.NoKeyringError("x")
    stage.choose("inworld", "keyring")
    stage.find(QLineEdit, "key").setText(MADE_UP)
    stage.find(QPushButton, "keep_key").click()
    for _ in range(200):
        if stage.result():
            break
        await asyncio.sleep(0.01)
    assert "No system keyring" in stage.result()


async def test_ok_changes_the_endpoint_and_remembers_cap_and_choice(stage):
    chosen = []
    stage.controller.set_endpoint = chosen.append
    stage.choose("custom", "environment")
    stage.find(QLineEdit, "url").setText("http://127.0.0.1:9")
    stage.find(QSpinBox, "burst_cap").setValue(1234)
    stage.dialog._accept()
    assert chosen == [EndpointChoice(EndpointKind.CUSTOM, url="http://127.0.0.1:9")]
    assert stage.store.get(remembered.BURST_CAP) == 1234


async def test_ok_without_a_change_keeps_the_pool(stage):
    chosen = []
    stage.controller.set_endpoint = chosen.append
    stage.dialog._accept()
    assert chosen == []
