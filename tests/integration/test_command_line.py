"""The commands as a person runs them: real processes, a real server, real speech."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

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
        (("say", "Hi.", "-o", "no/such/folder/x.wav"), 2, "no/such/folder/x.wav cannot be written"),
        (("say", " "), 2, "nothing to say"),
        (("say", "🙂", "-o", "silent.wav"), 1, "nothing in it that can be spoken"),
        (("voices", "--url", UNUSED), 1, "127.0.0.1:9"),
        (("stress", "--utterances", "0"), 2, "utterances is 0"),
        (("stress", "--url", ""), 2, "endpoint URL"),
        (("stress", "--csv", "no/such/folder/x.csv"), 2, "no/such/folder/x.csv cannot be written"),
        (("stress", "--json", "x.out", "--csv", "x.out"), 2, "--json and --csv both name x.out"),
        (("stress", "--json", "-", "--csv", "-"), 2, "--json and --csv both name -"),
        (("stress", "--json", "."), 2, ". cannot be written (Is a directory)"),
        (("stress", "--url", "https://api.inworld.ai"), 2, "--yes"),
        (("stress", "--key", KEY), 2, "--yes"),
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
    assert "check the key: --key or INWORLD_API_KEY" in ended.stderr
    assert WRONG not in ended.stderr


def test_a_wrong_key_ends_a_stress_run_at_once(tmp_path):
    file = tmp_path / "run.json"
    with running_server(key=KEY) as locked:
        ended = voxpool(
            "stress", "--utterances", "500", "--url", locked.url, "--key", WRONG, "--no-keep", "--json", str(file)
        )

    assert ended.returncode == 1, ended.stderr
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["verdict"] in ("aborted", "invalid")
    assert any("check the key: --key or INWORLD_API_KEY" in reason for reason in found["reasons"])
    assert found["started"] < 100
    assert WRONG not in ended.stdout + ended.stderr + file.read_text(encoding="utf-8")


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
        "--no-keep",
    )

    assert ended.returncode == 0, ended.stderr
    assert "30 done, 0 failed of 30 utterances" in ended.stdout
    assert re.search(r"time to first audio( +\d+ ms){5} +30", ended.stdout)
    data = json.loads(file.read_text(encoding="utf-8"))
    counts = data["done"], data["failed"], data["distributions"]["ttfa"]["count"], data["peak_connections"]
    assert counts == (30, 0, 30, 3)


def test_stress_that_fails_says_what_and_how_often():
    ended = voxpool("stress", "--utterances", "3", "--concurrency", "3", "--url", UNUSED, "--no-keep")

    assert ended.returncode == 1
    assert "0 done, 3 failed of 3 utterances" in ended.stdout
    assert re.search(r"3 x \w+", ended.stdout)
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_full_disk_costs_no_other_file(server, tmp_path):
    kept = tmp_path / "kept.csv"
    arguments = ("stress", "--utterances", "2", "--url", server.url, "--no-keep", "--csv", str(kept))
    ended = voxpool(*arguments, "--json", "/dev/full")

    assert ended.returncode == 1
    assert "/dev/full cannot be written (No space left on device)" in ended.stderr
    assert "2 done, 0 failed" in ended.stdout
    assert len(kept.read_text(encoding="utf-8").splitlines()) == 3


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


SCENARIO = """
name = "Small"
seed = 5
thresholds = ["errors.rate < 0.01", "corrected_ms.p95 < {limit}"]

[load]
profile = "rate"
rate = 20
duration_s = 1

