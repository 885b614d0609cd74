"""Events of pools in trouble, written in a line each."""

from __future__ import annotations

from voxpool.events import (
    CloseReason,
    ConnectionChanged,
    ConnectionState,
    FirstAudio,
    Outcome,
    SlotChanged,
    SlotState,
    UtteranceEnded,
    UtteranceGranted,
    UtteranceQueued,
    UtteranceRetried,
)

S = SlotState


class Life:
    """One utterance; remembers its last context, so that a line of a test stays a line."""

    def __init__(self, utterance=1, row=0, column=0, connection=1, context=None):
        self.utterance = utterance
        self.context = context or f"c-{utterance}-1"
        self.row, self.column, self.connection = row, column, connection
        self.attempt = 0
        self.state = S.EMPTY

    def queued(self, at=0.0):
        return UtteranceQueued(at=at, utterance_id=self.utterance, waiting=0, label="Hello there.", voice="Joe")

    def granted(self, at, context=None, row=None, column=None, connection=None):
        self.attempt += 1
        self.context = context or f"c-{self.utterance}-{self.attempt}"
        self.row = self.row if row is None else row
        self.column = self.column if column is None else column
        self.connection = self.connection if connection is None else connection
        return UtteranceGranted(
            at=at,
            utterance_id=self.utterance,
            connection_id=self.connection,
            row=self.row,
            column=self.column,
            context_id=self.context,
            attempt=self.attempt,
            waited_ms=0.0,
        )

    def slot(self, at, new, code=None, detail=""):
        old, self.state = self.state, new
        return SlotChanged(
            at=at,
            connection_id=self.connection,
            row=self.row,
            column=self.column,
            context_id=self.context,
            utterance_id=self.utterance,
            old=old,
            new=new,
            code=code,
            detail=detail,
        )

    def heard(self, at):
        return FirstAudio(
            at=at, utterance_id=self.utterance, context_id=self.context, ttfa_ms=100.0, since_request_ms=100.0
        )

    def retried(self, at, error, code=None, delay_ms=50.0):
        return UtteranceRetried(
            at=at,
            utterance_id=self.utterance,
            context_id=self.context if self.attempt else "",
            attempt=self.attempt,
            delay_ms=delay_ms,
            error=error,
            code=code,
        )

    def ended(self, at, outcome, error="", code=None, audio_s=0.0):
        return UtteranceEnded(
            at=at,
            utterance_id=self.utterance,
            context_id=self.context if self.attempt else "",
            outcome=outcome,
            attempts=self.attempt,
            audio_s=audio_s,
            chunks=int(audio_s * 8),
            characters=0,
            error=error,
            code=code,
        )

    def failed(self, at, error, code=None, audio_s=0.0):
        return self.ended(at, Outcome.FAILED, error, code, audio_s)

    def speaking(self, at):
        """Return the events of a context that is on its way."""
        return [
            self.queued(at),
            self.granted(at),
            self.slot(at, S.RESERVED),
            self.slot(at, S.CREATING),
            self.slot(at + 0.1, S.GENERATING),
        ]


def connection(at, number, row, new, reason=None, detail="", old=ConnectionState.OPEN):
    return ConnectionChanged(
        at=at, connection_id=number, row=row, old=old, new=ConnectionState(new), reason=reason, detail=detail
    )


def cut(at, number=1, row=0, lives=(), heard=(), detail="the other end cut it off"):
    """Return what a pool tells when it loses a connection under these utterances."""
    events = []
    for life in lives:
        audio_s = 0.5 if life in heard else 0.0
        words = f"connection {number} was lost " + ("after 0.50 s of audio" if audio_s else "before any audio")
        events.append(life.slot(at, S.FAILED, detail=f"connection {number} was lost before any audio: {detail}"))
        if audio_s:
            events.append(life.failed(at, f"{words}: {detail}", audio_s=audio_s))
        else:
            events.append(life.retried(at, f"{words}: {detail}"))
    text = f"connection {number} was lost before any audio: {detail}"
    events.append(connection(at, number, row, "retiring", CloseReason.NETWORK, text))
    events.append(connection(at + 0.01, number, row, "closed", CloseReason.NETWORK, text))
    return events
