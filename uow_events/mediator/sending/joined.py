"""A send inside of a running unit of work, sharing its transaction."""

from __future__ import annotations

from functools import partial
from typing import Any

from uow_events.errors import EventsOfQueryError, name_of
from uow_events.mediator.handling import HandlerRunner
from uow_events.mediator.idempotency import IdempotencyGuard
from uow_events.mediator.middleware import SendContext, check_shared
from uow_events.mediator.options import NOTHING_GIVEN, check_joinable
from uow_events.mediator.registry import Route
from uow_events.mediator.sending.units import Units
from uow_events.messages import Invocation
from uow_events.unit_of_work import UnitOfWork, undoable


async def send_joined(
    units: Units, unit: UnitOfWork, route: Route, context: SendContext, guard: IdempotencyGuard | None
) -> Any:
    """Run a message in the running transaction, and return the response; nothing is committed yet.

    Raises:
        InvalidHeaderError: its headers are not those of the running command.
        TransactionOptionsConflictError: the running transaction is not the one it asks for.
        EventsOfQueryError: it is a query, and recorded an event.
    """
    name = name_of(type(context.message))
    check_shared(context.headers, unit.context)
    wanted = route.transaction or NOTHING_GIVEN
    check_joinable(name, wanted, units.transaction, unit.transaction, is_query=route.kind == "query")
    context.message_context = unit.context
    with Invocation(name, route.binding.name, unit.sink) as invocation:
        run = partial(_run, units.runner(unit), unit, route, context.message, invocation, guard)
        if context.propagation == "join":
            async with unit.join(f"A joined send of {name}"):
                return await run()
        nested = f"A nested send of {name}"
        async with unit.turn.taken(invocation), undoable(unit, with_session=True, name=nested), unit.join(nested):
            return await run()


async def _run(
    runner: HandlerRunner,
    unit: UnitOfWork,
    route: Route,
    message: object,
    invocation: Invocation,
    guard: IdempotencyGuard | None,
) -> Any:
    stored = await guard.claim_joined(unit.session) if guard is not None else None
    if stored is not None:
        return stored.response
    response = await runner.run(route.binding, message, invocation)
    if route.kind == "query" and invocation.records:
        raise EventsOfQueryError(invocation.subject, [record.content for record in invocation.records])
    if guard is not None:
        await guard.keep(unit.session, response)
    return response
