import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpool.server import requests
from voxpool.server.requests import (
    CancelContext,
    CloseContext,
    Create,
    FlushContext,
    Malformed,
    SendText,
    UpdateConfig,
    decode,
)


@pytest.mark.parametrize(
    ("message", "request_"),
    [
        ({"create": {"voiceId": "V"}, "contextId": "c"}, Create("c", {"voiceId": "V"})),
        ({"create": {}, "context_id": "c"}, Create("c", {})),
        ({"create": {}}, Create(None, {})),
        ({"create": {}, "contextId": ""}, Create(None, {})),
        ({"send_text": {"text": "x"}, "contextId": "c"}, SendText("c", "x", False)),
        ({"sendText": {"text": "x", "flush_context": {}}, "contextId": "c"}, SendText("c", "x", True)),
        ({"sendText": {"text": "x", "flushContext": {}}, "context_id": "c"}, SendText("c", "x", True)),
        ({"send_text": {}, "contextId": "c"}, SendText("c", "", False)),
        ({"flush_context": {}, "contextId": "c"}, FlushContext("c")),
        ({"flushContext": {}}, FlushContext(None)),
        ({"close_context": {}, "contextId": "c"}, CloseContext("c")),
        ({"closeContext": {}, "contextId": "c"}, CloseContext("c")),
        ({"cancel_context": {}, "contextId": "c"}, CancelContext("c")),
        ({"cancelContext": {}, "contextId": "c"}, CancelContext("c")),
        ({"update_config": {"voiceId": "V"}, "contextId": "c"}, UpdateConfig("c", {"voiceId": "V"})),
        ({"updateConfig": {}, "contextId": "c"}, UpdateConfig("c", {})),
        ({"create": {}, "send_text": None, "unknown": 3, "contextId": "c"}, Create("c", {})),
        ({"foo": "bar"}, None),
        ({}, None),
        ({"contextId": "c"}, None),
        ({"synthesize": {"text": "x"}}, None),
    ],
)
def test_messages(message, request_):
    assert decode(json.dumps(message)) == request_


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "not json",
        "[]",
        "3",
        "null",
        '"text"',
        "{",
        '{"create": []}',
        '{"create": 1}',
        '{"create": {}, "contextId": 5}',
        '{"send_text": "hello", "contextId": "c"}',
        '{"send_text": {"text": 5}, "contextId": "c"}',
        '{"send_text": {"text": "x", "flush_context": true}}',
        '{"create": {}, "close_context": {}, "contextId": "c"}',
        b"\xff\xfe",
    ],
)
def test_malformed(frame):
    with pytest.raises(Malformed):
        decode(frame)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(
    ["create", "send_text", "sendText", "flush_context", "closeContext", "cancel_context", "contextId", "text", "x"]
)


@given(st.text() | st.binary())
def test_garbage_is_read_or_refused(frame):
    with contextlib.suppress(Malformed):
        decode(frame)


@given(st.dictionaries(names, json_values | st.dictionaries(names, json_values), max_size=4))
def test_any_object_is_read_or_refused(message):
    try:
        found = decode(json.dumps(message))
    except Malformed:
        return
    assert found is None or isinstance(found, requests.Request)


@pytest.mark.parametrize(("name", "spelling"), [("send_text", "sendText"), ("a", "a"), ("bit_rate", "bitRate")])
def test_camel(name, spelling):
    assert requests.camel(name) == spelling
