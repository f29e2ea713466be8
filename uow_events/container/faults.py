"""What a definition would do wrong, seen before it is used."""

from __future__ import annotations

import inspect
from typing import Any, TypeAlias, get_origin

from lagom import Container, definitions
from lagom.interfaces import SpecialDepDefinition

from uow_events.container.definitions import Unresolvable
from uow_events.container.factories import IS_ASYNC, captured_by

ProblemAndRemedy: TypeAlias = tuple[str, str]
ASYNC = (definitions.AsyncConstructionWithContainer, definitions.AsyncConstructionWithoutContainer)
YIELDING = (definitions.YieldWithContainer, definitions.YieldWithoutContainer)
AWAITED = ("it is bound as an Awaitable alone", "await it before, and bind the object")
ALIASED = ("it is bound to a generic alias, which would be given itself", "bind a factory, lambda c: c[...]")
YIELDS = ("its factory is a generator, whose end would never run", "return the object, and close it in a callback")
CLOSES_OVER = ("its factory uses a container that is not the unit's", "take the container as the lambda's parameter")


def fault_of(definition: SpecialDepDefinition[Any]) -> ProblemAndRemedy | None:
    """Return what is wrong with a definition and what to do, or None where nothing is."""
    if isinstance(definition, Unresolvable):
        return definition.problem, definition.remedy
    if isinstance(definition, definitions.UnresolvableTypeDefinition):
        return AWAITED
    if isinstance(definition, definitions.PlainInstance) and get_origin(definition.value) is not None:
        return ALIASED
    return _fault_of_factory(definition, getattr(definition, "constructor", None))


def _fault_of_factory(definition: SpecialDepDefinition[Any], factory: Any) -> ProblemAndRemedy | None:
    if isinstance(definition, ASYNC) or inspect.iscoroutinefunction(factory):
        return IS_ASYNC
    if isinstance(definition, YIELDING) or inspect.isgeneratorfunction(factory):
        return YIELDS
    if inspect.isfunction(factory) and any(isinstance(value, Container) for value in captured_by(factory)):
        return CLOSES_OVER
    return None
