"""The one object between the views and the pool: speak, stop, fire, listen, keep."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from voxgrid import secrets
from voxgrid import settings as remembered
from voxgrid.local_server import LocalServerState
from voxgrid.notifications import Severity
from voxgrid.settings import Settings
from voxgrid.speech import burst, endpoints, gate, voices
from voxgrid.speech.breaking import Breaking
from voxgrid.speech.burst import FirePlan
from voxgrid.speech.endpoints import EndpointChoice, EndpointKind, EndpointState
from voxgrid.speech.frames import Frames
from voxgrid.speech.keeping import save_wav
from voxgrid.speech.link import Link, LinkConfig
from voxgrid.speech.listening import Listening
from voxgrid.speech.load import LoadWatch, LocalLoad
from voxgrid.speech.notice import Notice
from voxgrid.speech.probe import probe
from voxgrid.speech.record import UtteranceRecord
from voxgrid.speech.signals import SpeechSignals
from voxgrid.speech.sound import Sound
from voxgrid.speech.speaking import Speaking
from voxgrid.speech.store import RecordStore
from voxgrid.speech.tasks import Tasks
from voxpool.audio.player import Player
from voxpool.protocol.settings import ContextSettings, TimestampType
from voxpool.stress.cost import price_of

if TYPE_CHECKING:
    from voxgrid.speech.control import LocalControl
    from voxpool.config import Credential
    from voxpool.pool.pool import Pool
    from voxpool.voices import Voice


class SpeechController(SpeechSignals):
    """Owns endpoint, local server, pool, player and records.

    All methods that a view calls return at once; work goes on in named tasks on the loop that ``start`` ran on.

    Args:
        store: What is remembered between sessions.
        player: Where sound goes; by default the system's device.
        config: How pools and the local server are made.
        clock: Monotonic time in seconds.
    """

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
        self.sound = Sound(self.player, store)
        self.records = RecordStore(store.get(remembered.KEEP_COUNT), store.get(remembered.KEEP_MB))
        self.listening = Listening(self.player, clock)
        self.settings = ContextSettings(voice="Joe", timestamp_type=TimestampType.WORD)
        self.voice_on_purpose = store.get(remembered.VOICE_CHOSEN)
        self.text = ""
        self.current: UtteranceRecord | None = None
        self._config = config or LinkConfig()
        self._tasks = Tasks(self._task_failed)
        self._link: Link | None = None
        self._speaking = Speaking(lambda: self.pool, self.records, self.listening, self._tasks, self)
        self._watch = LoadWatch(self._tasks, self._is_running, self._load_changed)
        self._breaking = Breaking(lambda: self._link.server if self._link is not None else None, self._tasks, self.tell)
        self.load = LocalLoad()
        self._held_text = ""
        self._press = gate.DoubleClick(clock)
        self._fire_press = gate.DoubleClick(clock)
        self._frames = Frames(self._advance, self._busy, self)
        self._frames.changed.connect(self.recordChanged)
        self._frames.passed.connect(self.ticked)

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
        self.sound.start(self.deviceChanged.emit)
        if self.store.problem:
            self.tell(Notice("settings", self.store.problem, Severity.WARNING))
        choice = choice or endpoints.remembered(self.store)
        self._link.want(choice)
        await self._link.use(choice)

    async def close(self) -> None:
        """Silence, cancel, close; leaves no task, thread or process behind."""
        self.stop_all()
        if self._link is not None:
            await self._link.close()
        await self._tasks.cancel()
        self._frames.stop()
        await asyncio.to_thread(self.player.close)
        self.store.sync()

    # --- speaking ----------------------------------------------------------------------------------------

    def speak(self, text: str) -> UtteranceRecord | None:
        """Speak a text and hear it; None when it cannot be now, which a notice explains."""
        if not self._may_speak(text):
            return None
        if self.store.get(remembered.SECOND_UTTERANCE) == "interrupt":
            self._end_line()
        record = self._speaking.begin(text, self._fitting_settings(), "speak")
        if record is not None:
            self.listening.enqueue(record)
            self._follow()
        return record

    def stop(self) -> None:
        """Silence everything at once, then cancel what the playground speaks."""
        self._held_text = ""
        self._press.forget()
        heard = list(self.listening)
        for record in {*self.listening.drop_all(), *(each for each in heard if each.source == "speak")}:
            self._speaking.cancel(record)
        for record in heard:
            self._frames.mark(record)

    def stop_all(self) -> None:
        """Stop everything, and cancel what waits."""
        self.stop()
        self._speaking.cancel_all()

    def cancel(self, utterance_id: int) -> None:
        """Interrupt one utterance."""
        record = self.records.get(utterance_id)
        if record is not None:
            self.listening.drop(record)
            self._speaking.cancel(record)
            self._frames.mark(record)

    def fire(self, n: int, source: str = burst.TYPED) -> None:
        """Speak ``n`` utterances at once; the second half of a double click does nothing.

        Args:
            n: How many, 1 to 500.
            source: ``"typed"`` for the text in the editor, or the name of a bundled set of texts.
        """
        if source == burst.TYPED and not self.text.strip():
            self.tell(gate.NOTHING_TO_FIRE)
            return
        if not self._is_ready():
            self.tell(gate.not_ready(self.endpoint))
            return
        if not self._fire_press.is_second(source):
            self.propose(self.plan(n, source))

    def propose(self, plan: FirePlan) -> None:
        """Fire a burst, after asking when it would cost money."""
        if not self._is_ready():
            self.tell(gate.not_ready(self.endpoint))
        elif plan.refusal:
            self.tell(Notice("cost", plan.refusal, Severity.WARNING))
        elif plan.paid:
            self.consentNeeded.emit(plan)
        else:
            self.run(plan)

    def plan(self, n: int, source: str = burst.TYPED) -> FirePlan:
        """Decide on the texts and voices of a burst, and what it would cost."""
        texts = burst.texts_for(source, self.text, n)
        return FirePlan(
            burst.cast(texts, self.voices, self._fitting_settings().voice, self.voice_on_purpose),
            self.settings.model,
            price_of(self.settings.model, self.store.get(remembered.PRICE)),
            self.store.get(remembered.BURST_CAP),
            self.endpoint.is_paid,
        )

    def run(self, plan: FirePlan) -> None:
        """Fire a burst that was agreed to."""
        if plan.refusal:
            self.tell(Notice("cost", plan.refusal, Severity.WARNING))
            return
        self._speaking.fire(plan, self.settings.with_(model=plan.model))

    # --- breaking ----------------------------------------------------------------------------------------

    @property
    def can_break(self) -> bool:
        """Whether things can be broken on purpose: at the app's own local server only, while it runs."""
        return self._breaking.possible

    @property
    def local_control(self) -> LocalControl | None:
        """The control endpoints of the app's own local server, while that is the endpoint and there."""
        return self._breaking.control

    def break_context(self, context_id: str, effect: str) -> None:
        """Have the local server break one context; ``effect`` is a name of ``breaking.OF_CONTEXTS``."""
        self._breaking.context(context_id, effect)

    def break_connection(self, context_ids: Collection[str], effect: str) -> None:
        """Have it break the connection that holds these contexts; a name of ``breaking.OF_CONNECTIONS``."""
        self._breaking.connection(context_ids, effect)

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
        self._frames.mark(record)

    def hear_recorded(self, record: UtteranceRecord) -> None:
        """Hear a record that is none of this session's: what a recording has of it."""
        self.listening.hear(record)
        self._frames.mark(record)

    def silence_recorded(self, record: UtteranceRecord) -> None:
        """Hear it no longer."""
        self.listening.drop(record)
        self._frames.mark(record)

    def listen_all(self, on: bool = True) -> None:
        """Hear everything that runs, mixed; or nothing more."""
        chosen = self.records.running() if on else list(self.listening)
        for record in chosen:
            self.listen(record.id, on)

    def solo(self, utterance_id: int) -> None:
        """Hear only this one of those that are listened to; again: all of them."""
        record = self.records.get(utterance_id)
        if record is None:
            return
        if not record.listening:
            self.listen(utterance_id)
        self.listening.solo(record, not record.soloed)
        self._frames.mark(record)

    def mute(self, utterance_id: int, on: bool = True) -> None:
        """Mute one utterance in the mix."""
        record = self.records.get(utterance_id)
        if record is not None:
            self.listening.mute(record, on)
            self._frames.mark(record)

    def replay(self, utterance_id: int, from_s: float = 0.0) -> None:
        """Hear an utterance again, in place of what the playground says.

        Args:
            utterance_id: Which one.
            from_s: Where to begin, in seconds of its audio.
        """
        record = self.records.get(utterance_id)
        if record is None or not record.bytes:
            self.tell(gate.NO_SOUND_KEPT)
            return
        self._end_line()
        self.listening.enqueue(record, from_s)
        self._follow()

    def save(self, utterance_id: int, path: Path) -> None:
        """Write an utterance's audio to a WAV file."""
        record = self.records.get(utterance_id)
        if record is None or not record.bytes:
            self.tell(gate.NO_SOUND_KEPT)
            return
        self._tasks.start(self._save(record, path), f"save {path.name}")

    # --- choices -----------------------------------------------------------------------------------------

    def set_settings(self, settings: ContextSettings) -> None:
        """Take other settings for what is spoken from now on."""
        if settings != self.settings:
            self.settings = settings
            self.settingsChanged.emit(settings)

    def choose_voice(self) -> None:
        """Remember that the person chose a voice on purpose: bursts use it too from now on."""
        self.voice_on_purpose = True
        self.store.set(remembered.VOICE_CHOSEN, True)

    def fitting_voice(self, voice: str) -> str:
        """Return ``voice`` if the endpoint has it, or it was chosen on purpose; else the endpoint's best one."""
        if self.voice_on_purpose:
            return voice
        is_local = self.endpoint.choice.kind is EndpointKind.LOCAL
        return voices.fitting(voice, self.voices, is_local=is_local)

    def set_endpoint(self, choice: EndpointChoice) -> None:
        """Go over to another endpoint; what runs is cancelled."""
        endpoints.remember(self.store, choice)
        if self._link is None:
            return
        self.stop_all()
        self._link.want(choice)
        self._tasks.start(self._link.use(choice), "change endpoint")

    def probe(self, choice: EndpointChoice) -> None:
        """Try an endpoint; ``probed`` says how it went."""
        self._tasks.start(self._probe(choice), "try endpoint")

    def store_key(self, credential: Credential) -> None:
        """Put a key into the system's keyring; ``keyringDone`` says how it went."""
        work = self._in_keyring("The key is in the system's keyring.", secrets.save, credential)
        self._tasks.start(work, "store key")

    def forget_key(self) -> None:
        """Take the key out of the system's keyring; ``keyringDone`` says how it went."""
        self._tasks.start(self._in_keyring("There is no key in the keyring any more.", secrets.forget), "forget key")

    def set_bounds(self, keep_count: int, keep_mb: int) -> None:
        """Keep at most so many utterances, and so many megabytes of sound."""
        self.store.set(remembered.KEEP_COUNT, keep_count)
        self.store.set(remembered.KEEP_MB, keep_mb)
        self.records.keep_count, self.records.keep_mb = keep_count, keep_mb
        self._bound()

    # --- what the link says (LinkListener) ---------------------------------------------------------------

    def pool_changed(self, pool: Pool | None) -> None:
        """Let the old pool's ids go: the next one counts from 1 again."""
        if pool is None:
            self.records.retire()
        self.poolChanged.emit(pool)

    def endpoint_changed(self, state: EndpointState) -> None:
        """Pass it on; speak what had to wait for it."""
        self.endpointChanged.emit(state)
        if state.ready and self._held_text:
            held, self._held_text = self._held_text, ""
            self._press.forget()
            self.speak(held)

    def server_changed(self, state: LocalServerState) -> None:
        """Pass it on."""
        self.localServerChanged.emit(state)

    def voices_changed(self, found: tuple[Voice, ...]) -> None:
        """Take a voice that is there, and pass it on."""
        self.set_settings(self._fitting_settings())
        self.voicesChanged.emit(found)

    def tell(self, notice: Notice) -> None:
        """Say something to the person."""
        self.notice.emit(notice)

    # --- what becomes of utterances (SpeakingListener) ---------------------------------------------------

    def record_began(self, record: UtteranceRecord) -> None:
        """Pass it on, and watch the local server while it runs."""
        self.recordAdded.emit(record)
        self._frames.mark(record)
        server = self._link.server if self._link is not None else None
        if server is not None:
            self._watch.see_to(server.state.url)

    def record_moved(self, record: UtteranceRecord) -> None:
        """Report it in the next frame."""
        self._frames.mark(record)

    def record_over(self, record: UtteranceRecord) -> None:
        """Pass it on, and stay within the bounds."""
        self._frames.mark(record)
        self.recordEnded.emit(record)
        self._bound()

    # --- inside ------------------------------------------------------------------------------------------

    def _fitting_settings(self) -> ContextSettings:
        return self.settings.with_(voice=self.fitting_voice(self.settings.voice))

    def _bound(self) -> None:
        removed = self.records.bound()
        if removed:
            self.recordsRemoved.emit(removed)

    def _load_changed(self, load: LocalLoad) -> None:
        # Said when it lasts: a queue that is gone within a second is a burst and no bottleneck.
        if load.is_bottleneck and self.load.is_bottleneck:
            self.tell(Notice("local_speech", str(load), Severity.WARNING, load.hint))
        elif self.load.is_bottleneck:
            self.tell(Notice("local_speech", resolved=True))
        if load != self.load:
            self.load = load
            self.loadChanged.emit(load)

    def _may_speak(self, text: str) -> bool:
        """Whether a text may be spoken now; if not, say why, or keep it until it may."""
        if not text.strip():
            self.tell(gate.NOTHING_TO_SPEAK)
            return False
        if self._press.is_second(text):
            return False
        if not self._is_ready():
            self._keep_for_later(text)
            return False
        refusal = gate.too_dear(len(text), self.store.get(remembered.BURST_CAP), self.endpoint)
        if refusal is not None:
            self.tell(refusal)
        return refusal is None

    def _is_ready(self) -> bool:
        return self.pool is not None and self.endpoint.ready

    def _keep_for_later(self, text: str) -> None:
        if not gate.may_wait(self.endpoint):
            self.tell(gate.not_ready(self.endpoint))
            return
        self._held_text = text
        self.tell(gate.waits(self.endpoint))

    async def _save(self, record: UtteranceRecord, path: Path) -> None:
        said = await save_wav(record, path)
        self.tell(said)
        if said.severity is Severity.INFO:
            self.saved.emit(path)

    async def _probe(self, choice: EndpointChoice) -> None:
        local = self.endpoint.endpoint if self.endpoint.choice.kind is EndpointKind.LOCAL else None
        self.probed.emit(await probe(choice, local, self.settings, self._config))

    async def _in_keyring(self, done: str, work: Callable[..., None], *arguments: Credential) -> None:
        try:
            await asyncio.to_thread(work, *arguments)
        except secrets.KeyringUnavailable as error:
            self.keyringDone.emit(False, str(error))
        else:
            self.keyringDone.emit(True, done)

    def _end_line(self) -> None:
        """Silence and cancel what the playground says now and next."""
        for record in self.listening.drop_line():
            self._speaking.cancel(record)
            self._frames.mark(record)

    def _task_failed(self, name: str, error: BaseException) -> None:
        text = f"Something in Voxgrid itself failed ({name}); you can go on, the log has the details."
        self.tell(Notice("internal", text, Severity.ERROR, detail=repr(error)))

    def _follow(self) -> None:
        """Make the first in the playground's line the current one."""
        line = self.listening.line
        if line and line[0] is not self.current:
            self.current = line[0]
            self.currentChanged.emit(self.current)

    def _advance(self) -> list[UtteranceRecord]:
        self._speaking.tell_failures()
        done = self.listening.sweep()
        self._follow()
        return done

    def _busy(self) -> bool:
        return bool(len(self.listening)) or self._is_running()

    def _is_running(self) -> bool:
        return bool(self.records.running())
