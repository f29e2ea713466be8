"""A Resolver over a Lagom container."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from lagom import Container as Container
from lagom.context_based import ContextContainer
from lagom.definitions import Alias, ConstructionWithoutContainer, PlainInstance
from lagom.interfaces import SpecialDepDefinition

from uow_events.container.definitions import Captive, Construct, Guarded, Known, Scoped, Unresolvable, bare, construct
from uow_events.container.factories import asked_of_container
from uow_events.container.faults import fault_of
from uow_events.container.unit_container import UnitContainer, known
from uow_events.errors import Fault, UnresolvableDependencyError, name_of
from uow_events.resolver import Blueprint, Resolver
from uow_events.signatures import IN_A_CIRCLE, UNANNOTATED, Parameter

T = TypeVar("T")
TRANSPARENT = (Construct, ConstructionWithoutContainer, Known, PlainInstance)


class LagomResolver:
    """A Resolver over a Lagom container, whose definitions it reads and never changes."""

    def __init__(
        self,
        container: Container | None = None,
        scoped: Sequence[type] = (),
        shared: Mapping[type, object] | None = None,
    ) -> None:
        self._root = container if container is not None else Container()
        self._shared = known(shared or {})
        self.scoped = tuple(scoped)
        self._top = UnitContainer(self._root, self._shared)
        self._guards: dict[tuple[Any, ...], UnitContainer] = {}

    def resolve(self, dependency: type[T]) -> T:
        """Return an object of a type, outside of any unit of work."""
        return _resolve(self._top, dependency)

    def child(self, instances: Mapping[type, object]) -> Resolver:
        """Return the container of one unit of work: its objects, and each scoped type built once."""
        scoped = {kind: Scoped(bare(self._top.get_definition(kind))) for kind in self.scoped}
        given = self._shared | scoped | known(instances)
        return _Child(UnitContainer(self._root, given, self._guard(tuple(given))))

    @property
    def fault(self) -> Fault | None:
        """What is wrong with the container as a whole."""
        if isinstance(self._root, ContextContainer):
            return Fault("ContextContainer", "its contexts would end at no commit", "use a plain lagom.Container")
        return None

    def blueprint(self, dependency: Any) -> Blueprint:
        """Tell what building a type takes, for the check at start-up."""
        definition = self._top.get_definition(dependency)
        inner = bare(definition)
        is_singleton = isinstance(definition, Guarded) and dependency not in self.scoped
        if isinstance(inner, Alias):
            if not inner.skip_definitions:
                return Blueprint((inner.alias_type,), is_singleton)
            inner = construct(inner.alias_type)
        found = fault_of(inner)
        if found is not None:
            return Blueprint((), is_singleton, Fault(name_of(dependency), *found))
        return Blueprint(self._needs_of(inner), is_singleton, is_opaque=not isinstance(inner, TRANSPARENT))

    def needs(self, parameters: Iterable[Parameter]) -> tuple[Any, ...]:
        """Return the types that calling something takes, less those for which a default stands in."""
        return tuple(one.type for one in parameters if not (one.has_default and self._knows_nothing_of(one.type)))

    def _needs_of(self, definition: SpecialDepDefinition[Any]) -> tuple[Any, ...]:
        if isinstance(definition, Construct):
            return self.needs(definition.parameters)
        return asked_of_container(getattr(definition, "constructor", None))

    def _knows_nothing_of(self, kind: Any) -> bool:
        definition = self._top.get_definition(kind) if kind is not UNANNOTATED else None
        return definition is None or (isinstance(definition, Unresolvable) and not definition.is_known)

    def _guard(self, kinds: tuple[Any, ...]) -> UnitContainer:
        if kinds not in self._guards:
            captive = {kind: Captive(kind) for kind in kinds}
            self._guards[kinds] = UnitContainer(self._root, captive | self._shared)
        return self._guards[kinds]


class _Child:
    def __init__(self, container: UnitContainer) -> None:
        self._container = container

    def resolve(self, dependency: type[T]) -> T:
        return _resolve(self._container, dependency)

    def child(self, instances: Mapping[type, object]) -> Resolver:
        return _Child(UnitContainer(self._container, known(instances)))


def _resolve(container: Container, dependency: type[T]) -> T:
    try:
        return container.resolve(dependency)
    except RecursionError as error:
        raise UnresolvableDependencyError(dependency, *IN_A_CIRCLE) from error
