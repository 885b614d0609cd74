"""The one object between the views and the pool: speak, stop, fire, listen, keep."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from voxpool.audio.player import Player

from voxgrid import secrets
from voxgrid import settings as remembered
from voxgrid.local_server import LocalServerState
from voxgrid.notifications import Severity
from voxgrid.settings import Settings
from voxgrid.speech import burst, endpoints
from voxgrid.speech.burst import FirePlan
from voxgrid.speech.endpoints import EndpointChoice, EndpointKind, EndpointState
from voxgrid.speech.link import Link, LinkConfig
from voxgrid.speech.listening import Listening
from voxgrid.speech.load import LoadProbe, LocalLoad
from voxgrid.speech.notice import Notice
from voxgrid.speech.probe import probe
from voxgrid.speech.record import UtteranceRecord
from voxgrid.speech.store import RecordStore
from voxgrid.speech.tasks import Tasks
from voxpool.audio.wav import write_wav
from voxpool.errors import VoxpoolError
from voxpool.protocol.settings import ContextSettings, TimestampType

if TYPE_CHECKING:
    from voxpool.config import Credential
    from voxpool.pool.pool import Pool
    from voxpool.voices import Voice

_logger = logging.getLogger(__name__)
_FRAME_MS: Final = 33
_DOUBLE_CLICK_S: Final = 0.4
_LOAD_EVERY_S: Final = 1.0
_BOTTLENECK_HINT: Final = "Latencies now say more about this machine than about the pool; eSpeak voices are lighter."
_SHOTS_PER_TURN: Final = 20
"""Utterances begun before the loop gets a turn: a burst of 500 must not freeze the window."""


class SpeechController(QObject):
    """Owns endpoint, local server, pool, player and records.

    All methods that a view calls return at once; work goes on in named tasks on the loop that ``start`` ran on.

    Args:
        store: What is remembered between sessions.
        player: Where sound goes; by default the system's device.
        config: How pools and the local server are made.
        clock: Monotonic time in seconds.

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
        keyStored(str): The key is in the keyring, or the sentence why it is not.
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
    keyStored = Signal(str)

    def __init__(
        self,
        store: Settings,
        *,
        player: Player | None = None,
        config: LinkConfig | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.store = store
        self.player = player if player is not None else Player()
        self.records = RecordStore(store.get(remembered.KEEP_COUNT), store.get(remembered.KEEP_MB))
        self.listening = Listening(self.player, clock)
        self.settings = ContextSettings(voice="Joe", timestamp_type=TimestampType.WORD)
        self.voice_on_purpose = store.get(remembered.VOICE_CHOSEN)
        self.text = ""
        self.current: UtteranceRecord | None = None
        self._clock = clock
        self._config = config or LinkConfig()
        self._tasks = Tasks(self._task_failed)
        self._link: Link | None = None
        self._dirty: dict[int, UtteranceRecord] = {}
        self._held_text = ""
        self._spoken_at = -1e9
        self._burst: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None
        self.load = LocalLoad()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_FRAME_MS)
        self._timer.timeout.connect(self._tick)

    def __repr__(self) -> str:
        return f"<SpeechController {self.records!r} {self.listening!r}>"

    # --- state -------------------------------------------------------------------------------------------

    @property
    def pool(self) -> Pool | None:
        """The pool in use."""
        return self._link.pool if self._link is not None else None

    @property
    def endpoint(self) -> EndpointState:
        """What is spoken to."""
        return self._link.state if self._link is not None else EndpointState(EndpointChoice())

    @property
    def voices(self) -> tuple[Voice, ...]:
        """The endpoint's voices; empty until they were read."""
        return self._link.voices if self._link is not None else ()

    # --- life --------------------------------------------------------------------------------------------

    async def start(self, choice: EndpointChoice | None = None) -> None:
        """Start the player, the endpoint and the pool.

        Args:
            choice: The endpoint, by default that of the last session; a given one is not remembered.
        """
        self._tasks.attach(asyncio.get_running_loop())
        self._link = Link(self, self._tasks, self._config)
        self.player.master_gain = self.store.get(remembered.VOLUME)
        self.player.muted = self.store.get(remembered.MUTED)
        self.player.on_state = self.deviceChanged.emit
        if self.store.get(remembered.DEVICE):
            self.player.select(self.store.get(remembered.DEVICE))
        self.player.start()
        if self.store.problem:
            self.tell(Notice("settings", self.store.problem, Severity.WARNING))
        await self._link.use(choice or endpoints.remembered(self.store))

    async def close(self) -> None:
        """Silence, cancel, close; leaves no task, thread or process behind."""
        self.stop_all()
        if self._link is not None:
            await self._link.close()
        await self._tasks.cancel()
        self._timer.stop()
        await asyncio.to_thread(self.player.close)
        self.store.sync()

    # --- speaking ----------------------------------------------------------------------------------------

    def speak(self, text: str) -> UtteranceRecord | None:
        """Speak a text and hear it; None when it cannot be now, which a notice explains."""
        if not text.strip():
            self.tell(Notice("speak", "There is nothing to speak yet: type a sentence, then press Ctrl+Enter."))
            return None
        if self._is_double_click(text):
            return None
        if self.pool is None:
            self._hold(text)
            return None
        if self.store.get(remembered.SECOND_UTTERANCE) == "interrupt":
            self._end_line()
        record = self._begin(text, self.settings, "speak")
        if record is not None:
            self.listening.enqueue(record)
            self._follow()
        return record

    def stop(self) -> None:
        """Silence everything at once, then cancel what the playground speaks."""
        self._held_text = ""
        self._spoken_at = -1e9
        heard = list(self.listening)
        for record in {*self.listening.drop_all(), *(each for each in heard if each.source == "speak")}:
            self._cancel(record)
        for record in heard:
            self._mark(record)

    def stop_all(self) -> None:
        """Stop everything, and cancel what waits."""
        self.stop()
        if self._burst is not None:
            self._burst.cancel()
            self._burst = None
        for record in self.records.running():
            self._cancel(record)

    def cancel(self, utterance_id: int) -> None:
        """Interrupt one utterance."""
        record = self.records.get(utterance_id)
        if record is not None:
            self.listening.drop(record)
            self._cancel(record)
            self._mark(record)

    def fire(self, n: int, source: str = burst.TYPED) -> None:
        """Speak ``n`` utterances at once.

        Args:
            n: How many, 1 to 500.
            source: ``"typed"`` for the text in the editor, or the name of a bundled set of texts.
        """
        if source == burst.TYPED and not self.text.strip():
            self.tell(Notice("speak", "There is nothing to fire yet: type a sentence or choose a set of texts."))
            return
        if self.pool is None:
            self._explain_not_ready()
            return
        plan = self.plan(n, source)
        if plan.refusal:
            self.tell(Notice("cost", plan.refusal, Severity.WARNING))
        elif plan.paid:
            self.consentNeeded.emit(plan)
        else:
            self.run(plan)

    def plan(self, n: int, source: str = burst.TYPED) -> FirePlan:
        """Decide on the texts and voices of a burst, and what it would cost."""
        texts = burst.texts_for(source, self.text, n)
        return FirePlan(
            burst.cast(texts, self.voices, self.settings.voice, self.voice_on_purpose),
            self.settings.model,
            burst.price_of(self.settings.model, self.store.get(remembered.PRICE)),
            self.store.get(remembered.BURST_CAP),
            self.endpoint.is_paid,
        )

    def run(self, plan: FirePlan) -> None:
        """Fire a burst that was agreed to."""
        if plan.refusal:
            self.tell(Notice("cost", plan.refusal, Severity.WARNING))
            return
        self._burst = self._tasks.start(self._fire(plan), f"burst of {len(plan.shots)}")

    # --- listening ---------------------------------------------------------------------------------------

    def listen(self, utterance_id: int, on: bool = True) -> None:
        """Hear an utterance: from where it is now while it runs, from its start when it ended."""
        record = self.records.get(utterance_id)
        if record is None:
            return
        if not on:
            self.listening.drop(record)
        elif record.ended and not record.bytes:
            self.tell(Notice("listen", f"There is no sound of “{record.label}” to hear (any more)."))
        elif not record.listening:
            self.listening.hear(record, 0.0 if record.ended else self.listening.live_position_s(record))
        self._mark(record)

    def solo(self, utterance_id: int) -> None:
        """Hear only this one of those that are listened to; again: all of them."""
        record = self.records.get(utterance_id)
        if record is None:
            return
        if not record.listening:
            self.listen(utterance_id)
        self.listening.solo(record, not record.soloed)
        self._mark(record)

    def mute(self, utterance_id: int, on: bool = True) -> None:
        """Mute one utterance in the mix."""
        record = self.records.get(utterance_id)
        if record is not None:
            self.listening.mute(record, on)
            self._mark(record)

    def replay(self, utterance_id: int) -> None:
        """Hear a finished utterance from its start, in place of what the playground says."""
        record = self.records.get(utterance_id)
        if record is None or not record.bytes:
            self.tell(Notice("listen", "The sound of that utterance is not kept any more."))
            return
        self._end_line()
        record.started = False
        self.listening.enqueue(record)
        self._follow()

    def save(self, utterance_id: int, path: Path) -> None:
        """Write an utterance's audio to a WAV file."""
        record = self.records.get(utterance_id)
        if record is None or not record.bytes:
            self.tell(Notice("save", "The sound of that utterance is not kept any more.", Severity.WARNING))
            return
        self._tasks.start(self._save(record, path), f"save {path.name}")

    # --- choices -----------------------------------------------------------------------------------------

    def set_settings(self, settings: ContextSettings) -> None:
        """Take other settings for what is spoken from now on."""
        if settings != self.settings:
            self.settings = settings
            self.settingsChanged.emit(settings)

    def choose_voice(self, voice: str) -> None:
        """Remember that the person chose a voice on purpose: bursts use it too from now on."""
        self.voice_on_purpose = True
        self.store.set(remembered.VOICE_CHOSEN, True)
        _logger.debug("voice chosen: %s", voice)

    def fitting_voice(self, voice: str) -> str:
        """Return ``voice`` if the endpoint has it, or it was chosen on purpose; else the endpoint's best one."""
        known = {each.id for each in self.voices}
        if not known or voice in known or self.voice_on_purpose:
            return voice
        neural = [each.id for each in self.voices if "neural" in each.tags]
        return next(iter(neural), "Ashley" if "Ashley" in known else self.voices[0].id)

    def set_endpoint(self, choice: EndpointChoice) -> None:
        """Go over to another endpoint; what runs is cancelled."""
        if self._link is None:
            return
        self.stop_all()
        endpoints.remember(self.store, choice)
        self._tasks.start(self._link.use(choice), "change endpoint")

    def probe(self, choice: EndpointChoice) -> None:
        """Try an endpoint; ``probed`` says how it went."""
        self._tasks.start(self._probe(choice), "try endpoint")

    def store_key(self, credential: Credential) -> None:
        """Put a key into the system's keyring; ``keyStored`` says how it went."""
        self._tasks.start(self._store_key(credential), "store key")

    def set_volume(self, gain: float) -> None:
        """Set the volume, 0 to 1."""
        self.player.master_gain = gain
        self.store.set(remembered.VOLUME, gain)

    def set_muted(self, on: bool) -> None:
        """Mute everything, or no longer."""
        self.player.muted = on
        self.store.set(remembered.MUTED, on)

    def set_device(self, name: str) -> None:
        """Send sound to a device, "" meaning the system's default."""
        self.store.set(remembered.DEVICE, name)
        self.player.select(name or None)

    # --- what the link says (LinkListener) ---------------------------------------------------------------

    def pool_changed(self, pool: Pool | None) -> None:
        """Let the old pool's ids go: the next one counts from 1 again."""
        if pool is None:
            self.records.retire()
        self.poolChanged.emit(pool)
        held, self._held_text = self._held_text, ""
        if pool is not None and held:
            self._spoken_at = -1e9
            self.speak(held)

    def endpoint_changed(self, state: EndpointState) -> None:
        """Pass it on."""
        self.endpointChanged.emit(state)

    def server_changed(self, state: LocalServerState) -> None:
        """Pass it on."""
        self.localServerChanged.emit(state)

    def voices_changed(self, voices: tuple[Voice, ...]) -> None:
        """Pass it on."""
        self.voicesChanged.emit(voices)

    def tell(self, notice: Notice) -> None:
        """Say something to the person."""
        self.notice.emit(notice)

    # --- inside ------------------------------------------------------------------------------------------

    def _begin(self, text: str, settings: ContextSettings, source: str) -> UtteranceRecord | None:
        pool = self.pool
        if pool is None:
            return None
        try:
            utterance = pool.speak(text, settings=settings)
        except VoxpoolError as error:
            self._tell_error(error)
            return None
        record = UtteranceRecord(
            utterance.id, text, utterance.label, settings, source, time.time(), settings.sample_rate_hz, utterance
        )
        self.records.add(record)
        self._tasks.start(self._consume(record), f"utterance {utterance.id}")
        self.recordAdded.emit(record)
        self._mark(record)
        self._watch_load()
        return record

    def _watch_load(self) -> None:
        """See to it that the local server is watched while something runs."""
        server = self._link.server if self._link is not None else None
        if server is not None and (self._watch is None or self._watch.done()):
            self._watch = self._tasks.start(self._read_load(server.state.url), "watch local speech")

    async def _read_load(self, url: str) -> None:
        async with LoadProbe(url) as probe:
            while self.records.running():
                await asyncio.sleep(_LOAD_EVERY_S)
                self._load_is(await probe.read())
        self._load_is(LocalLoad())

    def _load_is(self, load: LocalLoad) -> None:
        if load.is_bottleneck:
            self.tell(Notice("local_speech", str(load), Severity.WARNING, _BOTTLENECK_HINT))
        elif self.load.is_bottleneck:
            self.tell(Notice("local_speech", resolved=True))
        if load != self.load:
            self.load = load
            self.loadChanged.emit(load)

    async def _consume(self, record: UtteranceRecord) -> None:
        """Take in one utterance from its request to its end."""
        utterance = record.utterance
        assert utterance is not None  # noqa: S101 - it was just made
        try:
            async for chunk in utterance:
                record.add(chunk)
                self.listening.feed(record, chunk)
                self._dirty[id(record)] = record
        except VoxpoolError as error:
            record.error = str(error)
            self._tell_error(error)
        finally:
            self._ended(record)

    def _ended(self, record: UtteranceRecord) -> None:
        record.finish()
        self.listening.ended(record)
        self._mark(record)
        self.recordEnded.emit(record)
        removed = self.records.bound()
        if removed:
            self.recordsRemoved.emit(removed)

    async def _fire(self, plan: FirePlan) -> None:
        by_voice: dict[str, ContextSettings] = {}
        for index, shot in enumerate(plan.shots):
            if index % _SHOTS_PER_TURN == 0:
                await asyncio.sleep(0)
            settings = by_voice.setdefault(shot.voice, self.settings.with_(voice=shot.voice, model=plan.model))
            if self._begin(shot.text, settings, "fire") is None:
                return

    async def _save(self, record: UtteranceRecord, path: Path) -> None:
        try:
            await asyncio.to_thread(write_wav, path, record.pcm(), record.sample_rate_hz)
        except OSError as error:
            why = error.strerror or type(error).__name__
            text = f"{path} could not be written: {why}."
            self.tell(Notice("save", text, Severity.ERROR, "Choose another folder.", repr(error)))
            return
        self.tell(Notice("save", f"Saved {record.audio_s:.1f} s of sound to {path}."))
        self.saved.emit(path)

    async def _probe(self, choice: EndpointChoice) -> None:
        local = self.endpoint.endpoint if self.endpoint.choice.kind is EndpointKind.LOCAL else None
        self.probed.emit(await probe(choice, local, self.settings, self._config))

    async def _store_key(self, credential: Credential) -> None:
        try:
            await asyncio.to_thread(secrets.save, credential)
        except secrets.KeyringUnavailable as error:
            self.keyStored.emit(str(error))
        else:
            self.keyStored.emit("")

    def _cancel(self, record: UtteranceRecord) -> None:
        if record.utterance is not None and not record.ended:
            record.utterance.cancel_nowait()

    def _end_line(self) -> None:
        """Silence and cancel what the playground says now and next."""
        for record in self.listening.drop_line():
            self._cancel(record)
            self._mark(record)

    def _is_double_click(self, text: str) -> bool:
        now = self._clock()
        again = now - self._spoken_at < _DOUBLE_CLICK_S and self.current is not None and self.current.text == text
        self._spoken_at = now
        return again

    def _hold(self, text: str) -> None:
        """Keep a text until the endpoint is ready."""
        if self.endpoint.problem:
            self._explain_not_ready()
            return
        self._held_text = text
        self.tell(Notice("speak", "It will be spoken as soon as the endpoint is ready."))

    def _explain_not_ready(self) -> None:
        why = self.endpoint.problem or "The endpoint is not ready yet; try again in a moment."
        self.tell(Notice("endpoint", why, Severity.WARNING))

    def _tell_error(self, error: VoxpoolError) -> None:
        text = str(error)
        self.tell(Notice(f"utterance/{type(error).__name__}", f"{text[:1].upper()}{text[1:]}.", Severity.ERROR))

    def _task_failed(self, name: str, error: BaseException) -> None:
        text = f"Something in Voxgrid itself failed ({name}); you can go on, the log has the details."
        self.tell(Notice("internal", text, Severity.ERROR, detail=repr(error)))

    def _mark(self, record: UtteranceRecord) -> None:
        self._dirty[id(record)] = record
        if not self._timer.isActive():
            self._timer.start()

    def _follow(self) -> None:
        """Make the first in the playground's line the current one."""
        line = self.listening.line
        if line and line[0] is not self.current:
            self.current = line[0]
            self.currentChanged.emit(self.current)

    def _tick(self) -> None:
        for record in self.listening.sweep():
            self._dirty[id(record)] = record
        self._follow()
        dirty, self._dirty = self._dirty, {}
        for record in dirty.values():
            self.recordChanged.emit(record)
        self.ticked.emit()
        if not dirty and not len(self.listening) and not self.records.running():
            self._timer.stop()
