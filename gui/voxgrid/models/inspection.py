"""Everything the inspector says about one utterance, put together from its life and its record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from voxgrid.models.cell import CellState, Look
from voxgrid.models.conversation import NOTHING, Conversation, SettingRow, compare_settings, read_conversation
from voxgrid.models.heard import BUFFER_S, listen
from voxgrid.models.playground import WordMap
from voxgrid.models.sentences import look_words
from voxgrid.models.stages import Attempt, Life, StageRow
from voxgrid.models.waterfall import Section, headline, sections, waterfall
from voxgrid.models.wording import millis, sentence_case, without_id
from voxpool.events import Outcome
from voxpool.knowledge import UNKNOWN, Situation, explain
from voxpool.pool.script import speakable

if TYPE_CHECKING:
    from voxgrid.speech.record import UtteranceRecord
    from voxpool.frames.store import FrameStore
    from voxpool.protocol.settings import ContextSettings

_OUTCOMES = {Outcome.DONE: Look.DONE, Outcome.CANCELLED: Look.CANCELLED, Outcome.FAILED: Look.FAILED}


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the inspector shows.

    Attributes:
        title: "CONTEXT 10·2".
        utterance_id: Whose; 0 for nobody.
        look: Whose sign and colour.
        state: In words.
        subtitle: Ids.
        error: What went wrong, as a sentence, or "".
        advice: What the pool did and what to do.
        stages: Lines of the waterfall, of all attempts.
        sections: The same by attempt, with what the frames add.
        text: What is spoken.
        spoken: Characters of ``text`` that were heard, or came while nobody listens; None where that is not known.
        settings: Settings as sent and as echoed.
        heard: What a listener would have heard: names and values.
        facts: Names and values.
        audible, savable, running, listening: What can be done with it.
    """

    title: str
    utterance_id: int = 0
    look: Look = Look.EMPTY
    state: str = ""
    subtitle: str = ""
    error: str = ""
    advice: str = ""
    stages: tuple[StageRow, ...] = ()
    sections: tuple[Section, ...] = ()
    text: str = ""
    spoken: int | None = None
    settings: tuple[SettingRow, ...] = ()
    heard: tuple[tuple[str, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    audible: bool = False
    savable: bool = False
    running: bool = False
    listening: bool = False


class Spoken:
    """How far a text was spoken."""

    def __init__(self) -> None:
        self._text = ""
        self._number = 0
        self._words = WordMap("")

    def characters(self, record: UtteranceRecord | None) -> int | None:
        """Return how many characters were spoken: as far as one listens, else as far as audio came; None if unknown."""
        if record is None or not record.words:
            return None
        if (record.id, record.text) != (self._number, self._text):
            self._number, self._text, self._words = record.id, record.text, WordMap(record.text)
        self._words.update(record.words)
        begun = self._words.at(record.played_s if record.listening else record.audio_s)
        end = self._words.end_of(begun)
        # The full stop has no sound of its own.
        return len(record.text) if begun and not speakable(record.text[end:]) else end


def inspect(
    life: Life,
    cell: CellState | None,
    record: UtteranceRecord | None,
    now: float,
    frames: FrameStore | None = None,
    spoken: Spoken | None = None,
) -> Inspection:
    """Put together what is known of an utterance.

    Args:
        life: Its stages.
        cell: The cell it is in, if it still has one.
        record: Its text and sound, if they are kept.
        now: Monotonic seconds.
        frames: Where the frames of its contexts are, or None.
        spoken: Finds its words in its text; kept from call to call, it looks at each word once.
    """
    talks = {
        attempt.context_id: read_conversation(frames, attempt.context_id, now)
        for attempt in life.attempts
        if frames is not None
    }
    last = life.attempts[-1] if life.attempts else None
    look = (
        cell.look if cell is not None else _OUTCOMES.get(life.outcome, Look.RESERVED) if life.outcome else Look.RESERVED
    )
    context = (
        f" · {last.context_id} · connection\N{NO-BREAK SPACE}id\N{NO-BREAK SPACE}{last.connection_id}" if last else ""
    )
    talk = talks.get(last.context_id, NOTHING) if last else NOTHING
    settings = compare_settings(talk)
    return Inspection(
        title=f"CONTEXT {last.row + 1}·{last.column + 1}" if last else "CONTEXT –",
        utterance_id=life.utterance_id,
        look=look,
        state=look_words(look) if cell is not None else headline(life),
        subtitle=f"#{life.utterance_id}{context}",
        error=_error(life),
        advice=_what_was_done(life),
        stages=waterfall(life, now),
        sections=sections(life, now, talks),
        text=record.text if record is not None else life.label,
        spoken=(spoken or Spoken()).characters(record),
        settings=settings,
        heard=_heard(life, record, talk),
        facts=_facts(life, record, talk, with_settings=not settings),
        audible=record is not None and (not record.ended or record.kept),
        savable=record is not None and record.kept and record.audio_s > 0,
        running=life.ended_at is None,
        listening=record is not None and record.listening,
    )


def inspect_empty(cell: CellState) -> Inspection:
    """Describe a cell that nobody used."""
    return Inspection(
        title=f"CONTEXT {cell.row + 1}·{cell.column + 1}", state="empty", text="No context has been in this slot yet."
    )


def inspect_absent(utterance_id: int) -> Inspection:
    """Describe an utterance that a moment of the past does not know."""
    return Inspection(
        title=f"UTTERANCE #{utterance_id}",
        state="not at this moment",
        text=(
            "It had not been asked for yet, or it was over long before: "
            "choose a cell to see what it holds at this moment."
        ),
    )


def _error(life: Life) -> str:
    if life.error:
        return _sentence(life.error)
    failed = next((attempt for attempt in reversed(life.attempts) if attempt.error), None)
    return _sentence(f"attempt {failed.number} failed: {failed.error}") if failed else ""


def _sentence(text: str) -> str:
    text = without_id(text)
    return sentence_case(text) + ("" if text.endswith((".", "!", "?")) else ".")


def _what_was_done(life: Life) -> str:
    failed = [attempt for attempt in life.attempts if attempt.error]
    if not failed and not life.error:
        return ""
    said = []
    if len(life.attempts) > 1:
        last = life.attempts[-1]
        where = f"connection {last.row + 1}, slot {last.column + 1}"
        heard = f"; it was heard after {millis(last.ttfa_ms)}" if last.ttfa_ms is not None else ""
        said.append(f"The pool tried again on {where}{heard}.")
    elif life.ended_at is None:
        said.append("The pool tries again.")
    else:
        said.append("The pool did not try again.")
    entry = explain(failed[-1].code if failed else life.code, life.error or failed[-1].error, _situation(failed))
    said.append(f"{entry.cause} {entry.remedy}" if entry is not UNKNOWN else "")
    return " ".join(part for part in said if part)


def _situation(failed: Sequence[Attempt]) -> Situation:
    if not failed:
        return Situation.QUEUEING
    if failed[-1].confirmed_at is None:
        return Situation.CREATING
    return Situation.WAITING if failed[-1].first_audio_at is None else Situation.STREAMING


def _heard(life: Life, record: UtteranceRecord | None, talk: Conversation) -> tuple[tuple[str, str], ...]:
    last = life.attempts[-1] if life.attempts else None
    if last is None or last.first_audio_at is None:
        return ()
    arrivals: Sequence[tuple[float, float]] = talk.arrivals
    if record is not None and record.arrivals:
        arrivals = [(arrival.at_s, arrival.duration_s) for arrival in record.arrivals]
    heard = [("first audio", millis(last.ttfa_ms))]
    since_request_ms = (last.first_audio_at - life.requested_at) * 1000
    heard.append(("from the request", millis(since_request_ms)))
    if arrivals:
        audio_s = sum(duration_s for _, duration_s in arrivals)
        heard.append(("real-time factor", f"{arrivals[-1][0] / audio_s:.2f}" if audio_s else "–"))
        heard.append((f"gaps, {millis(BUFFER_S * 1000)} buffer", str(listen(arrivals))))
    return tuple(heard)


def _facts(
    life: Life, record: UtteranceRecord | None, talk: Conversation, *, with_settings: bool
) -> tuple[tuple[str, str], ...]:
    facts = list(_sound_facts(life, record, talk))
    if life.characters:
        facts.append(("characters", f"{life.characters:,}"))
    facts.append(("attempts", str(len(life.attempts))))
    if not with_settings:
        return tuple(facts)
    settings = record.settings if record is not None else None
    return tuple(facts) + (_settings(settings) if settings is not None else (("voice", life.voice),))


def _sound_facts(life: Life, record: UtteranceRecord | None, talk: Conversation) -> tuple[tuple[str, str], ...]:
    """Return how much audio came so far: the pool's events tell that only at the end."""
    if record is not None:
        audio_s, chunks = record.audio_s, life.chunks or len(record.arrivals)
    elif life.ended_at is not None:
        audio_s, chunks = life.audio_s, life.chunks
    elif talk.arrivals:
        audio_s, chunks = sum(duration_s for _, duration_s in talk.arrivals), len(talk.arrivals)
    elif any(attempt.first_audio_at is not None for attempt in life.attempts):
        return (("audio", "arriving; counted at its end"),)
    else:
        audio_s, chunks = 0.0, 0
    return (("audio", f"{audio_s:.2f} s"), ("chunks", str(chunks)))


def _settings(settings: ContextSettings) -> tuple[tuple[str, str], ...]:
    """Return the settings that differ from the defaults, and the three that always count."""
    default = type(settings)()
    always = ("voice", "model", "sample_rate_hz")
    shown = []
    for each in fields(settings):
        value = getattr(settings, each.name)
        if each.name in always or value != getattr(default, each.name):
            shown.append((each.name.replace("_", " "), str(getattr(value, "value", value))))
    return tuple(shown)
