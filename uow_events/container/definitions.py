"""Definitions of our own in a Lagom container: how one type comes about."""

from __future__ import annotations

from typing import Any

from lagom import Container
from lagom.interfaces import ReadableContainer, SpecialDepDefinition

from uow_events.errors import CaptiveDependencyError, UnresolvableDependencyError
from uow_events.signatures import Parameter, arguments_for, constructor_of


class Known(SpecialDepDefinition[Any]):
    """An object that is there already."""

    def __init__(self, value: object) -> None:
        self.value = value

    def get_instance(self, container: ReadableContainer) -> Any:
        """Return it."""
        return self.value


class Scoped(SpecialDepDefinition[Any]):
    """Built once; without the lock of Lagom's singletons, for which a circle of factories would wait for ever."""

    def __init__(self, definition: SpecialDepDefinition[Any]) -> None:
        self.definition = definition
        self.built: list[Any] = []

    def get_instance(self, container: ReadableContainer) -> Any:
        """Return what the first call built."""
        if not self.built:
            self.built.append(self.definition.get_instance(container))
        return self.built[0]


class Construct(SpecialDepDefinition[Any]):
    """A class that is built from its constructor."""

    def __init__(self, kind: type, parameters: tuple[Parameter, ...]) -> None:
        self.kind = kind
        self.parameters = parameters

    def get_instance(self, container: ReadableContainer) -> Any:
        """Build one; the constructor's own errors pass as they are."""
        positional, named = arguments_for(self.parameters, container.resolve)
        return self.kind(*positional, **named)


class Unresolvable(SpecialDepDefinition[Any]):
    """What cannot be had, why, and what to do; `is_known` as in UnresolvableDependencyError."""

    def __init__(self, kind: Any, problem: str, remedy: str, is_known: bool = False) -> None:
        self.kind = kind
        self.problem = problem
        self.remedy = remedy
        self.is_known = is_known

    def get_instance(self, container: ReadableContainer) -> Any:
        """Say so."""
        raise UnresolvableDependencyError(self.kind, self.problem, self.remedy, is_known=self.is_known)

    def of(self, kind: Any) -> Unresolvable:
        """Return the same of another type, one that comes down to this."""
        return Unresolvable(kind, self.problem, self.remedy, self.is_known)


class Captive(SpecialDepDefinition[Any]):
    """An object of a unit of work, asked for by a singleton."""

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def get_instance(self, container: ReadableContainer) -> Any:
        """Refuse it."""
        raise CaptiveDependencyError(self.kind)


class Guarded(SpecialDepDefinition[Any]):
    """A singleton, built by a container in which nothing of a unit of work can be had."""

    def __init__(self, singleton: Any, guard: Container, kind: Any) -> None:
        self.singleton = singleton
        self.guard = guard
        self.kind = kind

    def get_instance(self, container: ReadableContainer) -> Any:
        """Return it; the singleton that asks for what it must not have is named."""
        try:
            return self.singleton.get_instance(self.guard)
        except CaptiveDependencyError as error:
            raise CaptiveDependencyError(error.dependency, error.singleton or self.kind) from None


def bare(found: SpecialDepDefinition[Any]) -> SpecialDepDefinition[Any]:
    """Return what a singleton wraps, and any other definition as it is."""
    inner: SpecialDepDefinition[Any] = found.singleton.singleton_type if isinstance(found, Guarded) else found
    return inner


def construct(kind: Any) -> SpecialDepDefinition[Any]:
    """Return how a class is built from its constructor, or why that cannot be."""
    try:
        return Construct(kind, constructor_of(kind))
    except UnresolvableDependencyError as error:
        return Unresolvable(kind, error.problem, error.remedy, error.is_known)
