"""Speak many utterances at once and measure what happened."""
