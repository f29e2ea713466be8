"""Another handler, for when the first one fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from uow_events.errors import InvalidArgumentError
from uow_events.messages.circuit_breaker import CircuitBreaker


@dataclass(frozen=True, slots=True)
class FallbackHandler:
    """What runs in place of a handler that failed with one of `when`, after all that one did was undone.

    Given as `on_error` of a command or event handler. Both run in the one transaction: the first in a savepoint, the
    fallback not; its errors roll everything back. It answers a command in place of the first.

    Args:
        handler: a handler class or function for the same message (an event's may also be for a base class of it).
        when: the errors it stands in for. Never for retryable database errors, lost connections, cancellation, or this
            framework's errors about the transaction, whatever is named here.
        circuit_breaker: keeps the first handler from being tried while it goes on failing.

    Raises:
        InvalidArgumentError: `when` is no tuple of exception classes, or `circuit_breaker` cannot be one.
    """

    handler: Any
    when: tuple[type[Exception], ...] = (Exception,)
    circuit_breaker: CircuitBreaker | None = None

    def __post_init__(self) -> None:
        if not _are_exception_classes(self.when):
            raise InvalidArgumentError("when", f"a tuple of classes that derive from Exception, and is {self.when!r}")
        breaker = self.circuit_breaker
        if breaker is not None and (isinstance(breaker, type) or not callable(getattr(breaker, "begin", None))):
            raise InvalidArgumentError("circuit_breaker", f"a CircuitBreaker, and is {breaker!r}")


def _are_exception_classes(given: Any) -> bool:
    if not isinstance(given, tuple) or not given:
        return False
    return all(isinstance(kind, type) and issubclass(kind, Exception) for kind in cast("tuple[object, ...]", given))
