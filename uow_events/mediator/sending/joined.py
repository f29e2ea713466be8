"""A send inside of a running unit of work, sharing its transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

from uow_events.errors import EventsOfQueryError, name_of
from uow_events.mediator.idempotency import IdempotencyGuard
from uow_events.mediator.middleware import SendContext, SendMiddleware, chain, check_shared
from uow_events.mediator.options import NOTHING_GIVEN, check_joinable
from uow_events.mediator.registry import Route
from uow_events.mediator.sending.units import Units
from uow_events.messages import Invocation
from uow_events.unit_of_work import UnitOfWork, undoable

MakesGuard: TypeAlias = Callable[[], IdempotencyGuard | None]


class JoinedSend:
    """One send in the running transaction.

    Middlewares run inside of what joins, so that an error of theirs is one of this send; what they wrap joins once
    more, so that an error of the handler stays one where they catch it.
    """

    def __init__(
        self, units: Units, unit: UnitOfWork, route: Route, context: SendContext, makes_guard: MakesGuard
    ) -> None:
        self._units = units
        self._unit = unit
        self._route = route
        self._context = context
        self._makes_guard = makes_guard
        self._name = name_of(type(context.message))
        self._invocation = Invocation(self._name, route.binding.name, unit.sink)

    async def run(self, middlewares: Sequence[SendMiddleware]) -> Any:
        """Return the response; nothing is committed yet.

        Raises:
            InvalidHeaderError: its headers are not those of the running command.
            TransactionOptionsConflictError: the running transaction is not the one it asks for.
            EventsOfQueryError: it is a query, and recorded an event.
        """
        wanted = self._route.transaction or NOTHING_GIVEN
        is_query = self._route.kind == "query"
        check_joinable(self._name, wanted, self._units.transaction, self._unit.transaction, is_query=is_query)
        with self._invocation:
            if middlewares:
                return await self._within(partial(chain, middlewares, self._context, self._send))
            return await self._send()

    async def _send(self) -> Any:
        check_shared(self._context.headers, self._unit.context)
        self._context.message_context = self._unit.context
        return await self._within(partial(self._handle, self._makes_guard()))

    async def _within(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """Do what the propagation says around work: what fails in it fails the unit of work, or is undone."""
        unit = self._unit
        if self._context.propagation == "join":
            async with unit.join(f"A joined send of {self._name}"):
                return await work()
        name = f"A nested send of {self._name}"
        async with unit.turn.taken(self._invocation), undoable(unit, with_session=True, name=name), unit.join(name):
            return await work()

    async def _handle(self, guard: IdempotencyGuard | None) -> Any:
        unit, route, invocation = self._unit, self._route, self._invocation
        stored = await guard.claim_joined(unit.session) if guard is not None else None
        if stored is not None:
            return stored.response
        response = await self._units.runner(unit).run(route.binding, self._context.message, invocation)
        if route.kind == "query" and invocation.records:
            raise EventsOfQueryError(invocation.subject, [record.content for record in invocation.records])
        if guard is not None:
            await guard.keep(unit.session, response)
        return response
