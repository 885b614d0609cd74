"""A context by itself, without a connection."""

from support.calls import calls_of
from voxpool.server.app import make_services
from voxpool.server.config import ServerConfig
from voxpool.server.context import Context
from voxpool.server.faults import Facts
from voxpool.server.ledger import ContextRecord
from voxpool.server.options import read


async def test_what_waits_is_counted_without_looking_at_each_part():
    def look():
        assert context.held_characters == 2 * parts

    services = make_services(ServerConfig(engine="tone"))
    options = read({"voiceId": "Ashley", "modelId": "inworld-tts-2", "audioConfig": {"audioEncoding": "PCM"}})
    context = Context("c", options, None, services, ContextRecord("c", 0.0), None, lambda *_: None, Facts(1))
    parts, seen = 0, []
    for _ in range(2):
        for _ in range(50):
            context.send_text("a.", flush=True)
            parts += 1
        seen.append(calls_of(look))
    context.cancel("lost")
    assert context.record.dropped_characters == 200
    assert context.held_characters == 0
    assert seen[0] == seen[1]
