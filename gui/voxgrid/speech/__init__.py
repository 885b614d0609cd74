"""Speaking and listening: between the window and the pool.

``SpeechController`` is the one object that views talk to.  It owns the endpoint, the pool, the local server, the
player and what is kept of each utterance.
"""

from voxgrid.notifications import Severity
from voxgrid.speech.controller import SpeechController
from voxgrid.speech.notice import Notice
from voxgrid.speech.record import UtteranceRecord

__all__ = ["Notice", "Severity", "SpeechController", "UtteranceRecord"]
