"""What the speech controller tells the window."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class SpeechSignals(QObject):
    """The signals of the ``SpeechController``.

    Signals:
        poolChanged(Pool | None): Another pool is in use (endpoint changed), or none.
        recordAdded(UtteranceRecord): A new utterance was asked for.
        recordChanged(UtteranceRecord): Audio, words or listening changed; at most once per frame for each.
        recordEnded(UtteranceRecord): Nothing more will come for it.
        recordsRemoved(list[UtteranceRecord]): Forgotten, to stay within the bounds.
        currentChanged(UtteranceRecord | None): Another utterance is the playground's.
        ticked(): A frame passed while something is generated or heard; read playheads and levels now.
        notice(Notice): A sentence for the person.
        endpointChanged(EndpointState): What is spoken to, and whether it is ready.
        voicesChanged(tuple[Voice, ...]): The endpoint's voices.
        localServerChanged(LocalServerState): The local server started, died, came back.
        settingsChanged(ContextSettings): What is spoken from now on uses these.
        consentNeeded(FirePlan): A burst would cost money; ``run(plan)`` goes on with it.
        saved(Path): A WAV file was written.
        deviceChanged(DeviceState): Sound goes elsewhere, or nowhere.
        loadChanged(LocalLoad): How busy local speech is; about once a second while something runs.
        probed(ProbeResult): An endpoint was tried.
        keyringDone(bool, str): Whether a key was stored or forgotten, and the sentence about it.
    """

    poolChanged = Signal(object)
    recordAdded = Signal(object)
    recordChanged = Signal(object)
    recordEnded = Signal(object)
    recordsRemoved = Signal(object)
    currentChanged = Signal(object)
    ticked = Signal()
    notice = Signal(object)
    endpointChanged = Signal(object)
    voicesChanged = Signal(object)
    localServerChanged = Signal(object)
    settingsChanged = Signal(object)
    consentNeeded = Signal(object)
    saved = Signal(object)
    deviceChanged = Signal(object)
    loadChanged = Signal(object)
    probed = Signal(object)
    keyringDone = Signal(bool, str)
