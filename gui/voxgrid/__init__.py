"""The desktop cockpit: a live grid of every connection and context, and a playground to fill it."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("voxgrid")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0"
