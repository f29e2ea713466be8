"""What the failure of one handler brings: everything rolls back, the rest goes on, or a fallback stands in."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from uow_events.errors import name_of
from uow_events.messages import Binding, FallbackHandler, Invocation
from uow_events.unit_of_work import UndoableWork, UnitOfWork, hide_parameters, undoable

logger = logging.getLogger("uow_events")
Call: TypeAlias = Callable[[Binding, Invocation], Awaitable[Any]]
FAILED = "The handler %s failed on %s with %s; what it did was undone, and %s"


async def run_with_policy(
    binding: Binding, invocation: Invocation, call: Call, *, unit: UnitOfWork, with_session: bool
) -> Any:
    """Run a handler inside its invocation by `call`, as its options say; return its answer, or its fallback's.

    Whatever the policy, an error leaves that the unit of work cannot go on after: see undoable(), whose `with_session`
    it is. A cancellation always leaves.
    """
    invocation.inner_commit = binding.options.inner_commit
    policy = binding.options.on_error
    if policy == "rollback":
        return await call(binding, invocation)
    work = undoable(unit, with_session=with_session)
    if isinstance(policy, FallbackHandler):
        return await _or_fall_back(binding, policy, invocation, call, work)
    return await _or_go_on(binding, invocation, call, work)


async def _or_go_on(binding: Binding, invocation: Invocation, call: Call, work: UndoableWork) -> Any:
    try:
        async with work:
            return await call(binding, invocation)
    except Exception as error:
        if not work.is_survived:
            raise
        _log(logging.ERROR, binding, invocation, error, "the rest goes on")
        return None


async def _or_fall_back(
    binding: Binding, policy: FallbackHandler, invocation: Invocation, call: Call, work: UndoableWork
) -> Any:
    assert binding.fallback is not None
    breaker = policy.circuit_breaker
    run = await breaker.begin() if breaker is not None else None
    if breaker is not None and run is None:
        return await _fall_back(binding.fallback, invocation, call)
    try:
        async with work:
            answer = await call(binding, invocation)
    except policy.when as error:
        if not work.is_survived:
            raise
        _log(logging.WARNING, binding, invocation, error, f"its fallback {binding.fallback.name} runs")
        if run is not None:
            await run.failed(error)
        return await _fall_back(binding.fallback, invocation, call)
    if run is not None:
        await run.succeeded()
    return answer


async def _fall_back(fallback: Binding, failed: Invocation, call: Call) -> Any:
    with _InItsPlace(failed.subject, fallback.name, failed.sink, failed.cause) as invocation:
        invocation.inner_commit = fallback.options.inner_commit
        return await call(fallback, invocation)


class _InItsPlace(Invocation):
    """A fallback's invocation: made in the one that failed, but no further step on the path of causes."""

    __slots__ = ()

    @property
    def surrounding(self) -> Invocation | None:
        return self.outer.surrounding if self.outer is not None else None


def _log(level: int, binding: Binding, invocation: Invocation, error: Exception, then: str) -> None:
    hide_parameters(error)
    kind = name_of(type(error))
    logger.log(level, FAILED, binding.name, invocation.subject, kind, then, exc_info=error)
