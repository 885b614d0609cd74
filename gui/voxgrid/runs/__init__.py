"""Kept runs of the stress lab in the window: the list, summaries, comparisons, exports."""

from voxgrid.runs.feature import RunsFeature, keeper_for

__all__ = ["RunsFeature", "keeper_for"]
