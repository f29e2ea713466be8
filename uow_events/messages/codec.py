"""Events to bytes: JSON, by msgspec; pydantic models by themselves."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import isfinite
from typing import Any

import msgspec

from uow_events.errors import NotificationError


def encode(event: object) -> bytes:
    """Return an event as JSON bytes.

    Raises:
        NotificationError: a field holds something JSON cannot carry, NaN and infinity among it; names event and field.
    """
    try:
        encoded = _encoder.encode(event)
    except Exception as error:
        # the encoder's message may quote the value, and values do not belong in errors
        problem = f"its value cannot be encoded as JSON ({type(error).__name__})"
        raise NotificationError(type(event), problem, _culprit(event, _encoder.encode)) from error
    if b"null" in encoded:
        field = _culprit(event, check_finite)
        if field is not None:
            raise NotificationError(type(event), "NaN and infinity cannot be encoded as JSON", field)
    return encoded


def _by_model(value: Any) -> Any:
    kind = value.__class__
    dump = getattr(kind, "model_dump", None)
    if dump is None:
        raise NotImplementedError(f"Encoding objects of type {kind.__name__} is unsupported")
    return dump(value, mode="json")


_encoder = msgspec.json.Encoder(enc_hook=_by_model)


def check_finite(value: Any, by_hook: Callable[[Any], Any] = _by_model) -> None:
    """Make sure that no float is NaN or infinite, which msgspec would turn into null.

    Raises:
        ValueError: one is.
    """
    waiting = [msgspec.to_builtins(value, enc_hook=by_hook)]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list | tuple):
            waiting += one
        elif isinstance(one, float) and not isfinite(one):
            raise ValueError


def _culprit(event: object, check: Callable[[Any], object]) -> str | None:
    for name, value in _fields(event):
        with suppress(Exception):
            check(value)
            continue
        return name
    return None


def _fields(event: object) -> Iterator[tuple[str, Any]]:
    for cls in type(event).__mro__:
        for name in inspect.get_annotations(cls):
            if hasattr(event, name):
                yield name, getattr(event, name)
