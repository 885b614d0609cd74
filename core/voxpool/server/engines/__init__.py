"""Speech engines behind one interface.

``espeak`` and ``neural`` are GPL software: only the worker processes load them, and the server talks to those over
pipes (``framing``).  ``tone`` is our own, for a machine that has neither.
"""
