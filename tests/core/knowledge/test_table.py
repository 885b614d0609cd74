"""Every code and text of section 9, and every row of section 13, has an entry with cause and remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import voxpool
from voxpool.knowledge import BY_NAME, ENTRIES, UNKNOWN, Situation, explain

REFERENCE = (Path(voxpool.__file__).parent / "protocol" / "PROTOCOL.md").read_text(encoding="utf-8")
S = Situation


def section(number: str) -> str:
    return REFERENCE.split(f"\n## {number}. ", 1)[1].split("\n## ", 1)[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of all table rows, heads left out."""
    lines = [line.strip().strip("|") for line in text.splitlines() if line.strip().startswith("|")]
    return [[cell.strip() for cell in line.split(" | ")] for line in lines if not set(line) <= set("|- ")]


CODES = [row for row in rows(section("9")) if re.fullmatch(r"[\d, ]+", row[0])]
FAILURES = [row for row in rows(section("13")) if row[0].isdigit()]


def test_the_reference_was_read() -> None:
    assert len(CODES) == 11
    assert [int(row[0]) for row in FAILURES] == list(range(1, 32))


@pytest.mark.parametrize("row", FAILURES, ids=lambda row: row[0])
def test_every_failure_of_the_field_has_an_entry(row: list[str]) -> None:
    assert any(f"13.{row[0]}" in entry.sections for entry in ENTRIES)


TEXTS = [
    (int(code), text)
    for row in CODES
    for code in row[0].split(",")
    for text in (re.findall(r"`([^`]+)`", row[3]) or [""])
    if not text.startswith("Zm9v")
]


@pytest.mark.parametrize(("code", "text"), TEXTS)
@pytest.mark.parametrize("situation", [S.CREATING, S.WAITING, S.STREAMING])
def test_every_code_and_text_of_the_reference_is_explained(code: int, text: str, situation: Situation) -> None:
    entry = explain(code, text, situation)
    assert entry is not UNKNOWN
    assert not entry.codes or code in entry.codes
    assert {"9"} <= set(entry.sections)


