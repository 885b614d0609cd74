"""Kept runs: the list, a summary, a comparison."""
