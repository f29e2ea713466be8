"""Which handler takes which command or query."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from uow_events.errors import (
    DuplicateHandlerError,
    HandlerNotFoundError,
    HandlerSignatureError,
    NotAMessageError,
    name_of,
)
from uow_events.mediator.options import NOTHING_GIVEN
from uow_events.mediator.registry.route import BASES, Route
from uow_events.messages import Query, is_kind_of, type_arguments
from uow_events.signatures import conflicts
from uow_events.unit_of_work import INHERITED, RetryPolicy, TransactionOptions


class Routes:
    """Request type -> route: each has one."""

    def __init__(self) -> None:
        self._routes: dict[type[object], Route] = {}

    def add(self, route: Route) -> None:
        """Add the handler of a command or query.

        Raises:
            HandlerSignatureError: what it takes is no such message, or its annotations disagree with the message.
            DuplicateHandlerError: there is a handler already.
        """
        problem = _problem(route)
        if problem is not None:
            raise HandlerSignatureError(route.binding.handler, problem)
        present = self._routes.get(route.request)
        if present is not None:
            raise DuplicateHandlerError(route.request, present.binding.handler, route.binding.handler)
        self._routes[route.request] = route

    def of(self, request: type[object]) -> Route:
        """Return the route of a command or query.

        Raises:
            HandlerNotFoundError: there is none.
            NotAMessageError: it is neither.
        """
        route = self._routes.get(request)
        if route is not None:
            return route
        for kind, base in BASES.items():
            if issubclass(request, base):
                raise HandlerNotFoundError(request, kind)
        raise NotAMessageError(request, "a Command or Query")

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes.values())


def _problem(route: Route) -> str | None:
    return _problem_of_message(route) or _problem_of_options(route)


def _problem_of_options(route: Route) -> str | None:
    options: Any = NOTHING_GIVEN if route.transaction is None else route.transaction
    if not isinstance(options, TransactionOptions):
        return f"its transaction must be TransactionOptions, and is {options!r}"
    for name in ("repeatable", "idempotent"):
        given: object = getattr(route, name)
        if not isinstance(given, bool):
            return f"{name} must be True or False, and is {given!r}"
    if not route.repeatable and isinstance(options.retry, RetryPolicy):
        return "with repeatable=False it never runs twice, and its transaction asks for retries: leave out one of them"
    if route.idempotent and options.read_only is True:
        return "with idempotent=True its transaction stores keys, and its options say read_only: leave out one of them"
    if route.kind == "query" and options.read_only not in (INHERITED, True):
        return "a query's transaction is read-only, and its options say otherwise: leave out read_only"
    return None


def _problem_of_message(route: Route) -> str | None:
    request, base = route.request, BASES[route.kind]
    if not is_kind_of(request, base):
        return f"what it takes is no {base.__name__}"
    if all(is_kind_of(request, kind) for kind in BASES.values()):
        return f"{name_of(request)} derives from both Command and Query: it either changes something or asks"
    if base is Query and not type_arguments(request, base):
        return f"{name_of(request)} does not say what it asks for: derive it from Query[...]"
    if conflicts(route.response, route.binding.returns):
        said = f"it returns {name_of(route.binding.returns)}"
        return f"{said}, but {name_of(request)} is a {base.__name__}[{name_of(route.response)}]"
    return None
