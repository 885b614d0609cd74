"""``voxpool say``: where the text comes from and where the sound goes."""

import io
import sys
import wave
from contextlib import asynccontextmanager

import numpy as np
import pytest

from voxpool import cli
from voxpool.audio import player
from voxpool.audio.states import DeviceState
from voxpool.cli import say
from voxpool.protocol.settings import ContextSettings


class Spoken:
    """An utterance that is there at once."""

    settings = ContextSettings()
    audio_s = 0.02

    async def __aiter__(self):
        yield self

    pcm = np.full(480, 7, np.int16)


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """Return the texts that were spoken; nothing is: each is 20 ms of sound."""
    texts = []

    class Pool:
        def __init__(self, *_):
            pass

        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            pass

        def speak(self, text, **_):
            texts.append(text)
            return Spoken()

    @asynccontextmanager
    async def reached(_endpoint):
        yield None

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(say, "Pool", Pool)
    monkeypatch.setattr(say, "reached", reached)
    monkeypatch.delenv("INWORLD_API_KEY", raising=False)
    return texts


def give(monkeypatch, data, encoding="utf-8", errors="strict"):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding=encoding, errors=errors))


def test_a_minus_writes_the_sound_to_standard_output(asked, capfdbinary):
    assert cli.main(["say", "Hi.", "-o", "-"]) == 0

    printed, said = capfdbinary.readouterr()
    with wave.open(io.BytesIO(printed)) as sound:
        assert (sound.getnframes(), sound.getframerate()) == (480, 24_000)
    assert said == b"standard output: 0.02 s at 24000 Hz\n"


def test_a_file_that_cannot_be_written_is_said_before_anything_is_spoken(asked, tmp_path, capsys):
    assert cli.main(["say", "Hi.", "-o", str(tmp_path / "nowhere" / "x.wav")]) == 2

    assert "x.wav cannot be written (No such file or directory)" in capsys.readouterr().err
    assert asked == []


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_an_input_in_another_encoding_is_said(asked, monkeypatch, capsys, errors):
    give(monkeypatch, "café".encode("latin-1"), errors=errors)

    assert cli.main(["say", "-", "-o", "x.wav"]) == 2
    assert capsys.readouterr().err == "voxpool: standard input is no text in utf-8, as it has to be here\n"
    assert asked == []


def test_an_input_in_the_encoding_of_the_terminal_is_spoken(asked, monkeypatch, tmp_path):
    give(monkeypatch, "café".encode("latin-1"), encoding="latin-1")

    assert cli.main(["say", "-", "-o", str(tmp_path / "x.wav")]) == 0
    assert asked == ["café"]


def test_without_a_standard_input_there_is_nothing_to_say(asked, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", None)

    assert cli.main(["say", "-"]) == 2
    assert "nothing to say" in capsys.readouterr().err


class Speakers:
    """A player whose only device was not asked for; what is written to it was heard."""

    state = DeviceState("device", "Speakers", "Headphones: it is not there")
    done = True

    def start(self):
        pass

    close = finish = start

    def select(self, name):
        assert name == "Headphones"

    def track(self, _rate):
        return self

    def write(self, pcm):
        assert len(pcm)


def test_another_device_than_the_one_asked_for_is_said(asked, monkeypatch, capsys):
    monkeypatch.setattr(player, "Player", Speakers)

    assert cli.main(["say", "Hi.", "--device", "Headphones"]) == 0
    assert capsys.readouterr().err == "voxpool: Headphones: it is not there; played through Speakers\n"
