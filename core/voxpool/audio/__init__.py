"""Sound: what is heard, what it is written to, and what it is decoded from.  Threads, but no Qt and no asyncio.

``player`` is the face.  Behind it every job has one thread: the sound device's own thread calls ``mixer``, which only
sums; the ``pump`` resamples ahead of it, drains recordings and takes the device's place when there is none; the
``keeper`` opens, watches and reopens the device, whose calls may block.
"""
