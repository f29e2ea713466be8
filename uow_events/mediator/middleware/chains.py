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


def chain(middlewares: Sequence[Callable[[C, CallNext], Awaitable[Any]]], context: C, call: CallNext) -> Awaitable[Any]:
    """Return what runs `call` inside of the middlewares, the first one outermost; each may run what it wraps once.

    Raises:
        MiddlewareError: when awaited: a middleware called call_next() twice.
    """
    for middleware in reversed(middlewares):
        call = partial(middleware, context, _Once(middleware, call))
    return call()


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

    async def __call__(self) -> Any:
        if self._is_called:
            raise MiddlewareError(self._middleware)
        self._is_called = True
        return await self._call()


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
