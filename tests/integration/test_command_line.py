"""The commands as a person runs them: real processes, a real server, real speech."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import wave

import numpy as np
import pytest

from support.local_server import running_server

SENTENCE = (
    "The weather is nice today, and the small dog is running in the park. Please call the doctor before three o'clock."
)
KEY = "bWFkZTp1cA=="  # made up: "made:up"
WRONG = "d3Jvbmc6b25l"  # made up: "wrong:one"
UNUSED = "http://127.0.0.1:9"


def voxpool(*arguments, text=None, environment=None, timeout=60):
    """Run one command and return what it did."""
    return subprocess.run(
        [sys.executable, "-m", "voxpool", *arguments],
        input=text if text is not None else "",
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **(environment or {})},
        check=False,
    )


def read_wav(path):
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16), file.getframerate()


def is_one_sentence(stderr):
    return stderr.startswith("voxpool: ") and stderr.count("\n") == 1 and "Traceback" not in stderr


@pytest.mark.parametrize(("voice", "share"), [("Ashley", 1 / 3), ("Joe", 1 / 2)])
def test_say_writes_speech(server, tmp_path, voice, share):
    recognise = pytest.importorskip("support.recognise", reason="pocketsphinx has no wheel for this Python")
    ended = voxpool("say", SENTENCE, "-o", str(tmp_path / "said.wav"), "--url", server.url, "--voice", voice)

    assert ended.returncode == 0, ended.stderr
    pcm, rate = read_wav(tmp_path / "said.wav")
    assert rate == 24000
    assert recognise.share_of_words(pcm, rate, SENTENCE) >= share


def test_say_brings_a_server_of_its_own_and_reads_standard_input(tmp_path):
    ended = voxpool(
        "say", "-", "-o", str(tmp_path / "x.wav"), "--rate", "1.5", "--sample-rate", "16000", text="Good morning.\n"
    )

    assert ended.returncode == 0, ended.stderr
    pcm, rate = read_wav(tmp_path / "x.wav")
    assert rate == 16000
    assert np.abs(pcm).max() > 1000


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("say", "Hi.", "--rate", "9"), 2, "speaking_rate is 9.0"),
        (("say", "Hi.", "--url", "ftp://x"), 2, "endpoint URL"),
        (("say", "Hi.", "--url", "http://example.org", "--key", KEY), 2, "without encryption"),
        (("say", "Hi.", "-o", "no/such/folder/x.wav"), 1, "no/such/folder"),
        (("say", " "), 2, "nothing to say"),
        (("voices", "--url", UNUSED), 1, "127.0.0.1:9"),
        (("stress", "--utterances", "0"), 2, "utterances is 0"),
        (("stress", "--url", "https://api.inworld.ai"), 2, "--yes"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(arguments, code, words):
    ended = voxpool(*arguments)

    assert ended.returncode == code
    assert is_one_sentence(ended.stderr), ended.stderr
    assert words in ended.stderr


def test_a_wrong_key_is_named_and_never_shown():
    with running_server(key=KEY) as locked:
        ended = voxpool("say", "Hi.", "-o", os.devnull, "--url", locked.url, "--key", WRONG)

    assert ended.returncode == 1
    assert is_one_sentence(ended.stderr)
    assert "check the key" in ended.stderr
    assert WRONG not in ended.stderr


def test_voices_as_a_table_and_as_json(server):
    table = voxpool("voices", "--url", server.url)
    german = voxpool("voices", "--url", server.url, "--language", "de", "--json")

    assert re.search(r"^Ashley ", table.stdout, re.MULTILINE)
    found = json.loads(german.stdout)
    assert found
    assert all(language.lower().startswith("de") for voice in found for language in voice["languages"][:1])


def test_stress_prints_a_report_and_writes_json(server, tmp_path):
    file = tmp_path / "report.json"
    ended = voxpool(
        "stress",
        "--utterances",
        "30",
        "--concurrency",
        "15",
        "--url",
        server.url,
        "--text",
        "Hello.",
        "--json",
        str(file),
    )

    assert ended.returncode == 0, ended.stderr
    assert "30 done, 0 failed of 30 utterances" in ended.stdout
    assert re.search(r"time to first audio( +\d+ ms){4} +30", ended.stdout)
    data = json.loads(file.read_text(encoding="utf-8"))
    assert (data["done"], data["failed"], data["ttfa_ms"]["count"], data["connections"]) == (30, 0, 30, 3)


def test_stress_that_fails_says_what_and_how_often():
    ended = voxpool("stress", "--utterances", "3", "--concurrency", "3", "--url", UNUSED)

    assert ended.returncode == 1
    assert "0 done, 3 failed of 3 utterances" in ended.stdout
    assert re.search(r"3 x \w+", ended.stdout)
    assert "Traceback" not in ended.stderr


def test_the_doctor_finds_everything_here(server):
    ended = voxpool("doctor", "--url", server.url)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.search(r"^ok    endpoint +127\.0\.0\.1:\d+ speaks; first audio after \d+ ms", ended.stdout, re.MULTILINE)
    assert "Everything that is needed works." in ended.stdout


def test_the_doctor_says_what_to_do_about_a_wrong_key():
    with running_server(key=KEY) as locked:
        ended = voxpool("doctor", "--url", locked.url, "--key", WRONG)

    assert ended.returncode == 1
    assert "INWORLD_API_KEY" in ended.stdout
    assert "1 of " in ended.stdout
    assert WRONG not in ended.stdout + ended.stderr


def test_the_doctor_says_when_nobody_answers():
    ended = voxpool("doctor", "--url", UNUSED)
    assert ended.returncode == 1
    assert re.search(r"^FAIL  endpoint", ended.stdout, re.MULTILINE)


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C is sent differently there")
def test_ctrl_c_ends_it_at_once_and_quietly(tmp_path):
    command = [sys.executable, "-m", "voxpool", "stress", "--utterances", "100000", "--concurrency", "100"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(3)
        assert process.poll() is None
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=20)
        assert time.monotonic() - began < 8
    assert process.returncode == 130
    assert complaint == ""


@pytest.mark.sound
def test_say_is_heard(server, null_sink):
    recognise = pytest.importorskip("support.recognise", reason="pocketsphinx has no wheel for this Python")
    with null_sink.record() as recording:
        ended = voxpool("say", SENTENCE, "--url", server.url)

    assert ended.returncode == 0, ended.stderr
    assert "nothing was heard" not in ended.stderr
    assert recognise.share_of_words(recording.pcm, 48_000, SENTENCE) >= recognise.ESPEAK


def test_say_without_a_sound_device_says_so(server, tmp_path):
    # An address where no sound server is; on a machine with a sound card of its own this says nothing.
    nowhere = {"PULSE_SERVER": f"unix:{tmp_path}/none", "XDG_RUNTIME_DIR": str(tmp_path)}
    ended = voxpool("say", "Hello.", "--url", server.url, environment=nowhere)

    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr
    sentences = [line for line in ended.stderr.splitlines() if line.startswith("voxpool: ")]
    assert all("-o FILE writes it to a file" in line for line in sentences)
