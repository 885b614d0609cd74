"""The stress lab: docks, menu and runs, as a feature of the window."""

from voxgrid.lab.lab import StressLab, make_lab

__all__ = ["StressLab", "make_lab"]
