"""The headers of a consumed message, under the names that they had in the outbox."""

from collections.abc import Mapping
from typing import Any

from uow_events.testing import Arrived


def of_message(payload: bytes, headers: Mapping[str, Any], prefix: str, *, key: str | None = None) -> Arrived:
    found = {name.removeprefix(prefix): value for name, value in headers.items()}
    found["datacontenttype"] = found.pop("content-type")
    return Arrived(found.pop("partitionkey", key), payload, found)
