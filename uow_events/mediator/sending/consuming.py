"""How a message of a broker is consumed: once per consumer, in one transaction with all its effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from uow_events.errors import NotAMessageError, UnhandledEventError, name_of
from uow_events.mediator.inbox import AlreadyConsumed, ConsumedRow
from uow_events.mediator.middleware import SendContext, SendMiddleware, chain, headers_of
from uow_events.mediator.registry import Route
from uow_events.mediator.sending import retrying
from uow_events.mediator.sending.units import Units
from uow_events.messages import Delivered, DomainEvent, MessageContext, NotificationEvent, Record
from uow_events.unit_of_work import Deadline, UnitOfWork


@dataclass(frozen=True, slots=True)
class Consuming:
    """Consumes for one mediator."""

    units: Units
    middleware: Sequence[SendMiddleware]
    schema: str | None

    async def consume(
        self, route: Route | None, message: object, delivered: Delivered, headers: Mapping[str, str] | None
    ) -> bool:
        """Run a command's handler, or, without a route, an event's; tell whether that was done, or had been before."""
        row = ConsumedRow(self.schema, delivered.consumer, delivered.source, delivered.message_id)
        once = _Once(self.units, route, message, delivered, row)
        context = SendContext(message, headers_of(headers))
        await chain(self.middleware, context, partial(once.run, context))
        return once.is_new

    def check(self, message: object) -> None:
        """Make sure that something is an event, and has handlers.

        Raises:
            NotAMessageError: it is neither a command nor an event.
            UnhandledEventError: nothing handles it.
        """
        if not isinstance(message, DomainEvent | NotificationEvent):
            raise NotAMessageError(message, "an instance of a Command or an event")
        if not self.units.event_map.handlers_of(type(message)):
            raise UnhandledEventError(type(message))


@dataclass(slots=True)
class _Once:
    units: Units
    route: Route | None
    message: object
    delivered: Delivered
    row: ConsumedRow
    is_new: bool = False

    async def run(self, context: SendContext) -> Any:
        """Consume the message inside of the middleware."""
        name = name_of(type(self.message))
        received = MessageContext(message_id=self.delivered.event_id, headers=context.headers)
        context.message_context = received if self.route is None else received.caused()
        options = self.units.options_of(self.route) if self.route else self.units.options_of_events()
        async with Deadline(options.timeout, name) as deadline:

            async def attempt(number: int) -> Any:
                assert context.message_context is not None
                if number > 1:
                    context.message_context = replace(context.message_context, attempt=number)
                unit = self.units.attempt(self.route, context.message_context, options, deadline, None)
                try:
                    return await self._in(unit)
                except AlreadyConsumed:
                    return None

            return await retrying.run(options.retry, attempt, deadline)

    async def _in(self, opened: UnitOfWork) -> Any:
        self.is_new = False
        async with opened as unit:
            await self.row.claim(unit.session)
            self.is_new = True
            if self.route is not None:
                return await self.units.runner(unit).call(self.route.binding, self.message)
            assert isinstance(self.message, DomainEvent | NotificationEvent)
            unit.sink.take(Record.received(self.message, self.delivered.event_id))
            return None
