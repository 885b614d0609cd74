import pytest

from voxpool.server.credentials import judge, presented

KEY = "bWFkZS11cC1rZXk6Zm9yLXRlc3Rz"  # made up for tests


@pytest.mark.parametrize(
    ("headers", "query", "secret", "subprotocol"),
    [
        ({"Authorization": f"Basic {KEY}"}, {}, KEY, None),
        ({"Authorization": f"Bearer {KEY}"}, {}, KEY, None),
        ({"Authorization": f"basic  {KEY}"}, {}, KEY, None),
        ({"Authorization": KEY}, {}, KEY, None),
        ({}, {"authorization": f"Basic {KEY}"}, KEY, None),
        ({}, {"key": KEY}, "", None),
        ({"Sec-WebSocket-Protocol": f"chat, bearer_{KEY}"}, {}, KEY, f"bearer_{KEY}"),
        ({"Authorization": "Basic "}, {}, "", None),
        ({}, {}, "", None),
    ],
)
def test_where_a_credential_may_be(headers, query, secret, subprotocol):
    given = presented(headers, query)
    assert (given.secret, given.subprotocol) == (secret, subprotocol)
    assert KEY not in repr(given)


def test_no_key_accepts_everybody():
    assert judge(presented({}, {}), None) is None
    assert judge(presented({"Authorization": "Basic anything"}, {}), None) is None


def test_the_right_key():
    assert judge(presented({"Authorization": f"Basic {KEY}"}, {}), KEY) is None


def test_no_credential():
    status = judge(presented({}, {"key": KEY}), KEY)
    assert status.body == {
        "code": 16,
        "message": "authentication is required",
        "details": [
            {
                "@type": "type.googleapis.com/ai.inworld.common.InworldStatus",
                "errorType": "SESSION_TOKEN_INVALID",
                "reconnectType": "NO_RETRY",
                "reconnectTime": None,
                "maxRetries": 0,
            }
        ],
    }


@pytest.mark.parametrize("secret", ["wrong-key", "schlüssel"])
def test_a_wrong_key_is_told_with_its_prefix(secret):
    status = judge(presented({"Authorization": f"Basic {secret}"}, {}), KEY)
    assert status.body == {
        "code": 7,
        "message": f'Invalid credentials provided for API key "{secret[:4]}***"',
        "details": [],
    }


def test_a_credential_that_is_not_utf_8_is_a_wrong_one():
    # As aiohttp reads the bytes FF FE.
    status = judge(presented({"Authorization": "Basic \udcff\udcfe-key"}, {}), KEY)
    assert (status.code, status.message) == (7, 'Invalid credentials provided for API key "\ufffd\ufffd-k***"')
