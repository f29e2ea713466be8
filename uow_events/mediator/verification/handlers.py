"""Handler classes that are not what the module has now."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import isfunction

from uow_events.errors import Fault
from uow_events.messages import Binding


def discarded(binding: Binding) -> Iterator[Fault]:
    """Notice a class that `@dataclass(slots=True)` replaced after a decorator below it had registered it."""
    handler = binding.handler
    if not isinstance(handler, type) or "__slots__" in handler.__dict__:
        return
    siblings: list[type] = handler.__bases__[0].__subclasses__()
    if any(_is_twin(other, handler) for other in siblings):
        yield Fault(
            binding.name,
            "the registered class was discarded by a decorator above it that builds the class anew, as "
            "@dataclass(slots=True) does",
            "put the registering decorator on top",
        )


def _is_twin(other: type, handler: type) -> bool:
    shared = (other.__dict__.get(name) is value for name, value in handler.__dict__.items() if isfunction(value))
    return other is not handler and other.__qualname__ == handler.__qualname__ and any(shared)
