"""The forms in which handlers are registered, for type checkers: they keep the type of what they are given."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, Protocol, TypedDict, TypeVar, overload

from uow_events.messages import InnerCommit, OnError, Phase
from uow_events.unit_of_work import TransactionOptions

F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
R = TypeVar("R")


class CommandOptions(TypedDict, total=False):
    """What can be said of a command handler."""

    transaction: TransactionOptions | None
    repeatable: bool
    on_error: OnError
    inner_commit: InnerCommit
    idempotent: bool
    records: tuple[type, ...]


class AggregateOptions(TypedDict, total=False):
    """What can be said of an aggregate handler."""

    transaction: TransactionOptions | None
    repeatable: bool
    idempotent: bool
    records: tuple[type, ...]
    aggregate: type | None


class QueryOptions(TypedDict, total=False):
    """What can be said of a query handler."""

    transaction: TransactionOptions | None


class EventOptions(TypedDict, total=False):
    """What can be said of an event handler."""

    on_error: OnError
    phase: Phase
    inner_commit: InnerCommit
    records: tuple[type, ...]


class KeepsHandler(Protocol):
    """A decorator that returns what it decorates."""

    def __call__(self, handler: F, /) -> F:
        """Register a handler."""
        ...


class HandlesRequest(Protocol[R]):
    """A decorator for functions that respond to one command or query; it returns them unchanged."""

    @overload
    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]], /) -> Callable[P, Coroutine[Any, Any, R]]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]: ...
