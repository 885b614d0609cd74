"""Speak many utterances at once and measure what happened."""

from voxpool.stress.engine import Plan, run
from voxpool.stress.report import Quantiles, Report

__all__ = ["Plan", "Quantiles", "Report", "run"]
