"""Runs one handler of a unit of work, with what its registration and the mediator put around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from uow_events.errors import name_of
from uow_events.events import carries_mapped_instance
from uow_events.mediator.handling.after_commit import OpensUnits, after_commit_callback
from uow_events.mediator.handling.failure_policy import run_with_policy
from uow_events.mediator.middleware import HandlerContext, HandlerMiddleware, chain
from uow_events.messages import Binding, Invocation
from uow_events.unit_of_work import UnitOfWork


class HandlerRunner:
    """Runs the handlers of one unit of work, each under its failure policy and inside the middleware.

    `opens` opens further units of work; `holds_session` tells which handlers can reach the session.
    """

    def __init__(
        self,
        unit: UnitOfWork,
        *,
        opens: OpensUnits,
        holds_session: Callable[[Binding], bool],
        middleware: Sequence[HandlerMiddleware],
    ) -> None:
        self._unit = unit
        self._opens = opens
        self._holds_session = holds_session
        self._middleware = middleware

    async def call(self, binding: Binding, message: object) -> Any:
        """Run the handler of a command as an invocation of its own, and return its response."""
        with Invocation(name_of(type(message)), binding.name, self._unit.sink) as invocation:
            return await self.run(binding, message, invocation)

    async def run(self, binding: Binding, message: object, invocation: Invocation) -> Any:
        """Run a handler inside its invocation, or see to it that it runs after the commit."""
        if binding.options.phase == "after_commit":
            return self._put_off(binding, invocation)
        call = partial(self._run_once, message)
        with_session = self._may_use_session(binding, message)
        return await run_with_policy(binding, invocation, call, unit=self._unit, with_session=with_session)

    def _may_use_session(self, binding: Binding, message: object) -> bool:
        """Tell whether a handler has the session: one at a time all do; at once only those that take turns on it."""
        if not self._unit.turn.is_shared:
            return True
        return self._holds_session(binding) or carries_mapped_instance(message)

    def _put_off(self, binding: Binding, invocation: Invocation) -> None:
        assert invocation.cause is not None
        handle = after_commit_callback(self._opens, binding, invocation.cause, self._unit.context, self._run_afterwards)
        self._unit.after_commit(handle)

    async def _run_afterwards(self, binding: Binding, message: object, invocation: Invocation, unit: UnitOfWork) -> Any:
        runner = HandlerRunner(unit, opens=self._opens, holds_session=self._holds_session, middleware=self._middleware)
        return await runner._run_once(message, binding, invocation)

    async def _run_once(self, message: object, binding: Binding, invocation: Invocation) -> Any:
        call = partial(binding.call, message, self._unit)
        if not self._middleware:
            return await call()
        return await chain(self._middleware, HandlerContext(binding, message, self._unit, invocation), call)
