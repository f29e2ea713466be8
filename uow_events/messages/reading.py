"""JSON bytes to events: by msgspec; pydantic models by themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from uow_events.errors import InvalidArgumentError, UnreadableMessageError, name_of
from uow_events.messages.encodable import fields_of, unencodable_fields

_FIELD = re.compile(r"(?: - at `\$\.|required field `)(\w+)[^`]*`$")


def reader_of(event: Any, name: str) -> Callable[[bytes], Any]:
    """Return what reads events of a class, which is called `name` on the wire; it raises UnreadableMessageError.

    Raises:
        InvalidArgumentError: the class has no fields, or one of a type that JSON cannot be read as.
    """
    if hasattr(event, "model_validate_json"):
        return _reader(name, partial(_model, event))
    if fields_of(event) is None:
        wanted = "dataclasses, attrs classes, pydantic models or msgspec.Structs"
        raise InvalidArgumentError("events", f"{wanted}, and {name_of(event)} is none")
    for field, kind in unencodable_fields(event):
        wanted = f"readable from JSON, and {name_of(event)} is not: its field {field!r} holds {name_of(kind)}"
        raise InvalidArgumentError("events", wanted)
    try:
        decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(event, dec_hook=_by_model)
    except (TypeError, NameError) as error:
        raise InvalidArgumentError("events", f"readable from JSON, and {name_of(event)} is not: {error}") from error
    return _reader(name, decoder.decode)


def _reader(name: str, read: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    def reading(payload: bytes) -> Any:
        try:
            return read(payload)
        except Exception as error:  # whatever a class's own validation raises
            problem = f"its content is none of this type ({type(error).__name__}{_where(error)})"
        raise UnreadableMessageError(name, problem)  # without the error, whose text may quote the content

    return reading


def _by_model(kind: Any, content: Any) -> Any:
    if not hasattr(kind, "model_validate_json"):
        raise NotImplementedError(f"{name_of(kind)} cannot be read from JSON")
    return _model(kind, msgspec.json.encode(content))


def _model(kind: Any, payload: bytes) -> Any:
    """Read a model by the names of its fields, by which it is published, or by its aliases."""
    read: Any = kind.model_validate_json
    takes_names = "by_name" in inspect.signature(read).parameters
    return read(payload, by_name=True, by_alias=True) if takes_names else read(payload)


def _where(error: Exception) -> str:
    """Name the field at fault, where the error tells; nothing below it, which may be content."""
    errors: Any = getattr(error, "errors", None)
    if errors is not None:
        first: Any = errors()[0]["loc"]
        return f" in {first[0]!r}" if first else ""
    found = _FIELD.search(str(error)) if isinstance(error, msgspec.ValidationError) else None
    return f" in {found[1]!r}" if found else ""
