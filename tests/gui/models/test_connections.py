"""The ledger of connections."""

from __future__ import annotations

from support.failing import Life, connection
from voxgrid.models.connection_words import closings_line, life_line, life_sentence
from voxgrid.models.connections import ConnectionBook
from voxpool.events import CloseReason, ConnectionPinged, ConnectionState


def test_each_connection_has_its_life_and_its_reason():
    book = ConnectionBook()
    lost = "connection 7 was lost before any audio: closed by the server with code 1011: bye"
    for event in (
        connection(0.0, 7, 3, "connecting", old=None),
        connection(0.2, 7, 3, "open"),
        ConnectionPinged(at=0.3, connection_id=7, row=3, ping_ms=4.0),
        Life(connection=7).granted(0.4),
        Life(connection=7, utterance=2).granted(0.5),
        connection(65.0, 7, 3, "retiring", CloseReason.SERVER_CLOSED, lost),
        connection(65.1, 7, 3, "closed", CloseReason.SERVER_CLOSED, lost),
        connection(70.0, 8, 3, "connecting", old=None),
    ):
        book.fold(event)
    newer, life = book.lives
    assert newer.state is ConnectionState.CONNECTING
    assert (life.contexts, life.ping_ms, life.opened_at, life.closed_at, life.troubled) == (2, 4.0, 0.2, 65.1, True)
    assert book.closings == {CloseReason.SERVER_CLOSED: 1}
    assert life_line(life, 100.0).endswith("  2 ctx · closed by the server with code 1011: bye"), "the reason once"
    assert life_sentence(life, 100.0).startswith("Connection 4, id 7: lived 1 minute, carried 2 contexts, closed: ")
    assert life_line(newer, 71.0).endswith("connecting")


def test_closings_are_counted_by_reason_the_most_frequent_first():
    assert closings_line({}) == "No connection has closed yet."
    counted = {CloseReason.IDLE: 1, CloseReason.NETWORK: 3}
    assert closings_line(counted) == "4 closed: 3 network, 1 idle"


def test_the_ledger_is_bounded_and_keeps_the_living():
    book = ConnectionBook(kept=5)
    book.fold(connection(0.0, 1, 0, "open"))
    for number in range(2, 40):
        book.fold(connection(number, number, 1, "connecting", old=None))
        book.fold(connection(number, number, 1, "closed", CloseReason.CONNECT_FAILED, "no"))
    assert len(book) == 5
    assert book.get(1) is not None
    assert book.closings[CloseReason.CONNECT_FAILED] == 38
