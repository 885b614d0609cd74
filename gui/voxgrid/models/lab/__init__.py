"""What the stress lab shows of a run, without Qt: time line, lanes, knee, verdict, words."""
