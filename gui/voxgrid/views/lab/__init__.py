"""What paints the stress lab: controls, charts, lanes, knee."""
