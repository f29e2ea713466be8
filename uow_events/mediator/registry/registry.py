"""Where handlers are registered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

from uow_events.errors import HandlerSignatureError, InvalidArgumentError
from uow_events.mediator.registry.aggregate_registration import AggregateRegistration
from uow_events.mediator.registry.declared import Declared
from uow_events.mediator.registry.event_registration import EventRegistration
from uow_events.mediator.registry.request_registration import RequestRegistration
from uow_events.mediator.registry.route import Route
from uow_events.messages import Binding

INCLUDED = "its registry was included in another registry"


class Registry(RequestRegistration, AggregateRegistration, EventRegistration):
    """Collects handlers: by decorators, bare or called, which return what they decorate, or by plain calls.

    A command or query has one handler, an event any number. Modules bring registries of their own; include() joins
    them. Functions take the message first; their further parameters are injected.
    """

    def __init__(self) -> None:
        super().__init__()
        self.declared = Declared()

    def declare(self, *types_or_modules: type | ModuleType) -> None:
        """Say which messages there are: classes, or modules, of which all message classes of their own are taken.

        From then on verify() also finds commands, queries and domain events without a handler, and handlers of messages
        that were never declared.

        Raises:
            InvalidArgumentError: it is neither a message class nor a module, or a module that defines none.
            RegistrationClosedError: this registry was included in another one, or has been sent with.
        """
        for given in types_or_modules:
            self.event_map.check_open(given)
        self.declared.add(*types_or_modules)

    def include(self, other: Registry) -> None:
        """Take over handlers and declarations of another registry, and close that; it may be included elsewhere too.

        Raises:
            DuplicateHandlerError: both have a handler for one command or query, or the same handler for one event.
            RegistrationClosedError: this registry was included in another one, or has been sent with.
            InvalidArgumentError: the other one is no registry, or is this one.
        """
        given: Any = other
        if not isinstance(given, Registry) or given is self:
            what = "this registry itself" if given is self else f"a {type(given).__name__}"
            raise InvalidArgumentError("other", f"another Registry, and is {what}")
        self.event_map.check_open(other)
        for route in other._routes:
            self._add(other, route)
        for binding in other.event_map:
            self.event_map.add(binding)
        self.declared.merge(other.declared)
        other.close(INCLUDED)

    def close(self, reason: str) -> None:
        """Refuse further handlers from now on, for a reason that completes "cannot be registered any more: ..."."""
        self.event_map.close(reason)

    def handler_of(self, request: type[object]) -> Route:
        """Return how a command or query is handled.

        Raises:
            HandlerNotFoundError: nothing handles it.
            NotAMessageError: it is neither a Command nor a Query.
        """
        return self._routes.of(request)

    @property
    def routes(self) -> Iterable[Route]:
        """How each command and query is handled, in the order of registration."""
        return self._routes

    def late_faults(self) -> Iterator[HandlerSignatureError]:
        """Check what could not be told at registration, since a class was not mapped yet."""
        for route in self._routes:
            try:
                if route.check is not None:
                    route.check()
            except HandlerSignatureError as error:
                yield error

    def __iter__(self) -> Iterator[Binding]:
        for route in self._routes:
            yield route.binding
        yield from self.event_map
