"""The log file, and no log file."""

import base64
import logging

import pytest

from voxgrid import logs


@pytest.fixture(autouse=True)
def _restore():
    before = logging.getLogger().level
    yield
    logs.stop_logging()
    logging.getLogger().setLevel(before)


def test_records_go_into_the_file(tmp_path):
    file = logs.start_logging(tmp_path)
    logging.getLogger("voxgrid.test").info("hello %d", 5)
    logs.stop_logging()
    assert "voxgrid.test: hello 5" in file.read_text()


@pytest.mark.parametrize("secret", ["made-up-key-of-a-test:made-up-secret", "no base64, but a key all the same"])
def test_the_key_in_the_environment_is_in_no_text_although_nothing_used_it(tmp_path, monkeypatch, secret):
    key = base64.b64encode(secret.encode()).decode() if ":" in secret else secret
    monkeypatch.setenv("INWORLD_API_KEY", key)
    file = logs.start_logging(tmp_path)
    logging.getLogger("voxgrid.test").info("somebody says %s", key)
    logs.stop_logging()
    assert "somebody says ***" in file.read_text()


def test_a_folder_that_cannot_be_made_is_survived(tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert logs.start_logging(tmp_path / "file" / "log") is None
    logging.getLogger("voxgrid.test").info("still works")


def test_a_read_only_home_falls_back_to_the_temporary_folder(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr("platformdirs.user_log_dir", lambda *_a, **_k: str(tmp_path / "file" / "log"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    assert logs.start_logging() == tmp_path / "voxgrid" / "voxgrid.log"
