"""Names of failures that stay the same from run to run."""

from __future__ import annotations

from voxpool.errors import ServiceError


def error_kind(error: Exception) -> str:
    """Return a stable short name for an error, with the service's code where there is one."""
    name = type(error).__name__
    return f"{name} {error.code}" if isinstance(error, ServiceError) else name
