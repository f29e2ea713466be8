"""G12: a FallbackHandler stands in for a handler that failed, for events and for commands."""

import logging
from typing import Any

import pytest

from tests.integration.conftest import App
from tests.integration.messages import Followed, Inner, Told
from tests.integration.policies import (
    BROKEN,
    execute,
    falls_back_to,
    handled,
    happens,
    hears,
    note,
)
from uow_events import FallbackHandler, Recorder, UnitOfWork


class Breaker:
    """A circuit breaker that opens at the first failure."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def begin(self) -> "Breaker | None":
        return None if "failed" in self.told else self

    async def succeeded(self) -> None:
        self.told.append("succeeded")

    async def failed(self, error: Exception) -> None:
        self.told.append("failed")


@pytest.mark.parametrize("broken", [False, True])
async def test_the_fallback_runs_after_what_the_first_handler_did_was_undone(
    app: App, broken: bool, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    async def first(unit: UnitOfWork) -> None:
        await note(unit, "the same text")
        unit.record(Followed("first"), Told("first"))
        if broken:
            await execute(unit, BROKEN)
        raise LookupError

    async def second(unit: UnitOfWork) -> None:
        assert not unit.session.in_nested_transaction()
        await note(unit, "the same text")
        unit.record(Followed("second"), Told("second"))

    @app.registry.event_handler
    async def followed(event: Followed) -> None:
        heard.append(event.name)

    hears(app, first, falls_back_to(second))
    await happens(app)
    assert await app.notes() == ["the same text"]
    assert await app.outbox() == ["second"]
    assert heard == ["second"]
    [record] = caplog.records
    kind = "DBAPIError" if broken else "LookupError"
    assert record.message == (
        f"The handler first failed on Happened with {kind}; what it did was undone, and its fallback second runs"
    )
    assert record.levelno == logging.WARNING


async def test_an_error_outside_of_when_leaves(app: App) -> None:
    async def first(unit: UnitOfWork) -> None:
        await note(unit, "x")
        raise KeyError("mine")

    async def never(unit: UnitOfWork) -> None:
        raise AssertionError("never called")

    hears(app, first, falls_back_to(never, when=(ValueError, TypeError)))
    with pytest.raises(KeyError, match="mine"):
        await happens(app)
    await app.assert_nothing_stored()


async def test_a_failing_fallback_rolls_everything_back_and_tells_of_both(app: App) -> None:
    first_error, second_error = KeyError("first"), ValueError("second")

    async def first(unit: UnitOfWork) -> None:
        raise first_error

    async def second(unit: UnitOfWork) -> None:
        await note(unit, "x")
        raise second_error

    hears(app, first, falls_back_to(second))
    with pytest.raises(ValueError) as raised:
        await happens(app)
    assert raised.value is second_error
    assert raised.value.__context__ is first_error
    assert raised.value.__notes__ == ["uow_events: second, handling Do -> Happened, failed; everything was rolled back"]
    await app.assert_nothing_stored()


async def test_the_fallback_of_a_command_handler_answers(app: App) -> None:
    async def first(command: Inner, unit: UnitOfWork) -> object:
        await note(unit, "undone")
        raise LookupError

    async def second(command: Inner, unit: UnitOfWork, recorder: Recorder) -> object:
        recorder.record(Told("second"))
        return "second"

    async def body(unit: UnitOfWork) -> object:
        return await handled(unit, first, on_error=FallbackHandler(second, when=(LookupError,)))

    assert await app.run(body) == "second"
    assert await app.notes() == []
    assert await app.outbox() == ["second"]


async def test_a_command_is_named_once_where_its_fallback_fails(app: App) -> None:
    async def first(command: Inner) -> object:
        raise LookupError

    async def second(command: Inner) -> object:
        raise KeyError

    async def body(unit: UnitOfWork) -> object:
        return await handled(unit, first, on_error=FallbackHandler(second))

    with pytest.raises(KeyError) as raised:
        await app.run(body)
    assert raised.value.__notes__ == ["uow_events: second, handling Do -> Inner, failed; everything was rolled back"]


async def test_a_handler_that_works_needs_no_fallback(app: App) -> None:
    breaker = Breaker()

    async def first(command: Inner, unit: UnitOfWork) -> object:
        await note(unit, "kept")
        return "first"

    async def never(command: Inner) -> object:
        raise AssertionError("never called")

    async def body(unit: UnitOfWork) -> object:
        plain = await handled(unit, first, on_error=FallbackHandler(never))
        await execute(unit, "DELETE FROM note")
        return plain, await handled(unit, first, on_error=FallbackHandler(never, circuit_breaker=breaker))

    assert await app.run(body) == ("first", "first")
    assert await app.notes() == ["kept"]
    assert breaker.told == ["succeeded"]


async def test_while_the_circuit_is_open_only_the_fallback_runs(app: App) -> None:
    breaker, ran = Breaker(), list[str]()

    async def first(unit: UnitOfWork) -> None:
        ran.append("first")
        raise LookupError

    async def second(unit: UnitOfWork) -> None:
        ran.append("second")

    hears(app, first, falls_back_to(second, circuit_breaker=breaker))
    await happens(app)
    await happens(app)
    assert ran == ["first", "second", "second"]
    assert breaker.told == ["failed"]


@pytest.mark.parametrize("error", [KeyError(), KeyboardInterrupt()], ids=["outside of when", "no exception"])
async def test_a_breaker_counts_only_what_the_fallback_stands_in_for(app: App, error: Any) -> None:
    breaker = Breaker()

    async def first(unit: UnitOfWork) -> None:
        raise error

    async def never(unit: UnitOfWork) -> None:
        raise AssertionError("never called")

    hears(app, first, falls_back_to(never, when=(ValueError,), circuit_breaker=breaker))
    with pytest.raises(type(error)):
        await happens(app)
    assert breaker.told == []
