"""The container behind a two-method protocol; the only file that imports Lagom.

Lagom keeps the definitions; classes without one are built here, since Lagom hides a constructor's own TypeError, takes
a generic alias for a class, and gives [] for `list[X]` and None for an unbound `X | None` without a word.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar, get_origin

from lagom import Container as Container
from lagom import ExplicitContainer, definitions
from lagom.context_based import ContextContainer
from lagom.interfaces import ReadableContainer, SpecialDepDefinition

from uow_events.errors import CaptiveDependencyError, UnresolvableDependencyError
from uow_events.resolver import Blueprint
from uow_events.resolver import Resolver as Resolver
from uow_events.signatures import (
    UNANNOTATED,
    Parameter,
    arguments_for,
    captured_by,
    constructor_of,
    is_value_type,
    without_none,
)

T = TypeVar("T")
Definitions = Mapping[Any, SpecialDepDefinition[Any]]
ASYNC = (definitions.AsyncConstructionWithContainer, definitions.AsyncConstructionWithoutContainer)
YIELDING = (definitions.YieldWithContainer, definitions.YieldWithoutContainer)


class LagomResolver:
    """A Resolver over a Lagom container, whose definitions it reads and never changes."""

    def __init__(
        self,
        container: Container | None = None,
        scoped: Sequence[type] = (),
        shared: Mapping[type, object] | None = None,
    ) -> None:
        self._root = container if container is not None else Container()
        self._shared = _known(shared or {})
        self.scoped = tuple(scoped)
        self._top = _UnitContainer(self._root, self._shared)
        self._guards: dict[tuple[Any, ...], _UnitContainer] = {}

    def resolve(self, dependency: type[T]) -> T:
        """Return an object of a type, outside of any unit of work."""
        return _resolve(self._top, dependency)

    def child(self, instances: Mapping[type, object]) -> Resolver:
        """Return the container of one unit of work: its objects, and each scoped type built once."""
        scoped = {kind: _Scoped(_bare(self._top.get_definition(kind))) for kind in self.scoped}
        known = self._shared | scoped | _known(instances)
        return _Child(_UnitContainer(self._root, known, self._guard(tuple(known))))

    @property
    def problem(self) -> str | None:
        """What is wrong with the container as a whole."""
        if isinstance(self._root, ContextContainer):
            return "a ContextContainer would end its contexts at no commit: use a plain lagom.Container"
        return None

    def blueprint(self, dependency: Any) -> Blueprint:
        """Tell what building a type takes, for the check at start-up."""
        definition = self._top.get_definition(dependency)
        inner = _bare(definition)
        if isinstance(inner, _Unresolvable):
            return Blueprint(problem=inner.problem)
        is_singleton = isinstance(definition, _Guarded) and dependency not in self.scoped
        if isinstance(inner, definitions.Alias):
            if not inner.skip_definitions:
                return Blueprint((inner.alias_type,), is_singleton)
            inner = _construct(inner.alias_type)
        needs = self.needs(inner.parameters) if isinstance(inner, _Construct) else ()
        return Blueprint(needs, is_singleton, _problem(inner))

    def needs(self, parameters: Iterable[Parameter]) -> tuple[Any, ...]:
        """Return the types that calling something takes, less those for which a default stands in."""
        return tuple(one.type for one in parameters if not (one.has_default and self._knows_nothing_of(one.type)))

    def _knows_nothing_of(self, kind: Any) -> bool:
        definition = self._top.get_definition(kind) if kind is not UNANNOTATED else None
        return definition is None or (isinstance(definition, _Unresolvable) and not definition.is_known)

    def _guard(self, kinds: tuple[Any, ...]) -> _UnitContainer:
        if kinds not in self._guards:
            captive = {kind: _Captive(kind) for kind in kinds}
            self._guards[kinds] = _UnitContainer(self._root, captive | self._shared)
        return self._guards[kinds]


class _Child:
    def __init__(self, container: _UnitContainer) -> None:
        self._container = container

    def resolve(self, dependency: type[T]) -> T:
        return _resolve(self._container, dependency)

    def child(self, instances: Mapping[type, object]) -> Resolver:
        return _Child(_UnitContainer(self._container, _known(instances)))


class _UnitContainer(Container):
    """A Lagom child whose singletons are built by `guard`, where nothing of a unit of work can be had."""

    def __init__(self, parent: Container, known: Definitions, guard: _UnitContainer | None = None) -> None:
        super().__init__(parent)
        self._known = known
        self._guard = guard or self
        self._explicit = isinstance(parent, ExplicitContainer)

    def resolve(self, dep_type: Any, suppress_error: bool = False, skip_definitions: bool = False) -> Any:
        definition = _construct(dep_type) if skip_definitions else self.get_definition(dep_type)
        return definition.get_instance(self)

    def get_definition(self, dep_type: Any) -> SpecialDepDefinition[Any]:
        plain = without_none(dep_type)
        if plain in self._known:
            return self._known[plain]
        if plain in (Container, ReadableContainer):
            return _Known(self)
        found = super().get_definition(dep_type)
        if found is None:
            return self._undefined(dep_type, plain)
        return _Guarded(found, self._guard, plain) if isinstance(found, definitions.SingletonWrapper) else found

    def _undefined(self, dep_type: Any, plain: Any) -> SpecialDepDefinition[Any]:
        origin = get_origin(plain)
        if isinstance(origin, type) and not is_value_type(origin) and origin.__module__ != "collections.abc":
            plain = origin
        if plain is not dep_type:
            inner = self.get_definition(plain)
            return _Unresolvable(dep_type, inner.problem, inner.is_known) if isinstance(inner, _Unresolvable) else inner
        if self._explicit:
            return _Unresolvable(dep_type, "an ExplicitContainer has no definition of it: add one")
        return _construct(dep_type)


class _Known(SpecialDepDefinition[Any]):
    def __init__(self, value: object) -> None:
        self.value = value

    def get_instance(self, container: ReadableContainer) -> Any:
        return self.value


class _Scoped(SpecialDepDefinition[Any]):
    """Built once; without the lock of Lagom's singletons, for which a circle of factories would wait for ever."""

    def __init__(self, definition: SpecialDepDefinition[Any]) -> None:
        self.definition = definition
        self.built: list[Any] = []

    def get_instance(self, container: ReadableContainer) -> Any:
        if not self.built:
            self.built.append(self.definition.get_instance(container))
        return self.built[0]


