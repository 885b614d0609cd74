import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpool.protocol.settings import Encoding
from voxpool.server.config import ServerConfig
from voxpool.server.options import Options, check, read
from voxpool.server.requests import Malformed
from voxpool.server.statuses import Refused
from voxpool.server.voices import Catalogue

CONFIG = ServerConfig()
SMALL = {"voiceId": "Ashley", "modelId": "inworld-tts-2"}


def test_the_observed_echo():
    """The key set of a captured contextCreated: nothing is filled in, two fields are null (section 5.1)."""
    options = read(
        {
            "voice_id": "Ashley",
            "model_id": "inworld-tts-1.5-mini",
            "audio_config": {"audio_encoding": "LINEAR16", "sample_rate_hertz": 16000},
            "max_buffer_delay_ms": 3000,
            "buffer_char_threshold": 250,
            "apply_text_normalization": "ON",
            "auto_mode": True,
        }
    )
    assert options.echo() == {
        "voiceId": "Ashley",
        "audioConfig": {"audioEncoding": "LINEAR16", "sampleRateHertz": 16000},
        "modelId": "inworld-tts-1.5-mini",
        "maxBufferDelayMs": 3000,
        "bufferCharThreshold": 250,
        "applyTextNormalization": "ON",
        "autoMode": True,
        "synthesisContext": None,
        "pronunciationDictionarySettings": None,
    }


def test_defaults():
    options = read(SMALL)
    assert (options.encoding, options.sample_rate_hz, options.timestamps) == (Encoding.MP3, 48000, "none")
    rules = options.rules(CONFIG)
    assert (rules.mode, rules.threshold, rules.timed) == ("manual", 1000, False)
    assert options.echo()["audioConfig"] is None


def test_zero_means_the_default():
    rules = read(SMALL | {"bufferCharThreshold": 0, "maxBufferDelayMs": 0}).rules(CONFIG)
    assert (rules.threshold, rules.delay_s) == (1000, 0)


@pytest.mark.parametrize(
    ("body", "name", "value"),
    [
        ({"audioConfig": {"sampleRateHertz": "24000"}}, "sample_rate_hertz", 24000),
        ({"audioConfig": {"sampleRateHertz": 24000.0}}, "sample_rate_hertz", 24000),
        ({"audioConfig": {"speakingRate": 1}}, "speaking_rate", 1),
        ({"audioConfig": {"bitrate": 64000}}, "bit_rate", None),
        ({"audioConfig": {"audioEncoding": "FLURB"}}, "audio_encoding", None),
        ({"audioConfig": {"audioEncoding": "AUDIO_ENCODING_UNSPECIFIED"}}, "audio_encoding", None),
        ({"timestampType": "SYLLABLE"}, "timestamp_type", None),
        ({"timestamp_type": "WORD"}, "timestamp_type", "WORD"),
        ({"timestampType": 1}, "timestamp_type", "WORD"),
        ({"deliveryMode": "EXPRESSIVE"}, "delivery_mode", "EXPRESSIVE"),
        ({"nonsense": [1, 2]}, "voice_id", ""),
        ({"temperature": None}, "temperature", None),
    ],
)
def test_fields(body, name, value):
    assert getattr(read(body), name) == value


@pytest.mark.parametrize(
    "body",
    [
        {"applyTextNormalization": True},
        {"autoMode": "true"},
        {"autoMode": 1},
        {"voiceId": 3},
        {"audioConfig": "PCM"},
        {"audioConfig": {"sampleRateHertz": 0.5}},
        {"audioConfig": {"sampleRateHertz": True}},
        {"audioConfig": {"sampleRateHertz": "fast"}},
        {"audioConfig": {"sampleRateHertz": 1e300}},
        {"maxBufferDelayMs": "NaN"},
        {"temperature": []},
        {"synthesisContext": "x"},
    ],
)
def test_a_wrong_type_spoils_the_create(body):
    with pytest.raises(Malformed):
        read(SMALL | body)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"modelId": "inworld-tts-9"}, "model_id: inworld-tts-9 is not supported."),
        ({"modelId": ""}, "model_id is required."),
        ({"voiceId": ""}, "voice_id is required."),
        ({"language": "klingon-"}, "language: klingon- is not supported."),
        ({"audioConfig": {"sampleRateHertz": 7999}}, "sample_rate_hertz"),
        ({"audioConfig": {"audioEncoding": "MP3", "sampleRateHertz": 8000}}, "sample_rate_hertz"),
        ({"audioConfig": {"audioEncoding": "MULAW", "sampleRateHertz": 16000}}, "sample_rate_hertz"),
        ({"audioConfig": {"audioEncoding": "OGG_OPUS", "bitRate": 320000}}, "bit_rate"),
        ({"audioConfig": {"speakingRate": 1.6}}, "speaking_rate"),
        ({"temperature": 2.5}, "temperature"),
        ({"bufferCharThreshold": 2001}, "buffer_char_threshold"),
        ({"maxBufferDelayMs": -1}, "max_buffer_delay_ms"),
        (
            {"modelId": "inworld-tts-1.5-max", "autoMode": True, "autoModeStrategy": "SENTENCE_BOUNDARY"},
            "SENTENCE_BOUNDARY",
        ),
    ],
)
def test_refusals(changes, message):
    with pytest.raises(Refused) as caught:
        check(read(SMALL | changes), CONFIG)
    assert caught.value.status.code == 3
    assert message in caught.value.status.message


@pytest.mark.parametrize(
    "changes",
    [
        {"audioConfig": {"audioEncoding": "MULAW"}},
        {"audioConfig": {"audioEncoding": "PCM", "bitRate": 5}},
        {"autoMode": True, "autoModeStrategy": "SENTENCE_BOUNDARY"},
        {"language": "es-MX"},
        {"language": "EN_US"},
        {"language": ""},
        {"language": "en-GB-x-rp"},
        {"language": "de-DE-u-co-phonebk"},
        {"temperature": 0},
    ],
)
def test_accepted(changes):
    check(read(SMALL | changes), CONFIG)


def test_the_language_of_every_voice_is_accepted():
    for voice in Catalogue(["espeak"]).voices():
        check(read(SMALL | {"language": voice.language}), CONFIG)
        check(read(SMALL | {"language": voice.entry()["langCode"]}), CONFIG)


def test_an_update_changes_only_what_it_says():
    before = read(SMALL | {"audioConfig": {"audioEncoding": "PCM", "sampleRateHertz": 8000}, "temperature": 0.5})
    after = read({"voiceId": "Dennis"}, before)
    assert (after.voice_id, after.temperature, after.sample_rate_hz) == ("Dennis", 0.5, 8000)
    faster = read({"audioConfig": {"speakingRate": 1.2}}, after)
    assert (faster.encoding, faster.sample_rate_hz) == (Encoding.PCM, 8000)
    assert faster.echo()["audioConfig"] == {"audioEncoding": "PCM", "sampleRateHertz": 8000, "speakingRate": 1.2}


values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
bodies = st.dictionaries(
    st.sampled_from([*Options.__dataclass_fields__, "voiceId", "autoMode", "temperature", "language"]),
    values | st.dictionaries(st.sampled_from(["sampleRateHertz", "audio_encoding", "bitRate"]), values),
)


@given(bodies)
def test_any_object_is_read_or_refused(body):
    try:
        options = read(body)
        check(options, CONFIG)
    except (Malformed, Refused):
        return
    json.dumps(options.echo())
    assert 8000 <= options.sample_rate_hz <= 48000
