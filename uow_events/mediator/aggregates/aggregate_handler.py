"""A method of an aggregate as the handler of a command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, get_origin

from sqlalchemy.ext.asyncio import AsyncSession

from uow_events.errors import HandlerSignatureError
from uow_events.mediator.aggregates.aggregate_creation import AggregateCreation
from uow_events.mediator.aggregates.aggregate_key import AggregateKey, Identity
from uow_events.mediator.aggregates.aggregate_method import AggregateMethod, find_method
from uow_events.mediator.aggregates.arguments import Arguments, fields_of, match_arguments
from uow_events.messages import Binding, Command, is_kind_of, reflect, response_of
from uow_events.signatures import UNANNOTATED, Parameter, return_type_of

SESSION = Parameter("session", AsyncSession, UNANNOTATED, positional_only=False)
Handles = Callable[[Any, AsyncSession], Awaitable[Any]]


def bind_aggregate(
    command: Any, method: Any, identity: Identity | None, aggregate: type | None
) -> tuple[Binding, Callable[[], object]]:
    """Return a method as a handler, and the check of what can only be told once its class is mapped.

    Raises:
        HandlerSignatureError: method, identity or response do not fit the command or the aggregate.
    """
    found = find_method(method, aggregate)
    request = get_origin(command) or command
    if not is_kind_of(request, Command):
        raise HandlerSignatureError(method, "what it takes is no Command")
    fields = fields_of(found, request)
    parameters = reflect(method, method)
    if found.creates:
        creation = AggregateCreation(found, response_of(request, Command), identity)
        arguments = match_arguments(found, parameters, request, fields)
        handle, returns, check = _creating(found, creation, arguments), UNANNOTATED, creation.check
    else:
        key = AggregateKey(found, request, identity, fields)
        arguments = match_arguments(found, parameters[1:], request, fields, key.fields)
        handle, returns, check = _loading(found, key, arguments), return_type_of(method), key.check
    if found.is_mapped:
        check()
    return Binding(handle, command, (SESSION,), returns), check


def _loading(method: AggregateMethod, key: AggregateKey, arguments: Arguments) -> Handles:
    async def handle(command: object, session: AsyncSession) -> Any:
        aggregate = await key.load(session, command)
        return await arguments.call(getattr(aggregate, method.name), command, session)

    return _named(handle, method)


def _creating(method: AggregateMethod, creation: AggregateCreation, arguments: Arguments) -> Handles:
    async def handle(command: object, session: AsyncSession) -> Any:
        created = await arguments.call(method.function, command, session)
        session.add(created)
        return await creation.answer(session, created)

    return _named(handle, method)


def _named(handle: Handles, method: AggregateMethod) -> Handles:
    """Give a function the name of the method it stands for, which errors and logs show."""
    handle.__qualname__ = f"{method.aggregate.__qualname__}.{method.name}"
    handle.__module__ = method.aggregate.__module__
    return handle
