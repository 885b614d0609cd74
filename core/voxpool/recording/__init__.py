"""Sessions kept on disk: written as they happen, opened again, scrubbed through, replayed, exported.

A recording is a file of gzip members one after the other (``zcat`` prints it), each a block of about one second of
JSON lines.  The head of each block says how long it is and what it holds, so that opening a recording hops over the
heads and decompresses nothing, and a block that was torn or damaged costs itself and no other.  Every few seconds a
block begins with a keyframe, the whole state at that moment; any other moment is the keyframe before it with the
events since.  Nothing is ever unpickled, sizes are limited, and everything that is written has been scrubbed of
credentials.
"""
