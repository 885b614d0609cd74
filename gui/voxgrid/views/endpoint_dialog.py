"""Chooses what is spoken to, with which key, and tries it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from voxgrid import settings as remembered
from voxgrid.speech.controller import SpeechController
from voxgrid.speech.endpoints import EndpointChoice, EndpointKind, KeySource, environment_has_key
from voxgrid.speech.notice import as_sentence
from voxgrid.speech.probe import ProbeResult
from voxgrid.views.widgets import Picker, give_room, label, say, sentence
from voxpool.config import Credential
from voxpool.errors import EndpointError

_REGIONS: Final = (("global", "api.inworld.ai"), ("eu", "api.eu.inworld.ai"), ("in", "api.in.inworld.ai"))
_SOURCES: Final = (
    (KeySource.ENVIRONMENT, "INWORLD_API_KEY"),
    (KeySource.KEYRING, "System keyring"),
    (KeySource.TYPED, "Typed in, for this session"),
)


class EndpointDialog(QDialog):
    """Local server, Inworld or a URL; where the key is; the cap and price of bursts; a connection test.

    The key is masked.  It goes to the controller as a ``Credential``, which never shows itself, and into the
    keyring when that is asked for; it is in no file and no log.

    Args:
        controller: What it drives.
        parent: Qt parent.
    """

    def __init__(self, controller: SpeechController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("endpoint_dialog")
        self.setWindowTitle("Endpoint")
        self._controller = controller
        self._accepts = False
        self._build()
        self._show(controller.endpoint.choice)
        controller.probed.connect(self._probed)
        controller.keyringDone.connect(self._keyring_done)

    # --- building ----------------------------------------------------------------------------------------

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(label("Speak with", "heading"))
        layout.addLayout(self._kinds())
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(14)
        self._form.setVerticalSpacing(8)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        layout.addLayout(self._form)
        self._build_where()
        self._build_key()
        self._build_cost()
        self._build_test(layout)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        self._buttons.accepted.connect(self._accept)
        self._buttons.rejected.connect(self.reject)
        layout.addWidget(self._buttons)
        self.setMinimumWidth(480)

    def _kinds(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        self._kind = QButtonGroup(self)
        for index, (kind, title) in enumerate(
            (
                (EndpointKind.LOCAL, "Local server"),
                (EndpointKind.INWORLD, "Inworld"),
                (EndpointKind.CUSTOM, "Another URL"),
            )
        ):
            button = QPushButton(title)
            button.setCheckable(True)
            button.setAutoDefault(False)
            button.setObjectName(f"kind_{kind.value}")
            self._kind.addButton(button, index)
            row.addWidget(button)
        row.addStretch(1)
        self._kind.idToggled.connect(self._arrange)
        return row

    def _build_where(self) -> None:
        self.region = Picker("region", "Host")
        for name, host in _REGIONS:
            self.region.addItem(host, name)
        self.url = QLineEdit()
        self.url.setObjectName("url")
        self.url.setPlaceholderText("http://127.0.0.1:8080")
        self.url.textEdited.connect(lambda: say(self._result, ""))
        self._form.addRow("Host", self.region)
        self._form.addRow("URL", self.url)

    def _build_key(self) -> None:
        self.source = Picker("key_source", "Where the key is")
        for source, title in _SOURCES:
            self.source.addItem(title, source.value)
        self.source.currentIndexChanged.connect(self._arrange)
        self.key = QLineEdit()
        self.key.setObjectName("key")
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.key.setPlaceholderText("Basic (base64) key from the Inworld portal")
        self.key.setInputMethodHints(Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoPredictiveText)
        self.keep = QPushButton("Put into keyring")
        self.keep.setObjectName("keep_key")
        self.keep.setAutoDefault(False)
        self.keep.clicked.connect(self._keep_key)
        self.forget = QPushButton("Forget")
        self.forget.setObjectName("forget_key")
        self.forget.setAutoDefault(False)
        self.forget.setToolTip("Take the key out of the system's keyring")
        self.forget.clicked.connect(self._controller.forget_key)
        self._key_row = QWidget()
        row = QHBoxLayout(self._key_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.key, 1)
        row.addWidget(self.keep)
        row.addWidget(self.forget)
        self._form.addRow("Key from", self.source)
        self._form.addRow("Key", self._key_row)

    def _build_cost(self) -> None:
        store = self._controller.store
        self.cap = QSpinBox()
        self.cap.setObjectName("burst_cap")
        self.cap.setRange(0, 100_000_000)
        self.cap.setSingleStep(1000)
        self.cap.setGroupSeparatorShown(True)
        self.cap.setSuffix(" characters")
        self.cap.setValue(store.get(remembered.BURST_CAP))
        self.price = QDoubleSpinBox()
        self.price.setObjectName("price")
        self.price.setRange(0.0, 10_000.0)
        self.price.setPrefix("$ ")
        self.price.setSpecialValueText("list price of the model")
        self.price.setValue(store.get(remembered.PRICE))
        give_room(self.cap)
        give_room(self.price)
        self._form.addRow("Cap for one burst", self.cap)
        self._form.addRow("Price per million", self.price)

    def _build_test(self, layout: QVBoxLayout) -> None:
        row = QHBoxLayout()
        self.test = QPushButton("Test connection")
        self.test.setObjectName("test_connection")
        self.test.setAutoDefault(False)
        self.test.setToolTip("Opens a connection and one context, and closes them; nothing is spoken")
        self.test.clicked.connect(self._test)
        self._result = sentence("test_result")
        row.addWidget(self.test, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._result, 1)
        layout.addLayout(row)

    # --- acting ------------------------------------------------------------------------------------------

    @property
    def kind(self) -> EndpointKind:
        """Which kind is chosen."""
        return (EndpointKind.LOCAL, EndpointKind.INWORLD, EndpointKind.CUSTOM)[max(0, self._kind.checkedId())]

    def choice(self) -> EndpointChoice:
        """Return what is chosen.

        Raises:
            EndpointError: If a key was typed in that cannot be one.
        """
        source = KeySource(self.source.currentData())
        credential = None
        if source is KeySource.TYPED and self.key.text().strip():
            credential = Credential.basic(self.key.text())
        elif source is KeySource.TYPED:
            credential = self._controller.endpoint.choice.credential
        return EndpointChoice(self.kind, str(self.region.currentData()), self.url.text().strip(), source, credential)

    def _show(self, choice: EndpointChoice) -> None:
        kinds = (EndpointKind.LOCAL, EndpointKind.INWORLD, EndpointKind.CUSTOM)
        self._kind.button(kinds.index(choice.kind)).setChecked(True)
        self.region.setCurrentIndex(max(0, self.region.findData(choice.region)))
        self.url.setText(choice.url)
        source = choice.key_source
        if source is KeySource.ENVIRONMENT and choice.kind is EndpointKind.LOCAL and not environment_has_key():
            source = KeySource.TYPED
        self.source.setCurrentIndex(self.source.findData(source.value))
        self._arrange()

    def _arrange(self) -> None:
        """Show only what matters for the chosen kind."""
        kind, source = self.kind, KeySource(self.source.currentData())
        rows: tuple[tuple[QWidget, bool], ...] = (
            (self.region, kind is EndpointKind.INWORLD),
            (self.url, kind is EndpointKind.CUSTOM),
            (self.source, kind is not EndpointKind.LOCAL),
            (self._key_row, kind is not EndpointKind.LOCAL and source is not KeySource.ENVIRONMENT),
            (self.cap, kind is not EndpointKind.LOCAL),
            (self.price, kind is not EndpointKind.LOCAL),
        )
        for field, shown in rows:
            self._form.setRowVisible(field, shown)
        self.keep.setVisible(source is KeySource.KEYRING)
        self.forget.setVisible(source is KeySource.KEYRING)
        self._say_about_key(kind, source)

    def _say_about_key(self, kind: EndpointKind, source: KeySource) -> None:
        if kind is EndpointKind.INWORLD and source is KeySource.ENVIRONMENT and not environment_has_key():
            say(self._result, "INWORLD_API_KEY is not set here; type the key in, or restart with it set.", "error")
        elif kind is EndpointKind.CUSTOM and source is KeySource.ENVIRONMENT:
            say(self._result, "The key in INWORLD_API_KEY is Inworld's and is not sent to another host.", "small")
        else:
            say(self._result, "")

    def _keep_key(self) -> None:
        try:
            credential = Credential.basic(self.key.text())
        except EndpointError as error:
            self._accepts = False
            say(self._result, as_sentence(error), "error")
            return
        self._controller.store_key(credential)

    def _keyring_done(self, ok: bool, said: str) -> None:
        if ok:
            self.key.clear()
        say(self._result, said, "small" if ok else "error")
        if self._accepts and ok:
            self._finish(self.choice())
        self._accepts = False

    def _test(self) -> None:
        try:
            choice = self.choice()
            if self.key.text().strip():
                # What was typed is tried, whether or not it is in the keyring already.
                choice = replace(choice, key_source=KeySource.TYPED, credential=Credential.basic(self.key.text()))
        except EndpointError as error:
            say(self._result, as_sentence(error), "error")
            return
        self.test.setEnabled(False)
        say(self._result, "Testing …", "small")
        self._controller.probe(choice)

    def _probed(self, result: ProbeResult) -> None:
        self.test.setEnabled(True)
        say(self._result, result.text, "small" if result.ok else "error")

    def _accept(self) -> None:
        try:
            choice = self.choice()
        except EndpointError as error:
            say(self._result, as_sentence(error), "error")
            return
        if choice.key_source is KeySource.KEYRING and self.key.text().strip():
            # A key that was typed for the keyring goes there first; the dialog stays open if it cannot.
            self._accepts = True
            self._keep_key()
            return
        self._finish(choice)

    def _finish(self, choice: EndpointChoice) -> None:
        self._controller.store.set(remembered.BURST_CAP, self.cap.value())
        self._controller.store.set(remembered.PRICE, self.price.value())
        self.key.clear()
        if choice != self._controller.endpoint.choice or not self._controller.endpoint.ready:
            self._controller.set_endpoint(choice)
        self.accept()
