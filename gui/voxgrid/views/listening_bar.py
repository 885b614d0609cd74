"""What is heard, how loud, and through which device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QSlider, QWidget

from voxgrid import settings as remembered
from voxgrid.speech.controller import SpeechController
from voxgrid.speech.notice import as_sentence
from voxgrid.theme import Theme
from voxgrid.views.meter import LevelMeter
from voxgrid.views.widgets import Picker, label, restyle, tool_button

if TYPE_CHECKING:
    from voxpool.audio.player import DeviceState


class ListeningBar(QWidget):
    """One row: what is heard, meter, volume, mute, device; and one quiet line when there is no device.

    Args:
        controller: What it drives.
        theme: Colours of the meter.
        parent: Qt parent.
    """

    def __init__(self, controller: SpeechController, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("listening_bar")
        self._controller = controller
        self.meter = LevelMeter(theme)
        self._build()
        self._fall = QTimer(self)
        self._fall.setInterval(50)
        self._fall.timeout.connect(self._meter_falls)
        controller.ticked.connect(self._tick)
        controller.deviceChanged.connect(self.show_device)
        self.show_heard()

    def _build(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.device = Picker("device", "Sound device")
        self.device.setFixedWidth(170)
        self.device.addItem("♪ Default output", "")
        self.device.activated.connect(self._device_chosen)
        self.heard = label("", "muted", "heard")
        self.mute = tool_button("Mute", "mute", "Mute everything", "compact")
        self.mute.setCheckable(True)
        self.mute.setChecked(self._controller.store.get(remembered.MUTED))
        self.mute.toggled.connect(self._controller.sound.set_muted)
        self.all = tool_button("All", "hear_all", "Hear everything that runs", "compact")
        self.all.setToolTip("Hear everything that runs; again: nothing")
        self.all.clicked.connect(self._hear_all)
        self.volume = QSlider(Qt.Orientation.Horizontal)
        self.volume.setObjectName("volume")
        self.volume.setAccessibleName("Volume")
        self.volume.setRange(0, 100)
        self.volume.setValue(round(self._controller.store.get(remembered.VOLUME) * 100))
        self.volume.setFixedWidth(90)
        self.volume.valueChanged.connect(lambda value: self._controller.sound.set_volume(value / 100))
        for widget in (self.device, self.heard, self.meter, self.all, self.volume, self.mute):
            row.addWidget(widget)

    def show_heard(self) -> None:
        """Say what is heard."""
        heard = list(self._controller.listening)
        soloed = [record for record in heard if record.soloed]
        if len(heard) == 1:
            text = f"Hearing “{_snippet(heard[0].text)}”"
        elif soloed:
            text = f"Hearing {len(soloed)} of {len(heard)}"
        else:
            text = f"Hearing {len(heard)} utterances" if heard else "Silent"
        if text != self.heard.text():
            self.heard.setText(text)
        restyle(self.heard, "role", "" if heard else "muted")

    def show_device(self, state: DeviceState) -> None:
        """Say where sound goes, or why it goes nowhere."""
        chosen = self._controller.store.get(remembered.DEVICE)
        self.device.clear()
        self.device.addItem("♪ Default output", "")
        for each in self._controller.player.devices():
            self.device.addItem(f"♪ {each.name}", each.name)
        if chosen and self.device.findData(chosen) < 0:
            self.device.addItem(f"♪ {chosen} (absent)", chosen)
        self.device.setCurrentIndex(max(0, self.device.findData(chosen)))
        silent = state.kind == "none"
        if silent:
            self.device.setItemText(self.device.currentIndex(), "♪ No sound device")
        self.device.setToolTip(as_sentence(state.why) if silent else f"Sound goes to {state.name}.")
        self.device.setAccessibleDescription(self.device.toolTip())

    def _hear_all(self) -> None:
        running = self._controller.records.running()
        self._controller.listen_all(any(not record.listening for record in running))

    def _tick(self) -> None:
        self.show_heard()
        peak, _rms = self._controller.player.peak
        self.meter.set_peak(peak)
        if not self._fall.isActive():
            self._fall.start()

    def _meter_falls(self) -> None:
        """Let the meter go down after the last tick too."""
        if len(self._controller.listening):
            return
        self.show_heard()
        self.meter.set_peak(0.0)
        if self.meter.level <= 0.0:
            self._fall.stop()

    def _device_chosen(self, index: int) -> None:
        self._controller.sound.set_device(str(self.device.itemData(index)))


def _snippet(text: str) -> str:
    line = " ".join(text[:80].split())
    return line if len(line) <= 22 else line[:21] + "…"
