"""Finds ORM objects in an event, by what SQLAlchemy leaves in them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Set
from typing import Any, cast

_MARK = "_sa_instance_state"
_FIELDS = ("__dataclass_fields__", "__attrs_attrs__", "__struct_fields__", "__pydantic_fields__")
_PLAIN = (str, bytes, bytearray, memoryview, int, float, complex, type(None))


def carries_mapped_instance(event: object) -> bool:
    """Tell whether an event has an ORM object in a field, in a collection, or in an object with declared fields.

    Those are dataclasses, attrs and pydantic classes and structs, to any depth; other objects are not looked into.
    """
    waiting: list[object] = list(_fields(event))
    seen: dict[int, object] = {}
    while waiting:
        value = waiting.pop()
        if isinstance(value, _PLAIN) or id(value) in seen:
            continue
        seen[id(value)] = value
        if _MARK in _attributes(value):
            return True
        waiting += _inside(value)
    return False


def _inside(value: object) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | Set | deque):
        return cast("Iterable[Any]", value)
    if not isinstance(value, type) and any(hasattr(type(value), name) for name in _FIELDS):
        return _fields(value)
    return ()


def _fields(value: object) -> list[object]:
    """Return what an object holds, in its dict and in its slots, without running any property of it."""
    slots = (name for kind in type(value).__mro__ for name in _slots_of(kind))
    return [*_attributes(value).values(), *(getattr(value, name, None) for name in slots)]


def _slots_of(kind: type) -> tuple[str, ...]:
    declared: Any = kind.__dict__.get("__slots__", ())
    return (declared,) if isinstance(declared, str) else tuple(declared)


def _attributes(value: object) -> dict[str, Any]:
    return getattr(value, "__dict__", {})
