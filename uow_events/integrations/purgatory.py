"""A circuit breaker for FallbackHandler, by the library purgatory (extra `purgatory`)."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import timedelta

from uow_events.errors import InvalidArgumentError, MissingExtraError
from uow_events.messages import GuardedRun

try:
    from purgatory import AsyncCircuitBreakerFactory
    from purgatory.domain.model import OpenedState
except ImportError as error:
    raise MissingExtraError("uow_events.integrations.purgatory", "purgatory") from error


class PurgatoryBreaker:
    """A CircuitBreaker on one circuit of a purgatory factory.

    After `threshold` failures in a row the circuit opens for `ttl`; the first failure after that opens it again, the
    first success closes it. Circuits of one name share their state, in this process or in Redis, as the factory says;
    in Redis only after `await factory.initialize()`, and an error of Redis rolls the unit of work back.

    Args:
        factory: purgatory's; its listeners hear of every change of state.
        circuit: the circuit's name.
        threshold: the failures it opens at; by default the factory's.
        ttl: how long it stays open; by default the factory's.

    Raises:
        InvalidArgumentError: the threshold is below 1, or `ttl` is not positive.
    """

    def __init__(
        self,
        factory: AsyncCircuitBreakerFactory,
        circuit: str,
        *,
        threshold: int | None = None,
        ttl: timedelta | None = None,
    ) -> None:
        if threshold is not None and threshold < 1:
            raise InvalidArgumentError("threshold", f"an integer from 1, and is {threshold!r}")
        if ttl is not None and ttl <= timedelta(0):
            raise InvalidArgumentError("ttl", f"a timedelta above 0, and is {ttl!r}")
        self._factory = factory
        self._circuit = circuit
        self._threshold = threshold
        self._ttl = None if ttl is None else ttl.total_seconds()

    async def begin(self) -> GuardedRun | None:
        """Let a run begin and be told how it ends, or return None while the circuit is open."""
        breaker = await self._factory.get_breaker(self._circuit, self._threshold, self._ttl)
        try:
            await breaker.__aenter__()
        except OpenedState as state:
            state.__traceback__ = None  # purgatory raises one object again and again, which would collect tracebacks
            return None
        return _Run(breaker)


class _Run:
    def __init__(self, breaker: AbstractAsyncContextManager[object]) -> None:
        self._breaker = breaker

    async def succeeded(self) -> None:
        await self._breaker.__aexit__(None, None, None)

    async def failed(self, error: Exception) -> None:
        await self._breaker.__aexit__(type(error), error, error.__traceback__)
