"""A local server that speaks the protocol of Inworld's streaming text-to-speech.

Everything that decides is free of I/O (``requests``, ``options``, ``buffering``, ``sentences``, ``markup``,
``chunking``, ``timestamps``, ``pacing``, ``fairness``, ``cache``); ``session`` and ``context`` act, ``app`` and
``process`` put it together.  Speech comes from ``engines``, which run in worker processes of their own: they are
GPL software, and nothing in this package imports them.

Section numbers in this package refer to ``core/voxpool/protocol/PROTOCOL.md``.
"""
