"""Keys and tokens taken out of everything that a run leaves behind, before it is kept or shown.

The texts that come here were scrubbed where they were made; this is the second line, for what a scenario file or an
environment variable may hold.  How a credential looks is known to ``voxpool.scrub`` alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from voxpool.config import Credential
from voxpool.errors import EndpointError
from voxpool.scrub import HIDDEN, scrub
from voxpool.stress.result import Mark, RunResult
from voxpool.stress.sample import Sample

_SECRET_NAMES: Final = re.compile(
    r"(^|_)(api_?key|key|token|secret|password|passwd|authorization|credentials?)$", re.IGNORECASE
)
_IN_ENVIRONMENT: Final = "INWORLD_API_KEY"


def scrub_text(text: str) -> str:
    """Return ``text`` without anything that looks like a credential, and without the key of the environment."""
    if not text:
        return text
    key = os.environ.get(_IN_ENVIRONMENT, "").strip()
    if len(key) >= 8:
        try:
            text = Credential.basic(key).scrub(text)
        except EndpointError:
            text = text.replace(key, HIDDEN)
    return scrub(text)


def scrub_url(url: str) -> str:
    """Return a URL without user, password, query and fragment; "" for what is none."""
    try:
        parts = urlsplit(url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:
        return ""


def scrub_data(data: Any) -> Any:
    """Return plain data with the values of secret names hidden and every text scrubbed."""
    if isinstance(data, Mapping):
        return {
            str(name): HIDDEN if _is_secret(str(name), value) else scrub_data(value) for name, value in data.items()
        }
    if isinstance(data, list | tuple):
        return [scrub_data(each) for each in data]
    return scrub_text(data) if isinstance(data, str) else data


def scrub_sample(sample: Sample) -> Sample:
    """Return a sample whose error holds no credential."""
    if not sample.error:
        return sample
    clean = scrub_text(sample.error)
    return sample if clean == sample.error else replace(sample, error=clean)


def scrub_mark(mark: Mark) -> Mark:
    """Return an annotation without a credential."""
    return replace(mark, text=scrub_text(mark.text))


def scrub_result(result: RunResult) -> RunResult:
    """Return a result that may be kept and shown."""
    return replace(
        result,
        url=scrub_url(result.url),
        scenario=scrub_data(result.scenario),
        environment=scrub_data(result.environment),
        reasons=tuple(scrub_text(each) for each in result.reasons),
        errors=tuple(replace(each, examples=tuple(map(scrub_text, each.examples))) for each in result.errors),
        marks=tuple(map(scrub_mark, result.marks)),
        samples=tuple(map(scrub_sample, result.samples)),
    )


def _is_secret(name: str, value: object) -> bool:
    return isinstance(value, str) and bool(value) and bool(_SECRET_NAMES.search(name.replace("-", "_")))