# Code, text and situation as a client meets them (sections 9 and 13; the pool's own words where nobody else speaks).
MET = [
    (3, "invalid WebSocket request for the selected response protocol", S.CREATING, "malformed_request"),
    (3, "text length should not exceed 2000 characters.", S.STREAMING, "text_too_long"),
    (3, "model_id: x is not supported.", S.CREATING, "model_unsupported"),
    (3, 'Unsupported model "X". Supported models: a, b', S.CREATING, "model_unsupported"),
    (3, "text ends with an unfinished markup tag.", S.STREAMING, "open_markup"),
    (3, "speaking rate out of range", S.CREATING, "refused_setting"),
    (5, "context c-1 not found (payload=SEND_TEXT)", S.CREATING, "create_echo"),
    (5, "Context c-1 not found during sendText", S.CREATING, "create_echo"),
    (5, "Context c-1 not found during closeContext", S.CLOSING, "close_echo"),
    (5, "context c-1 not found", S.STREAMING, "context_not_found"),
    (5, "Unknown voice: X not found!", S.CREATING, "unknown_voice"),
    (3, "context_id is required when 0 contexts are open (payload=SEND_TEXT)", S.WAITING, "no_open_context"),
    (2, "no open context; create a context first", S.WAITING, "no_open_context"),
    (7, 'Invalid credentials provided for API key "***"', S.CREATING, "key_refused"),
    (8, "You have reached the limit of 5 TTS contexts per connection. Please close", S.CREATING, "context_limit"),
    (8, "Max contexts limit reached", S.CREATING, "context_limit"),
    (8, "You have reached the limit of 30 concurrent generations.", S.WAITING, "generation_limit"),
    (8, "quota", S.WAITING, "limit"),
    (10, "Paused due to inactivity", S.CONNECTION, "paused"),
    (16, "authentication is required", S.CREATING, "no_key"),
    (4, "", S.WAITING, "deadline"),
    (13, "injected fault", S.STREAMING, "internal"),
    (14, "injected fault", S.STREAMING, "unavailable"),
    (None, "h:1 refused another connection (429): the account is at its connection limit", S.CONNECTING,
     "too_many_connections"),
    (None, "could not connect to h:1: nothing listens there; is the server running?", S.CONNECTING, "nobody_listens"),
    (None, "could not connect to h: the host name cannot be resolved; is there a network?", S.CONNECTING, "no_name"),
    (None, "could not connect to h: its TLS certificate is not accepted: it has expired", S.CONNECTING,
     "bad_certificate"),
    (None, "could not connect to h: no answer within 10 s", S.CONNECTING, "handshake_timeout"),
    (None, "could not connect to h (HTTP 503): Service Unavailable", S.CONNECTING, "upgrade_refused"),
    (None, "connection 3 was lost: no frame and no pong for 20.0 s", S.CONNECTION, "half_open"),
    (None, "connection 3 was lost: closed by the server with code 1011", S.STREAMING, "closed_by_server"),
    (None, "connection 3 was lost after 0.50 s of audio: the other end cut it off", S.STREAMING, "cut"),
    (None, "no context within 5 s: timed out while creating (queueing 0.00 s)", S.CREATING, "create_unanswered"),
    (None, "no context within 5 s: timed out while queueing (queueing 5.00 s)", S.QUEUEING, "queue_too_long"),
    (None, "no context within 5 s: timed out while connecting (queueing 5.00 s)", S.QUEUEING, "handshake_timeout"),
    (None, "no audio within 10 s of the first text", S.WAITING, "no_first_audio"),
    (None, "audio stopped after 0.50 s: nothing came for 10 s", S.STREAMING, "stalled"),
    (None, "a frame that cannot be understood: contextClosed without a close_context: x", S.STREAMING, "ended_unasked"),
    (None, "9000000 bytes of audio were not read in time, so this utterance was given up", S.STREAMING, "slow_reader"),
    (None, "the service sent a frame that cannot be understood: audioContent is not base64", S.STREAMING, "bad_audio"),
    (None, "the service sent a frame that cannot be understood: not JSON (x at character 3)", S.FRAME, "bad_frame"),
    (None, "the service sent a frame for c-1, which is no context of ours (any more)", S.FRAME, "stray_frame"),
    (None, "zombie: nothing came for 20.0 s after it was closed", S.SLOT, "zombie"),
    (None, "KeyError: 'x'", S.APP, "own_fault"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "text", "situation", "name"), MET, ids=[f"{m[3]}-{m[0]}" for m in MET])
def test_what_a_client_meets_is_told_apart(code: int | None, text: str, situation: Situation, name: str) -> None:
    assert explain(code, text, situation).name == name


@pytest.mark.parametrize("entry", [*ENTRIES, UNKNOWN], ids=lambda entry: entry.name)
def test_every_entry_is_sentences(entry) -> None:
    assert entry.title
    assert not entry.title.endswith(".")
    assert entry.cause.endswith(".")
    assert entry.remedy.endswith(".")
    assert entry.where.startswith("protocol.md section ")


@pytest.mark.parametrize("entry", [*ENTRIES, UNKNOWN], ids=lambda entry: entry.name)
def test_a_remedy_does_not_say_what_the_pool_did(entry) -> None:
    """That differs from case to case, and stands beside it: the two would contradict each other."""
    assert not re.search(r"The pool (has|had|tries|does not|waits|makes|replaces|gave|takes)\b", entry.remedy)


def test_rows_of_one_table_are_told_together() -> None:
    assert BY_NAME["cut"].where == "protocol.md section 13, numbers 7 and 8"
    assert BY_NAME["bad_audio"].where == "protocol.md section 7; section 13, number 13"
    assert BY_NAME["key_refused"].where == "protocol.md section 9; section 13, numbers 22 and 27"
    assert BY_NAME["zombie"].where == "protocol.md section 13, numbers 1, 2 and 30"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_cited_sections_and_rows_exist(entry) -> None:
    for each in entry.sections:
        number, _, row = each.partition(".")
        assert f"\n## {number}. " in REFERENCE
        if number == "13" and row:
            assert any(failure[0] == row for failure in FAILURES)
        elif row:
            assert f"\n### {each} " in REFERENCE


def test_names_are_unique_and_nothing_matches_by_accident() -> None:
    assert len(BY_NAME) == len(ENTRIES)
    assert explain(None, "something that nobody has seen", S.STREAMING) is UNKNOWN
    assert explain(999, "", S.STREAMING) is UNKNOWN
