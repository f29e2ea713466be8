"""How a command or query is sent: inside the middleware, in a transaction of its own or in the running one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from uow_events.errors import InvalidArgumentError, NotRepeatableError, name_of
from uow_events.mediator.idempotency import IdempotencyGuard, once
from uow_events.mediator.middleware import Propagation, SendContext, SendMiddleware, chain, headers_of
from uow_events.mediator.registry import Route
from uow_events.mediator.sending import retrying
from uow_events.mediator.sending.joined import JoinedSend
from uow_events.mediator.sending.requires_new import InnerTransactions
from uow_events.mediator.sending.units import Units
from uow_events.messages import IdempotencyKey, MessageContext, running_invocation
from uow_events.unit_of_work import Deadline, ResolvedOptions, UnitOfWork


class Sender:
    """Sends for one mediator."""

    def __init__(
        self, units: Units, inner: InnerTransactions, middleware: Sequence[SendMiddleware], schema: str | None
    ) -> None:
        self._units = units
        self._inner = inner
        self._middleware = middleware
        self._schema = schema

    async def send(
        self,
        route: Route,
        message: object,
        key: str | IdempotencyKey | None,
        headers: Mapping[str, str] | None,
        propagation: Propagation,
    ) -> Any:
        """Run a message's handler where the propagation says, and return its response."""
        if not route.repeatable and (around := self._units.repeatable()) is not None:
            raise NotRepeatableError(name_of(type(message)), around.name)
        running = self._units.running()
        context = SendContext(
            message,
            headers_of(headers, running.context if running else None),
            key_of(key, route),
            propagation=propagation,
            is_joined=running is not None and propagation != "requires_new",
        )
        if running is not None and context.is_joined:
            makes_guard = partial(self._guard, route, context)
            return await JoinedSend(self._units, running, route, context, makes_guard).run(self._middleware)
        return await chain(self._middleware, context, partial(self._send, route, context, running))

    async def _send(self, route: Route, context: SendContext, running: UnitOfWork | None) -> Any:
        guard = self._guard(route, context)
        key = guard.key if guard is not None else None
        if running is None:
            context.message_context = MessageContext(headers=context.headers, idempotency_key=key.key if key else None)
            return await self._send_alone(route, context, guard, self._units.options_of(route))
        self._inner.enter(name_of(type(context.message)))
        try:
            context.message_context = _caused(running.context, context, key)
            return await self._send_alone(route, context, guard, self._units.options_of(route, is_inner=True))
        finally:
            self._inner.leave()

    def _guard(self, route: Route, context: SendContext) -> IdempotencyGuard | None:
        key = key_of(context.idempotency_key, route)
        return IdempotencyGuard(key, context.message, schema=self._schema) if key is not None else None

    async def _send_alone(
        self, route: Route, context: SendContext, guard: IdempotencyGuard | None, options: ResolvedOptions
    ) -> Any:
        async with Deadline(options.timeout, name_of(type(context.message))) as deadline:

            async def attempt(number: int) -> Any:
                assert context.message_context is not None
                if number > 1:
                    context.message_context = replace(context.message_context, attempt=number)
                unit = partial(self._units.attempt, route, context.message_context, options, deadline, guard)
                run = partial(self._run, unit, route, context.message, guard)
                return await (run() if guard is None else once(guard, self._units.sessions.engine, run))

            return await retrying.run(options.retry, attempt, deadline)

    async def _run(
        self, opens: Callable[[], UnitOfWork], route: Route, message: object, guard: IdempotencyGuard | None
    ) -> Any:
        async with opens() as unit:
            if guard is not None:
                await guard.claim(unit.session)
            response = await self._units.runner(unit).call(route.binding, message)
            if guard is not None:
                await guard.keep(unit.session, response)
            return response


def key_of(given: str | IdempotencyKey | None, route: Route) -> IdempotencyKey | None:
    """Return an idempotency key, checked.

    Raises:
        InvalidArgumentError: it is not valid, or given with a query.
    """
    if given is None:
        return None
    if route.kind == "query":
        wanted = "None for a query, which changes nothing and so may run any number of times"
        raise InvalidArgumentError("idempotency_key", wanted)
    return IdempotencyKey.of(given)


def _caused(outer: MessageContext, context: SendContext, key: IdempotencyKey | None) -> MessageContext:
    invocation = running_invocation()
    cause = invocation.causing_event if invocation else None
    return outer.caused(cause, headers=context.headers, idempotency_key=key.key if key else None)
