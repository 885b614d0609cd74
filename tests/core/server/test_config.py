import argparse
import json
from dataclasses import fields, replace

import pytest

from voxpool.cli.serve import config_of, configure
from voxpool.errors import SettingError
from voxpool.server.config import SERVICE, ServerConfig, TimingProfile
from voxpool.server.configtext import NAMES, with_settings
from voxpool.server.faults import Fault


def parsed(*arguments):
    parser = argparse.ArgumentParser()
    configure(parser)
    return config_of(parser.parse_args(list(arguments)))


@pytest.fixture(autouse=True)
def _no_secrets(monkeypatch):
    monkeypatch.delenv("VOXPOOL_SERVER_KEY", raising=False)
    monkeypatch.delenv("VOXPOOL_CONTROL_TOKEN", raising=False)


def test_without_options_it_is_the_default():
    assert parsed() == ServerConfig()


def test_options():
    config = parsed(
        *("--engine", "tone", "--timing", "service", "--first-audio-ms", "90", "--delivery-rate", "1", "--seed", "7"),
        *("--max-connections", "3", "--max-generations", "2", "--inactivity-s", "5", "--chunk-ms", "100"),
        *("--network-ms", "40", "--fault", "audio:drop,chunk=2", "--set", "wording=2026-03", "--set", "cancel=silent"),
    )
    assert config == ServerConfig(
        engine="tone",
        timing=replace(SERVICE, first_audio_s=0.09, delivery_rate=1, network_s=0.04),
        seed=7,
        max_connections=3,
        max_generations=2,
        inactivity_s=5,
        first_chunk_s=0.1,
        chunk_s=0.1,
        faults=(Fault("audio", "drop", chunk=2),),
        wording="2026-03",
        cancel="silent",
    )


def test_a_plan_and_an_edited_one():
    config = parsed("--plan", "builder")
    assert (config.max_generations, config.max_connections) == (50, 500)
    config = parsed("--plan", "builder", "--max-connections", "7")
    assert (config.max_generations, config.max_connections) == (50, 7)


def test_faults_from_a_file(tmp_path):
    path = tmp_path / "faults.json"
    path.write_text(json.dumps([{"place": "open", "effect": "silent"}]))
    assert parsed("--faults", str(path)).faults == (Fault("open", "silent"),)


def test_secrets_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("VOXPOOL_SERVER_KEY", "made-up-key")
    monkeypatch.setenv("VOXPOOL_CONTROL_TOKEN", "made-up-token")
    config = parsed()
    assert (config.key, config.control_token) == ("made-up-key", "made-up-token")
    assert "made-up" not in repr(config)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--max-connections", "-1"],
        ["--inactivity-s", "-1"],
        ["--delivery-rate", "-1"],
        ["--chunk-ms", "0"],
        ["--port", "70000"],
        ["--fault", "nonsense"],
        ["--set", "nonsense=1"],
        ["--set", "key=secret"],
        ["--set", "wording"],
        ["--set", "wording=old"],
        ["--set", "text_limit=many"],
        ["--set", "text_limit=0"],
        ["--set", "auto_mode_ignores_delay=perhaps"],
    ],
)
def test_what_cannot_be(arguments):
    with pytest.raises(SettingError):
        parsed(*arguments)


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_can_be_written(name):
    value = getattr(ServerConfig(), name)
    text = ",".join(value) if isinstance(value, tuple) else str(value)
    assert with_settings(ServerConfig(), [f"{name}={text}"]) == ServerConfig()


def test_every_setting_is_told():
    assert all(f"{item.name}:" in ServerConfig.__doc__ for item in fields(ServerConfig))
    assert all(f"{item.name}:" in TimingProfile.__doc__ for item in fields(TimingProfile))
