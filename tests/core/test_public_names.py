"""What a program that embeds the pool sees first."""

from __future__ import annotations

import subprocess
import sys

import pytest

import voxpool


def test_every_public_name_is_there() -> None:
    for name in voxpool.__all__:
        assert getattr(voxpool, name).__name__ == name
        assert name in dir(voxpool)


def test_an_unknown_name_is_an_ordinary_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Pooool'"):
        _ = voxpool.Pooool


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, voxpool; print(*[name for name in ('aiohttp', 'numpy', 'asyncio') if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


def test_the_pool_does_not_load_the_window_or_a_speech_engine() -> None:
    code = (
        "import sys; from voxpool import Pool, list_voices; "
        "print(*[name for name in sys.modules if name.partition('.')[0] in "
        "('voxgrid', 'PySide6', 'qasync', 'sounddevice', 'piper', 'onnxruntime', 'av', 'soxr')])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""
