"""Fields of events that could never be encoded, as far as their annotations say."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sys
from collections.abc import Collection, Iterator
from contextlib import suppress
from decimal import Decimal
from enum import Enum
from inspect import isabstract
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints
from uuid import UUID

from msgspec import Raw, Struct

from uow_events.signatures import UNIONS

EXACT: frozenset[Any] = frozenset(
    {NoneType, bool, int, float, str, bytes, bytearray, memoryview, dt.date, dt.datetime, dt.time, dt.timedelta}
    | {Any, Decimal, Raw, object}
)
WITH_SUBCLASSES = (Enum, UUID, dict, list, tuple, set, frozenset)
PYDANTIC_SCHEMA = "__get_pydantic_core_schema__"


def unencodable_fields(event: type) -> Iterator[tuple[str, type]]:
    """Return the fields of an event that hold what neither msgspec nor pydantic encodes, each with the class at fault.

    What annotations leave open (Any, abstract classes, bases of others, names that do not exist at run time) passes.
    """
    for name, kind in (fields_of(event) or {}).items():
        found = _unencodable(kind, {event})
        if found is not None and not (hasattr(event, "model_dump") and _knows_how(found)):
            yield name, found


def fields_of(kind: Any) -> dict[str, Any] | None:
    """Return the fields of a dataclass, attrs class, Struct, named tuple or pydantic model; None for other classes.

    The annotation of a field is Any where nothing is to be said about it.
    """
    if hasattr(kind, "model_dump"):
        return _fields_of_model(kind)
    names: Any = getattr(kind, "_fields", None)
    if dataclasses.is_dataclass(kind):
        names = [field.name for field in dataclasses.fields(kind)]
    elif hasattr(kind, "__attrs_attrs__"):
        names = [field.name for field in kind.__attrs_attrs__ if not field.name.startswith("_")]
    elif issubclass(kind, Struct):
        names = kind.__struct_fields__
    if names is None:
        return None
    hints: dict[str, Any] = {}
    with suppress(NameError):
        hints = get_type_hints(kind)
    return {name: hints.get(name, Any) for name in names}


def _fields_of_model(model: Any) -> dict[str, Any]:
    """Leave to pydantic what it checks or changes by itself: all but classes it was told to take as they are."""
    own = model.__pydantic_decorators__
    is_open = model.model_config.get("arbitrary_types_allowed", False)
    is_checked = is_open and not (own.field_serializers or own.model_serializers)
    return {
        name: field.annotation if is_checked and not (field.metadata or field.exclude) else Any
        for name, field in model.model_fields.items()
    }


def _knows_how(kind: type) -> bool:
    """Tell whether pydantic has its own way with a class; of the standard library's it has with most."""
    return _is_of_python(kind) or hasattr(kind, PYDANTIC_SCHEMA)


def _is_of_python(kind: type) -> bool:
    return kind.__module__.partition(".")[0] in sys.stdlib_module_names


def _unencodable(annotation: Any, seen: set[Any]) -> type | None:
    kind: Any = getattr(annotation, "__supertype__", getattr(annotation, "__value__", annotation))
    origin = get_origin(kind)
    if origin is not None and origin is not Literal:
        return _first(get_args(kind) if _is_made_of_its_arguments(origin) else [origin], seen)
    if not isinstance(kind, type) or kind in seen:
        return None
    seen.add(kind)
    return _unencodable_class(kind, seen)


def _is_made_of_its_arguments(origin: Any) -> bool:
    is_own_class = isinstance(origin, type) and origin not in UNIONS and origin.__module__ != "collections.abc"
    return not is_own_class or issubclass(origin, WITH_SUBCLASSES)


def _unencodable_class(kind: Any, seen: set[Any]) -> type | None:
    if kind in EXACT or issubclass(kind, WITH_SUBCLASSES) or hasattr(kind, "model_dump"):
        return None
    inner = fields_of(kind)
    if inner is not None:
        return _first(inner.values(), seen)
    is_base = not _is_of_python(kind) and kind.__subclasses__() != []
    is_open = is_base or isabstract(kind) or getattr(kind, "_is_protocol", False)
    return None if is_open else kind


def _first(kinds: Collection[Any], seen: set[Any]) -> type | None:
    found = (_unencodable(kind, seen) for kind in kinds)
    return next((kind for kind in found if kind is not None), None)
