"""Remembered choices survive everything that can be wrong with a file."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voxgrid import settings as remembered
from voxgrid.settings import Setting, Settings

LAYOUT = Setting("window/layout", b"", remembered.blob)
EVERYTHING = [each for each in vars(remembered).values() if isinstance(each, Setting)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "voxgrid.ini"


def test_defaults_first(path):
    store = Settings(path)
    assert [store.get(each) for each in EVERYTHING] == [each.default for each in EVERYTHING]
    assert store.problem == ""


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        (remembered.VOLUME, 0.25),
        (remembered.MUTED, True),
        (remembered.DEVICE, "Speakers, front; left = 5.1"),
        (remembered.KEEP_MB, 64),
        (remembered.SECOND_UTTERANCE, "interrupt"),
        (remembered.FORM, '{"voice": "Zoë", "a": [1, 2]}'),
        (LAYOUT, bytes(range(256))),
    ],
)
def test_a_value_comes_back_in_the_next_session(path, setting, value):
    store = Settings(path)
    store.set(setting, value)
    store.sync()
    assert Settings(path).get(setting) == value
    store.forget(setting)
    store.sync()
    assert Settings(path).get(setting) == setting.default


def test_defaults_are_acceptable_themselves(path):
    store = Settings(path)
    for each in EVERYTHING:
        store.set(each, each.default)
    store.sync()
    again = Settings(path)
    assert [again.get(each) for each in EVERYTHING] == [each.default for each in EVERYTHING]


@pytest.mark.parametrize(
    "content",
    [
        b"[sound]\nvolume=loud\nmuted=perhaps\n",
        b"[sound]\nvolume=1e999\nmuted=2\n",
        b"[sound]\nvolume=nan\n",
        b"[sound]\nvolume=@Variant(\\0\\0\\0)\nmuted=@Invalid()\n",
        b"[sound\nvolume=5\n",
        b"\x00\xff\xfe[sound]\nvolume=-3",
    ],
)
def test_unacceptable_values_are_defaults(path, content):
    path.write_bytes(content)
    store = Settings(path)
    assert store.get(remembered.VOLUME) == remembered.VOLUME.default
    assert store.get(remembered.MUTED) == remembered.MUTED.default


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_a_file_of_anything_is_survived(path, content):
    path.write_bytes(content)
    store = Settings(path)
    for each in EVERYTHING:
        store.get(each)
    store.set(remembered.VOLUME, 0.5)
    assert store.get(remembered.VOLUME) == 0.5


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    store = Settings(blocked / "voxgrid.ini")
    store.set(remembered.VOLUME, 0.5)
    store.sync()
    assert "cannot be written" in store.problem
    assert store.get(remembered.VOLUME) == 0.5


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root may write everywhere")
def test_a_read_only_file_is_a_sentence(path):
    path.write_text("[sound]\nvolume=0.5\n")
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        store = Settings(path)
        assert store.get(remembered.VOLUME) == 0.5
        assert "cannot be written" in store.problem
    finally:
        path.parent.chmod(0o700)


def test_no_setting_is_for_a_key():
    assert not [each.key for each in EVERYTHING if each.key.endswith(("/key", "/token", "/secret", "/password"))]
