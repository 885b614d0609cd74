"""The wire protocol without the wire: messages, codec, the life of a context, a connection's session.

Nothing here imports asyncio, a socket or a clock.  ``PROTOCOL.md`` beside this file says what it relies on.
"""
