"""Events to bytes: JSON, by msgspec; pydantic models by themselves."""

import inspect
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec

from uow_events.errors import NotificationError


def encode(event: object) -> bytes:
    """Return an event as JSON bytes.

    Raises:
        NotificationError: a field holds something JSON cannot carry; names event and field.
    """
    try:
        return _encoder.encode(event)
    except Exception as error:
        field = _culprit(event)
        # the encoder's message may quote the value, and values do not belong in errors
        problem = f"its value cannot be encoded as JSON ({type(error).__name__})"
        raise NotificationError(type(event), problem, field) from error


def _by_model(value: Any) -> Any:
    kind = value.__class__
    dump = getattr(kind, "model_dump", None)
    if dump is None:
        raise NotImplementedError(f"Encoding objects of type {kind.__name__} is unsupported")
    return dump(value, mode="json")


_encoder = msgspec.json.Encoder(enc_hook=_by_model)


def _culprit(event: object) -> str | None:
    for name, value in _fields(event):
        with suppress(Exception):
            _encoder.encode(value)
            continue
        return name
    return None


def _fields(event: object) -> Iterator[tuple[str, Any]]:
    for cls in type(event).__mro__:
        for name in inspect.get_annotations(cls):
            if hasattr(event, name):
                yield name, getattr(event, name)
