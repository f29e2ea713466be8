"""The check of a mediator's whole wiring: every fault at once, each with its remedy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from inspect import isfunction
from typing import Any

from uow_events.container import LagomResolver
from uow_events.errors import NotificationError, WiringError, name_of
from uow_events.mediator.registry import Registry
from uow_events.messages import Binding, MessageContext, NotificationEvent, topic_of, wire_name
from uow_events.signatures import without_none
from uow_events.unit_of_work import Recorder, UnitOfWork

UNIT_TYPES = (UnitOfWork, Recorder, MessageContext)


def verify(registry: Registry, resolver: LagomResolver, unit_types: Sequence[type]) -> None:
    """Check every handler, and everything it needs.

    Raises:
        WiringError: there are faults.
    """
    faults = [*dict.fromkeys(_faults(registry, resolver, frozenset(unit_types)))]
    if faults:
        raise WiringError(faults)


def _faults(registry: Registry, resolver: LagomResolver, unit_types: frozenset[type]) -> Iterator[str]:
    if resolver.problem is not None:
        yield resolver.problem
    walk = _Walk(resolver, unit_types)
    for binding in registry:
        yield from _discarded(binding)
        yield from _unpublishable(binding.message_type)
        if isinstance(binding.handler, type):
            yield from walk.faults(binding.handler, (), None)
        for need in resolver.needs(binding.injected):
            yield from walk.faults(need, (binding.handler,), None)


class _Walk:
    """Follows what a type needs, and what that needs, without building anything; each type once."""

    def __init__(self, resolver: LagomResolver, unit_types: frozenset[type]) -> None:
        self._resolver = resolver
        self._unit_types = unit_types
        self._seen: set[tuple[Any, bool]] = set()

    def faults(self, needed: Any, path: tuple[Any, ...], singleton: object) -> Iterator[str]:
        dependency = without_none(needed)
        here = (*path, dependency)
        is_of_unit = dependency in self._unit_types
        if singleton is not None and (is_of_unit or dependency in self._resolver.scoped):
            yield _captive(here, singleton)
        elif dependency in path:
            yield f"{_shown(here)}: these constructors need each other in a circle; bind a factory to one of them"
        elif not is_of_unit and (dependency, singleton is not None) not in self._seen:
            self._seen.add((dependency, singleton is not None))
            yield from self._beneath(here, singleton)

    def _beneath(self, here: tuple[Any, ...], singleton: object) -> Iterator[str]:
        blueprint = self._resolver.blueprint(here[-1])
        if blueprint.problem is not None:
            yield f"{_shown(here)}: {blueprint.problem}"
        for need in blueprint.needs:
            yield from self.faults(need, here, here[-1] if blueprint.is_singleton else singleton)


def _shown(path: Iterable[Any]) -> str:
    return " -> ".join(name_of(step) for step in path)


def _captive(path: Iterable[Any], singleton: object) -> str:
    return (
        f"{_shown(path)}: the singleton {name_of(singleton)} would keep the first unit of work's for ever; bind it "
        "without Singleton, or list it in Mediator(scoped=[...])"
    )


def _discarded(binding: Binding) -> Iterator[str]:
    """Notice a class that `@dataclass(slots=True)` replaced after a decorator below it had registered it."""
    handler = binding.handler
    if not isinstance(handler, type) or "__slots__" in handler.__dict__:
        return
    siblings: list[type] = handler.__bases__[0].__subclasses__()
    if any(_is_twin(other, handler) for other in siblings):
        yield (
            f"{binding.name}: the registered class was discarded by a decorator above it that builds the class anew, "
            "as @dataclass(slots=True) does; put the registering decorator on top"
        )


def _is_twin(other: type, handler: type) -> bool:
    shared = (other.__dict__.get(name) is value for name, value in handler.__dict__.items() if isfunction(value))
    return other is not handler and other.__qualname__ == handler.__qualname__ and any(shared)


def _unpublishable(message: Any) -> Iterator[str]:
    if isinstance(message, type) and issubclass(message, NotificationEvent) and not message.__subclasses__():
        try:
            wire_name(message)
            topic_of(message)
        except NotificationError as error:
            yield str(error)
