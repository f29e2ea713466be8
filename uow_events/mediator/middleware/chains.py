"""What is put around sends and handlers, and the order in which it runs."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar, cast

from uow_events.errors import InvalidArgumentError, MiddlewareError, name_of
from uow_events.mediator.middleware.handler_context import HandlerContext
from uow_events.mediator.middleware.send_context import SendContext

C = TypeVar("C")
CallNext: TypeAlias = Callable[[], Awaitable[Any]]
SendMiddleware: TypeAlias = Callable[[SendContext, CallNext], Awaitable[Any]]
HandlerMiddleware: TypeAlias = Callable[[HandlerContext, CallNext], Awaitable[Any]]
ONCE_AT_MOST = "what it wraps runs once at most. To run a command again after an error, give it a RetryPolicy"
AWAIT_IT = "await it, or cancel it and await that; for a limit of time give the command a timeout"


def chain(middlewares: Sequence[Callable[[C, CallNext], Awaitable[Any]]], context: C, call: CallNext) -> Awaitable[Any]:
    """Return what runs `call` inside of the middlewares, the first one outermost; each may run what it wraps once.

    Raises:
        MiddlewareError: when awaited: a middleware called call_next() twice, or answered before that had.
    """
    for middleware in reversed(middlewares):
        call = partial(_run, middleware, context, call)
    return call()


async def _run(middleware: Callable[[C, CallNext], Awaitable[Any]], context: C, call: CallNext) -> Any:
    call_next = _Once(middleware, call)
    try:
        answer = await middleware(context, call_next)
    finally:
        call_next.is_over = True
    if call_next.is_running:
        raise MiddlewareError(middleware, "answered while call_next() still ran", AWAIT_IT)
    return answer


def check_middlewares(argument: str, given: Any) -> tuple[Any, ...]:
    """Return what was given as a mediator's argument, each an async callable `(context, call_next)`.

    Raises:
        InvalidArgumentError: one is not; names it.
    """
    wanted = "a sequence of async callables (context, call_next)"
    if not isinstance(given, Sequence):
        raise InvalidArgumentError(argument, f"{wanted}, and is {_shown(given)}")
    middlewares = tuple(cast("Sequence[object]", given))
    for middleware in middlewares:
        problem = _why_no_middleware(middleware)
        if problem:
            raise InvalidArgumentError(argument, f"{wanted}; {_shown(middleware)} {problem}")
    return middlewares


class _Once:
    """What a middleware gets to run what it wraps."""

    def __init__(self, middleware: object, call: CallNext) -> None:
        self._middleware = middleware
        self._call = call
        self._is_called = False
        self.is_running = False
        self.is_over = False

    async def __call__(self) -> Any:
        if self.is_over:
            raise MiddlewareError(self._middleware, "called call_next() after it had ended", AWAIT_IT)
        if self._is_called:
            raise MiddlewareError(self._middleware, "called call_next() twice", ONCE_AT_MOST)
        self._is_called = self.is_running = True
        try:
            return await self._call()
        finally:
            self.is_running = False


def _why_no_middleware(given: object) -> str | None:
    if not callable(given):
        return "is not callable"
    call: object = cast("Any", type(given)).__call__
    if not (inspect.iscoroutinefunction(given) or inspect.iscoroutinefunction(call)):
        return "is not async"
    try:
        inspect.signature(given).bind(None, None)
    except TypeError:
        return "does not take these two"
    return None


def _shown(given: object) -> str:
    return f"{'' if inspect.isroutine(given) else 'the class ' if isinstance(given, type) else 'a '}{name_of(given)}"
