"""Frames for elsewhere; the program that is copied says the same again to a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import frames as wire
from support.local_server import running_server
from voxpool.frames.export import KEY_NAME, as_json, as_python, as_raw, shown_json
from voxpool.frames.store import FrameStore
from voxpool.protocol import messages as m
from voxpool.protocol.codec import encode
from voxpool.protocol.settings import ContextSettings, Encoding

PCM = ContextSettings(voice="Ashley", encoding=Encoding.PCM, sample_rate_hz=8000)


def conversation() -> FrameStore:
    store = FrameStore()
    store.tap(1, "out", encode(m.Create("c-1", PCM)), 1.0)
    store.tap(1, "out", encode(m.SendText("c-1", 'Say "hello"\n\\ $now.', flush=True)), 1.01)
    store.tap(1, "in", wire.audio("c-1", b"\0\1" * 80), 1.1)
    store.tap(1, "out", encode(m.CloseContext("c-1")), 99.0)
    return store


def test_json_has_what_is_known_and_the_audio_in_words() -> None:
    read = json.loads(as_json(list(conversation())))
    assert [each["kind"] for each in read] == ["create", "text", "audio", "close"]
    assert read[2]["frame"]["result"]["audioChunk"]["audioContent"] == "PCM 10 ms, 160 B"
    assert read[1]["frame"]["send_text"]["text"] == 'Say "hello"\n\\ $now.'


def test_raw_is_what_went_over_the_wire() -> None:
    store = conversation()
    lines = as_raw(list(store), store.whole).splitlines()
    assert json.loads(lines[2]) == json.loads(wire.audio("c-1", b"\0\1" * 80))
    assert len(lines) == 4


def test_a_frame_that_was_cut_says_so() -> None:
    store = FrameStore()
    store.tap(1, "out", encode(m.SendText("c", "x" * 100_000)), 1.0)
    assert shown_json(next(iter(store))).endswith("characters more, which are not kept")


def test_the_program_holds_no_reply_and_no_key() -> None:
    program = as_python(list(conversation()), "ws://127.0.0.1:1/x")
    compile(program, "copied", "exec")
    assert 'audioChunk": {' not in program
    assert f'os.environ.get("{KEY_NAME}"' in program
    assert "(5.000, " in program, "a long pause is shortened"


def test_nothing_chosen_is_still_a_program() -> None:
    compile(as_python([], "ws://x"), "copied", "exec")


@pytest.mark.timeout(40)
def test_the_program_says_the_same_again(tmp_path: Path) -> None:
    key = "bWFkZS11cDpub3QtYS1zZWNyZXQ="
    store = conversation()
    sent = [record for record in store if not record.inbound][:2]
    store.tap(1, "out", encode(m.CloseContext("c-1")), 1.02)
    sent.append(list(store)[-1])
    with running_server("--engine", "tone", "--timing", "instant", key=key) as server:
        program = tmp_path / "copied.py"
        program.write_text(as_python(sent, server.endpoint.ws_url), encoding="utf-8")
        environment = {**os.environ, KEY_NAME: key}
        ran = subprocess.run(
            [sys.executable, program], env=environment, capture_output=True, text=True, timeout=30, check=False
        )
    assert ran.returncode == 0, ran.stderr
    replies = [json.loads(line[2:])["result"] for line in ran.stdout.splitlines() if line.startswith("< ")]
    assert "contextCreated" in replies[0]
    assert "contextClosed" in replies[-1]
    assert any("characters of base64" in str(reply) for reply in replies)
