"""The circuit breaker by purgatory, with the library itself."""

import importlib
import sys
from datetime import timedelta
from typing import Any

import pytest
from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState

import uow_events.integrations.purgatory as module
from uow_events import CircuitBreaker, InvalidArgumentError, MissingExtraError
from uow_events.integrations.purgatory import PurgatoryBreaker


class Clock:
    now = 1000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("purgatory.domain.model.time", clock)
    return clock


async def fail(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        run = await breaker.begin()
        assert run is not None
        await run.failed(LookupError())


async def succeed(breaker: CircuitBreaker) -> None:
    run = await breaker.begin()
    assert run is not None
    await run.succeeded()


async def test_it_opens_at_the_threshold_and_closes_after_its_ttl_with_a_success(clock: Clock) -> None:
    changes: list[str] = []
    factory = AsyncCircuitBreakerFactory()
    factory.add_listener(lambda name, kind, event: changes.append(f"{name} {getattr(event, 'state', kind)}"))
    breaker = PurgatoryBreaker(factory, "mail", threshold=3, ttl=timedelta(seconds=60))
    await fail(breaker, 2)
    await succeed(breaker)
    await fail(breaker, 3)
    assert await breaker.begin() is None
    clock.now += 61
    await fail(breaker, 1)
    assert await breaker.begin() is None
    clock.now += 61
    await succeed(breaker)
    await succeed(breaker)
    assert [change for change in changes if "failed" not in change] == [
        "mail circuit_breaker_created",
        "mail recovered",
        "mail opened",
        "mail half-opened",
        "mail opened",
        "mail half-opened",
        "mail recovered",
        "mail closed",
    ]


async def test_a_run_of_which_it_hears_nothing_counts_for_nothing() -> None:
    breaker = PurgatoryBreaker(AsyncCircuitBreakerFactory(), "mail", threshold=2)
    await fail(breaker, 1)
    await breaker.begin()
    await fail(breaker, 1)
    assert await breaker.begin() is None


async def test_the_factory_says_what_is_not_given_and_shares_circuits_by_name() -> None:
    factory = AsyncCircuitBreakerFactory(default_threshold=1)
    await fail(PurgatoryBreaker(factory, "mail"), 1)
    assert await PurgatoryBreaker(factory, "mail").begin() is None
    assert await PurgatoryBreaker(factory, "sms").begin() is not None


async def test_an_open_circuit_keeps_no_tracebacks() -> None:
    factory = AsyncCircuitBreakerFactory(default_threshold=1)
    breaker = PurgatoryBreaker(factory, "mail")
    await fail(breaker, 1)
    for _ in range(3):
        assert await breaker.begin() is None
    context: Any = await factory.uow.contexts.get("mail")
    assert isinstance(context._state, OpenedState)
    assert context._state.__traceback__ is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"threshold": 0}, "The argument threshold must be an integer from 1, and is 0"),
        ({"ttl": timedelta(0)}, "The argument ttl must be a timedelta above 0, and is datetime.timedelta(0)"),
    ],
)
def test_limits_that_cannot_be_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        PurgatoryBreaker(AsyncCircuitBreakerFactory(), "mail", **arguments)
    assert str(raised.value) == message


def test_without_the_extra_the_import_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "purgatory", None)
    monkeypatch.delitem(sys.modules, module.__name__)
    with pytest.raises(MissingExtraError) as raised:
        importlib.import_module(module.__name__)
    assert str(raised.value) == (
        "uow_events.integrations.purgatory needs the extra 'purgatory': pip install 'uow-events[purgatory]'"
    )
