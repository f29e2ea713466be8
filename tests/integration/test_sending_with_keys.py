"""G9 through the mediator: keys of commands of their own, of joined, nested and inner ones, and a lost COMMIT."""

import asyncio
from dataclasses import dataclass

import pytest

from tests.integration.conftest import App
from tests.integration.messages import Happened, Told
from tests.models import Note
from uow_events import (
    Command,
    IdempotencyConflictError,
    IdempotencyKey,
    InvalidArgumentError,
    Propagation,
    Query,
    RetryPolicy,
    TransactionOptions,
    UnitOfWork,
)


@dataclass(frozen=True)
class Pay(Command[int]):
    cents: int


@dataclass(frozen=True)
class Ask(Query[int]): ...


@pytest.fixture
def runs(app: App) -> list[int]:
    """The runs of the handler of Pay, which fails for 13 cents."""
    runs: list[int] = []

    @app.registry.command_handler
    async def pay(command: Pay, unit: UnitOfWork) -> int:
        runs.append(command.cents)
        unit.session.add(Note(text=f"{command.cents} in run {len(runs)}"))
        unit.record(Happened(), Told(str(command.cents)))
        if command.cents == 13 and len(runs) == 1:
            raise RuntimeError
        return command.cents * 2

    @app.registry.event_handler
    async def hears(event: Happened) -> None: ...

    return runs


async def test_a_key_makes_a_command_run_once(app: App, runs: list[int]) -> None:
    assert [await app.mediator.send(Pay(1), idempotency_key="k") for _ in range(3)] == [2, 2, 2]
    assert await app.mediator.send(Pay(1), idempotency_key=IdempotencyKey("k", scope="other")) == 2
    assert await app.mediator.send(Pay(1)) == 2
    assert len(runs) == 3
    assert await app.outbox() == ["1", "1", "1"]


async def test_twins_at_once_run_once(app: App, runs: list[int]) -> None:
    app.options["transaction"] = TransactionOptions(isolation_level="REPEATABLE READ")
    sends = (app.mediator.send(Pay(1), idempotency_key="k") for _ in range(8))
    assert await asyncio.gather(*sends) == [2] * 8
    assert len(runs) == 1


async def test_a_failed_command_stores_nothing_and_may_run_again(app: App, runs: list[int]) -> None:
    with pytest.raises(RuntimeError):
        await app.mediator.send(Pay(13), idempotency_key="k")
    await app.assert_nothing_stored()
    assert await app.mediator.send(Pay(13), idempotency_key="k") == 26
    assert await app.notes() == ["13 in run 2"]


async def test_another_content_under_a_key_is_a_conflict(app: App, runs: list[int]) -> None:
    await app.mediator.send(Pay(1), idempotency_key="k")
    with pytest.raises(IdempotencyConflictError):
        await app.mediator.send(Pay(2), idempotency_key="k")
    assert runs == [1]


@pytest.mark.parametrize("propagation", ["join", "nested", "requires_new"])
async def test_a_key_inside_of_another_command(app: App, runs: list[int], propagation: Propagation) -> None:
    async def twice(unit: UnitOfWork) -> object:
        send = app.mediator.send
        return [await send(Pay(1), idempotency_key="k", propagation=propagation) for _ in range(2)]

    assert await app.run(twice) == [2, 2]
    assert await app.run(twice) == [2, 2]
    assert runs == [1]


async def test_a_key_of_a_joined_command_goes_with_the_transaction(app: App, runs: list[int]) -> None:
    async def fails(unit: UnitOfWork) -> object:
        await app.mediator.send(Pay(1), idempotency_key="k")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await app.run(fails)
    assert await app.mediator.send(Pay(1), idempotency_key="k") == 2
    assert len(runs) == 2


async def test_a_key_holds_over_attempts(app: App, runs: list[int]) -> None:
    app.options["transaction"] = TransactionOptions(retry=RetryPolicy(on=RuntimeError))
    assert await app.mediator.send(Pay(13), idempotency_key="k") == 26
    assert await app.mediator.send(Pay(13), idempotency_key="k") == 26
    assert await app.notes() == ["13 in run 2"]


async def test_a_query_takes_no_key(app: App) -> None:
    @app.registry.query_handler
    async def answer(query: Ask) -> int:
        return 1

    with pytest.raises(InvalidArgumentError) as caught:
        await app.mediator.send(Ask(), idempotency_key="k")
    assert str(caught.value) == (
        "The argument idempotency_key must be None for a query, which changes nothing and so may run any number of "
        "times"
    )


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("", "The argument key must be a str of 1 to 255 characters, and has 0"),
        ("k" * 256, "The argument key must be a str of 1 to 255 characters, and has 256"),
        ("k\0", "The argument key must be text that can be stored, and holds NUL or a lone surrogate"),
    ],
)
async def test_a_key_that_cannot_be_stored_is_refused(app: App, runs: list[int], key: str, problem: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await app.mediator.send(Pay(1), idempotency_key=key)
    assert str(caught.value) == problem
    assert runs == []