[[texts]]
text = "Hello."
"""


@pytest.mark.parametrize(("limit", "code", "word"), [(60_000, 0, "PASSED"), (0, 1, "FAILED")])
def test_a_scenario_says_by_its_exit_code_whether_its_thresholds_held(server, tmp_path, limit, code, word):
    (tmp_path / "small.toml").write_text(SCENARIO.format(limit=limit), encoding="utf-8")
    files = {name: tmp_path / f"out.{name}" for name in ("html", "json", "csv")}
    ended = voxpool(
        "stress", str(tmp_path / "small.toml"), "--url", server.url, "--no-keep", "--report", str(files["html"]),
        "--json", str(files["json"]), "--csv", str(files["csv"]),
    )  # fmt: skip

    # On a machine that is busy the run may say so of itself, which is 3.
    assert ended.returncode in (code, 3), ended.stderr
    assert ended.returncode == 3 or f"\n{word}" in ended.stdout
    data = json.loads(files["json"].read_text(encoding="utf-8"))
    assert (data["name"], data["seed"], data["started"]) == ("Small", 5, len(data["samples"]))
    assert "<html" in files["html"].read_text(encoding="utf-8")
    assert len(files["csv"].read_text(encoding="utf-8").splitlines()) == data["started"] + 1


def test_the_bundled_scenarios_are_named_and_printed():
    listed = voxpool("stress", "--list")
    printed = voxpool("stress", "--profile", "phone-line", "--print", "--seed", "9")

    assert listed.returncode == printed.returncode == 0
    assert "breaking-point" in listed.stdout
    assert "seed = 9\n" in printed.stdout


_FAULTY = """
load = {{ profile = "concurrency", concurrency = 1, duration_s = 2 }}
faults = [{{ at_s = 1, fault = {{ place = "now", effect = "{effect}" }} }}]
"""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--profile", "nothing"), "expected one of breaking-point"),
        (("no/such.toml",), "no/such.toml"),
        (("--profile", "burst", "--utterances", "3"), "--utterances is 3, but must be left out"),
        (("--profile", "burst", "--voice", "Joe"), "--voice is 'Joe', but must be left out"),
        (("--profile", "burst", "--report", "no/such/folder.html"), "no/such/folder.html"),
        (("--profile", "burst", "--url", "https://api.inworld.ai"), "--yes"),
        (("{faulty}", "--url", UNUSED), "the scenario has faults to set"),
        (("{wrong}",), "faults[0].fault: effect is 'explode', but must be one of"),
    ],
)
def test_stress_that_cannot_be_run_is_told_in_a_sentence(arguments, words, tmp_path):
    files = {"faulty": tmp_path / "faulty.toml", "wrong": tmp_path / "wrong.toml"}
    files["faulty"].write_text(_FAULTY.format(effect="drop"), encoding="utf-8")
    files["wrong"].write_text(_FAULTY.format(effect="explode"), encoding="utf-8")
    ended = voxpool("stress", *(each.format(**files) for each in arguments), "--no-keep")

    assert ended.returncode in (1, 2)
    assert is_one_sentence(ended.stderr), ended.stderr
    assert words in ended.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C is sent differently there")
@pytest.mark.parametrize(
    ("number", "presses", "code", "words"),
    [
        pytest.param(signal.SIGINT, 1, 130, "It was interrupted with Ctrl+C.", id="Ctrl+C"),
        pytest.param(signal.SIGINT, 2, 130, "It was interrupted with Ctrl+C.", id="Ctrl+C twice"),
        pytest.param(signal.SIGINT, 7, 130, "It was interrupted with Ctrl+C.", id="Ctrl+C again and again"),
        pytest.param(signal.SIGTERM, 1, 143, "It was told to end (SIGTERM).", id="SIGTERM"),
    ],
)
def test_a_signal_ends_a_run_with_its_report(number, presses, code, words, tmp_path):
    command = [sys.executable, "-m", "voxpool", "stress", "--utterances", "100000", "--concurrency", "100", "--no-keep"]
    file, table = tmp_path / "run.json", tmp_path / "run.csv"
    with subprocess.Popen(
        [*command, "--json", str(file), "--csv", str(table)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        # The first phase is told when the load begins.
        assert any("phase: hold" in line for line in process.stderr)
        time.sleep(0.5)
        began = time.monotonic()
        for press in range(presses):
            process.send_signal(number)
            time.sleep(0.2 if press < 2 else 0.05)
        said, complaint = process.communicate(timeout=30)
        assert time.monotonic() - began < 20
    assert process.returncode == code
    assert "Traceback" not in complaint
    assert words in said
    assert json.loads(file.read_text(encoding="utf-8"))["verdict"] in ("aborted", "invalid")
    assert table.read_text(encoding="utf-8").startswith("number,")


_PRESSED_LATE = """
import importlib, os, runpy, signal, sys

def press(where, name):
    owner = importlib.import_module(where[0])
    for each in where[1:]:
        owner = getattr(owner, each)
    real = getattr(owner, name)

    def pressed(*arguments, **options):
        os.kill(os.getpid(), signal.SIGINT)
        return real(*arguments, **options)

    setattr(owner, name, pressed)

press({where!r}, {name!r})
sys.argv[1:] = ["stress", "--utterances", "1", "--json", {file!r}, "--plain"]
runpy.run_module("voxpool", run_name="__main__")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C is sent differently there")
@pytest.mark.parametrize(
    ("where", "name"),
    [
        pytest.param(("voxpool.cli.stressrun",), "to_json", id="writing"),
        pytest.param(("voxpool.pool.pool", "Pool"), "close", id="closing the pool"),
        pytest.param(("voxpool.local", "LocalServer"), "close", id="closing the server"),
        pytest.param(("voxpool.stress.recording", "Recording"), "close", id="keeping"),
        pytest.param(("voxpool.cli.stresstext",), "report", id="showing"),
    ],
)
def test_a_press_after_the_run_loses_nothing(where, name, tmp_path):
    file = tmp_path / "run.json"
    script = _PRESSED_LATE.format(where=where, name=name, file=str(file))
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False,
        env=os.environ | {"XDG_DATA_HOME": str(tmp_path / "data")},
    )  # fmt: skip
    assert "1 done, 0 failed of 1 utterance\n" in ended.stdout, ended.stderr
    assert ended.returncode in (0, 3)
    assert "Traceback" not in ended.stderr
    assert json.loads(file.read_text(encoding="utf-8"))["done"] == 1
    assert ("writing the report" in ended.stderr) == (name != "report")


_INTERRUPTED_WHILE_LOADING = """
import os, runpy, signal, sys

class Impatient:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

# Whoever runs the tests in the background has Ctrl+C ignored, which a child takes over.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Impatient())
sys.argv[1:] = ["stress", "--utterances", "1", "--no-keep"]
runpy.run_module("voxpool", run_name="__main__")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C is sent differently there")
@pytest.mark.parametrize("module", ["voxpool.cli", "voxpool.cli.stress", "aiohttp", "voxpool.cli.stressrun", "hdrh"])
def test_ctrl_c_while_libraries_load_is_130_without_a_traceback(module):
    code = _INTERRUPTED_WHILE_LOADING.format(module=module)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


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
