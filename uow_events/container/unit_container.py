"""The Lagom child of one unit of work."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import iscoroutine
from typing import Any

from lagom import Container, ExplicitContainer
from lagom.definitions import SingletonWrapper
from lagom.interfaces import ReadableContainer, SpecialDepDefinition

from uow_events.container.definitions import Guarded, Known, Unresolvable, construct
from uow_events.container.factories import IS_ASYNC
from uow_events.errors import UnresolvableDependencyError
from uow_events.signatures import class_of_alias, without_none

Definitions = Mapping[Any, SpecialDepDefinition[Any]]


class UnitContainer(Container):
    """A Lagom child whose singletons are built by `guard`, where nothing of a unit of work can be had."""

    def __init__(self, parent: Container, known: Definitions, guard: UnitContainer | None = None) -> None:
        super().__init__(parent)
        self._known = known
        self._guard = guard or self
        self._explicit = isinstance(parent, ExplicitContainer)

    def resolve(self, dep_type: Any, suppress_error: bool = False, skip_definitions: bool = False) -> Any:
        """Return an object of a type; see Resolver.resolve()."""
        definition = construct(dep_type) if skip_definitions else self.get_definition(dep_type)
        built = definition.get_instance(self)
        if iscoroutine(built):
            built.close()
            raise UnresolvableDependencyError(dep_type, *IS_ASYNC, is_known=True)
        return built

    def get_definition(self, dep_type: Any) -> SpecialDepDefinition[Any]:
        """Return how a type comes about: this unit's own, then what the user bound, then its constructor."""
        plain = without_none(dep_type)
        if plain in self._known:
            return self._known[plain]
        if plain in (Container, ReadableContainer):
            return Known(self)
        found = super().get_definition(dep_type)
        if found is None:
            return self._undefined(dep_type, plain)
        return Guarded(found, self._guard, plain) if isinstance(found, SingletonWrapper) else found

    def _undefined(self, dep_type: Any, plain: Any) -> SpecialDepDefinition[Any]:
        plain = class_of_alias(plain)
        if plain is not dep_type:
            inner = self.get_definition(plain)
            return inner.of(dep_type) if isinstance(inner, Unresolvable) else inner
        if self._explicit:
            return Unresolvable(dep_type, "an ExplicitContainer has no definition of it", "add one")
        return construct(dep_type)


def known(instances: Mapping[type, object]) -> dict[Any, SpecialDepDefinition[Any]]:
    """Return definitions of objects that are there already."""
    return {kind: Known(value) for kind, value in instances.items()}
