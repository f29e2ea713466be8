"""Which handlers can reach a unit of work's session, by what they ask for."""

from __future__ import annotations

from typing import Any

from uow_events.container import Container, Inspectable, Resolver
from uow_events.errors import UnresolvableDependencyError
from uow_events.messages import Binding, MessageContext
from uow_events.signatures import constructor_of, without_none
from uow_events.unit_of_work import Recorder

HARMLESS = (Recorder, MessageContext)


class SessionUse:
    """Tells of a handler whether its object graph holds the session; each type and each handler is looked at once.

    A type holds it that is one of `holders`, that asks for a container, or that needs something that holds it; so does
    what a factory builds that takes the container, since nobody sees what it takes. Singletons and ready instances
    never do. Of a resolver that cannot be inspected, everything is taken to hold it.
    """

    def __init__(self, resolver: Resolver, holders: tuple[type, ...]) -> None:
        self._resolver = resolver
        self._known: dict[Any, bool] = dict.fromkeys(HARMLESS, False)
        self._known |= dict.fromkeys((*Container.__mro__[:-1], *holders), True)
        self._bindings: dict[Any, bool] = {}

    def __call__(self, binding: Binding) -> bool:
        """Tell whether a handler, or what may run in its place, holds the session."""
        fallback = binding.fallback
        key = (binding.options.phase, binding.handler, fallback.handler if fallback is not None else None)
        if key not in self._bindings:
            both = (binding,) if fallback is None else (binding, fallback)
            self._bindings[key] = binding.options.phase == "in_transaction" and any(map(self._needs_it, both))
        return self._bindings[key]

    def _needs_it(self, binding: Binding) -> bool:
        needs = (binding.handler,) if isinstance(binding.handler, type) else self._needs_of(binding)
        return any(map(self._holds, needs))

    def _needs_of(self, binding: Binding) -> tuple[Any, ...]:
        if isinstance(self._resolver, Inspectable):
            return self._resolver.needs(binding.injected)
        return tuple(parameter.type for parameter in binding.injected)

    def _holds(self, needed: Any) -> bool:
        """Look at a type, and at what it needs, down to what cannot be taken apart."""
        dependency = without_none(needed)
        if dependency not in self._known:
            self._known[dependency] = True  # for a circle that leads back here, which has no other answer
            self._known[dependency] = self._builds_with_session(dependency)
        return self._known[dependency]

    def _builds_with_session(self, dependency: Any) -> bool:
        resolver = self._resolver
        if not isinstance(resolver, Inspectable):
            return _has_needs(dependency)
        blueprint = resolver.blueprint(dependency)
        if blueprint.is_singleton:
            return False
        return blueprint.is_opaque or any(map(self._holds, blueprint.needs))


def _has_needs(dependency: Any) -> bool:
    try:
        return bool(constructor_of(dependency))
    except UnresolvableDependencyError:
        return True
