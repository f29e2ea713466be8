"""Which resolver a mediator gets for what it was given as its container."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

from lagom import Container

from uow_events.container.lagom_resolver import LagomResolver
from uow_events.errors import Fault, InvalidArgumentError, kind_of
from uow_events.resolver import Blueprint, Inspectable, Resolver
from uow_events.signatures import Parameter

T = TypeVar("T")


def resolver_of(container: Any, scoped: Sequence[type], shared: Mapping[type, object]) -> Resolver:
    """Return the resolver of a mediator; the types in `shared` are these objects in all of its units of work.

    Raises:
        InvalidArgumentError: it is no container, or `scoped` is given for one that keeps its own lifetimes.
    """
    if container is None or isinstance(container, Container):
        return LagomResolver(container, scoped, shared)
    given = kind_of(container)
    if isinstance(container, type) or not all(
        callable(getattr(container, name, None)) for name in ("resolve", "child")
    ):
        raise InvalidArgumentError("container", f"a lagom.Container or a Resolver, and is {given}")
    if scoped:
        raise InvalidArgumentError("scoped", f"left out where the container is {given}, which has lifetimes of its own")
    return _InspectableSharing(container, shared) if isinstance(container, Inspectable) else _Sharing(container, shared)


class _Sharing:
    """A resolver whose units of work have some objects in common."""

    def __init__(self, inner: Resolver, shared: Mapping[type, object]) -> None:
        self.inner = inner
        self.shared = shared

    def resolve(self, dependency: type[T]) -> T:
        return cast("T", self.shared[dependency]) if dependency in self.shared else self.inner.resolve(dependency)

    def child(self, instances: Mapping[type, object]) -> Resolver:
        return self.inner.child({**self.shared, **instances})


class _InspectableSharing(_Sharing):
    inner: Inspectable

    @property
    def fault(self) -> Fault | None:
        return self.inner.fault

    @property
    def scoped(self) -> tuple[type, ...]:
        return self.inner.scoped

    def blueprint(self, dependency: Any) -> Blueprint:
        return Blueprint() if dependency in self.shared else self.inner.blueprint(dependency)

    def needs(self, parameters: Iterable[Parameter]) -> tuple[Any, ...]:
        return self.inner.needs(parameters)
