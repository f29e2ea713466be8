"""What handlers need, and what that needs: whether it can be built, and lives no longer than it may."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from uow_events.errors import Fault, name_of
from uow_events.messages import Binding
from uow_events.resolver import Inspectable
from uow_events.signatures import IN_A_CIRCLE, without_none


class Dependencies:
    """Follows what handlers need without building anything; each type once."""

    def __init__(self, resolver: Inspectable, unit_types: frozenset[type]) -> None:
        self._resolver = resolver
        self._unit_types = unit_types
        self._seen: set[tuple[Any, bool]] = set()

    def faults(self, bindings: Iterable[Binding]) -> Iterator[Fault]:
        """Return what is wrong with the container, and with all that these handlers need."""
        if self._resolver.fault is not None:
            yield self._resolver.fault
        for binding in bindings:
            if isinstance(binding.handler, type):
                yield from self._of(binding.handler, (), None)
            for need in self._resolver.needs(binding.injected):
                yield from self._of(need, (binding.handler,), None)

    def _of(self, needed: Any, path: tuple[Any, ...], singleton: object) -> Iterator[Fault]:
        dependency = without_none(needed)
        here = (*path, dependency)
        is_of_unit = dependency in self._unit_types
        if singleton is not None and (is_of_unit or dependency in self._resolver.scoped):
            yield _captive(here, singleton)
        elif dependency in path:
            yield Fault(_shown(here), *IN_A_CIRCLE)
        elif not is_of_unit and (dependency, singleton is not None) not in self._seen:
            self._seen.add((dependency, singleton is not None))
            yield from self._beneath(here, singleton)

    def _beneath(self, here: tuple[Any, ...], singleton: object) -> Iterator[Fault]:
        blueprint = self._resolver.blueprint(here[-1])
        if blueprint.fault is not None:
            yield replace(blueprint.fault, subject=_shown(here))
        for need in blueprint.needs:
            yield from self._of(need, here, here[-1] if blueprint.is_singleton else singleton)


def _shown(path: Iterable[Any]) -> str:
    return " -> ".join(name_of(step) for step in path)


def _captive(path: Iterable[Any], singleton: object) -> Fault:
    return Fault(
        _shown(path),
        f"the singleton {name_of(singleton)} would keep the first unit of work's for ever",
        "bind it without Singleton, or list it in Mediator(scoped=[...])",
    )
