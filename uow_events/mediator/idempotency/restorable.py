"""Whether a value of a type can be had back from its JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec.inspect import AnyType, CustomType, Field, RawType, Type, type_info
from typing_extensions import TypeIs

from uow_events.errors import name_of


class Model:
    """What a pydantic model has; pydantic itself is no dependency."""

    @classmethod
    def model_validate_json(cls, data: bytes) -> Any:
        """Build one from JSON."""

    def model_dump(self, **options: Any) -> Any:
        """Return its content."""


def is_model(kind: object) -> TypeIs[type[Model]]:
    """Whether a class is a pydantic model."""
    return isinstance(kind, type) and hasattr(kind, "model_validate_json") and hasattr(kind, "model_dump")


def why_not_restorable(kind: Any) -> str | None:
    """Say why a value of a type could not be restored, or None where it could."""
    try:
        info = type_info(kind)
        msgspec.json.Decoder(kind)
    except Exception as error:
        return f"no value of this type can be restored from JSON ({error})"
    foreign = next(_foreign(info), None)
    if foreign is None:
        return None
    return (
        f"{foreign} in it cannot be restored from JSON; declare it as a dataclass, attrs class, msgspec.Struct, "
        "pydantic model or plain value, and say what containers hold"
    )


def _foreign(info: Type) -> Iterator[str]:
    waiting: list[object] = [info]
    seen: set[int] = set()
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, AnyType | RawType):
            yield "Any"
        elif isinstance(part, CustomType):
            kind: Any = part.cls
            if not is_model(kind):
                yield name_of(kind)
        elif isinstance(part, Type | Field):
            waiting += [getattr(part, name) for name in part.__struct_fields__]
        elif isinstance(part, tuple):
            waiting += part