class _Construct(SpecialDepDefinition[Any]):
    def __init__(self, kind: type, parameters: tuple[Parameter, ...]) -> None:
        self.kind = kind
        self.parameters = parameters

    def get_instance(self, container: ReadableContainer) -> Any:
        positional, named = arguments_for(self.parameters, container.resolve)
        return self.kind(*positional, **named)


class _Unresolvable(SpecialDepDefinition[Any]):
    def __init__(self, kind: Any, problem: str, is_known: bool = False) -> None:
        self.kind = kind
        self.problem = problem
        self.is_known = is_known

    def get_instance(self, container: ReadableContainer) -> Any:
        raise UnresolvableDependencyError(self.kind, self.problem, is_known=self.is_known)


class _Captive(SpecialDepDefinition[Any]):
    def __init__(self, kind: type) -> None:
        self.kind = kind

    def get_instance(self, container: ReadableContainer) -> Any:
        raise CaptiveDependencyError(self.kind)


class _Guarded(SpecialDepDefinition[Any]):
    def __init__(self, singleton: Any, guard: Container, kind: Any) -> None:
        self.singleton = singleton
        self.guard = guard
        self.kind = kind

    def get_instance(self, container: ReadableContainer) -> Any:
        try:
            return self.singleton.get_instance(self.guard)
        except CaptiveDependencyError as error:
            raise CaptiveDependencyError(error.dependency, error.singleton or self.kind) from None


def _known(instances: Mapping[type, object]) -> dict[Any, SpecialDepDefinition[Any]]:
    return {kind: _Known(value) for kind, value in instances.items()}


def _bare(found: SpecialDepDefinition[Any]) -> SpecialDepDefinition[Any]:
    bare: SpecialDepDefinition[Any] = found.singleton.singleton_type if isinstance(found, _Guarded) else found
    return bare


def _construct(kind: Any) -> SpecialDepDefinition[Any]:
    try:
        return _Construct(kind, constructor_of(kind))
    except UnresolvableDependencyError as error:
        return _Unresolvable(kind, error.problem, error.is_known)


def _resolve(container: Container, dependency: type[T]) -> T:
    try:
        return container.resolve(dependency)
    except RecursionError as error:
        raise UnresolvableDependencyError(dependency, "its constructors need each other in a circle") from error


def _problem(definition: SpecialDepDefinition[Any]) -> str | None:
    if isinstance(definition, _Unresolvable):
        return definition.problem
    if isinstance(definition, definitions.UnresolvableTypeDefinition):
        return "it is bound as an Awaitable alone: await it before, and bind the object"
    if isinstance(definition, definitions.PlainInstance) and get_origin(definition.value) is not None:
        return "it is bound to a generic alias, which would be given itself: bind a factory, lambda c: c[...]"
    return _factory_problem(definition, getattr(definition, "constructor", None))


def _factory_problem(definition: SpecialDepDefinition[Any], factory: Any) -> str | None:
    if isinstance(definition, ASYNC) or inspect.iscoroutinefunction(factory):
        return "its factory is async, and would give a coroutine in its place: build it before, and bind the object"
    if isinstance(definition, YIELDING) or inspect.isgeneratorfunction(factory):
        return "its factory is a generator, whose end would never run: return the object, and close it in a callback"
    if inspect.isfunction(factory) and any(isinstance(value, Container) for value in captured_by(factory)):
        return "its factory closes over a container, not the unit's: take the container as the lambda's parameter"
    return None
