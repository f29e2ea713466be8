"""G8 through the mediator: what an attempt gets anew, what stays, and who may run again."""

from dataclasses import dataclass

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.integration.conftest import App
from tests.integration.messages import Happened, Told
from tests.models import Note
from uow_events import (
    Command,
    CommandHandler,
    InvalidArgumentError,
    MessageContext,
    RetryPolicy,
    TransactionOptions,
    UnitOfWork,
)

CONFLICT = text("DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $$")
RETRY = TransactionOptions(retry=RetryPolicy(attempts=3))


@dataclass(frozen=True)
class Count(Command[int]):
    succeeds_at: int


async def test_each_attempt_has_a_unit_a_container_and_handlers_of_its_own(app: App) -> None:
    units: list[UnitOfWork] = []
    contexts: list[MessageContext] = []
    handlers: list[object] = []

    @app.registry.command_handler(transaction=RETRY)
    class CountHandler(CommandHandler[Count, int]):
        def __init__(self, unit: UnitOfWork, context: MessageContext) -> None:
            self.unit = unit
            units.append(unit)
            contexts.append(context)
            handlers.append(self)

        async def handle(self, command: Count) -> int:
            self.unit.session.add(Note(text="once"))
            self.record(Told("x"))
            self.record(Happened())
            await self.unit.session.flush()
            if len(units) < command.succeeds_at:
                await self.unit.session.execute(CONFLICT)
            return len(units)

    assert await app.mediator.send(Count(3), idempotency_key="k", headers={"tenant": "t"}) == 3
    assert await app.notes() == ["once"]
    assert await app.outbox() == ["x"]
    assert len({id(unit) for unit in units}) == len({id(handler) for handler in handlers}) == 3
    assert [context.attempt for context in contexts] == [1, 2, 3]
    assert len({context.message_id for context in contexts}) == 1
    assert {context.idempotency_key for context in contexts} == {"k"}
    assert {context.headers["tenant"] for context in contexts} == {"t"}


async def test_a_block_is_never_retried(app: App) -> None:
    app.options["transaction"] = RETRY
    runs: list[int] = []
    with pytest.raises(DBAPIError):
        async with app.mediator.unit_of_work() as unit:
            runs.append(1)
            await unit.session.execute(CONFLICT)
    assert runs == [1]
    with pytest.raises(InvalidArgumentError) as caught:
        app.mediator.unit_of_work(transaction=RETRY)
    assert str(caught.value) == (
        "The argument transaction must be options without retry: the block of a unit of work cannot run twice; only a "
        "command can"
    )


async def test_a_nested_send_of_a_command_with_a_policy_of_its_own_does_not_retry(app: App) -> None:
    runs: list[int] = []

    @app.registry.command_handler(transaction=RETRY)
    async def count(command: Count, unit: UnitOfWork) -> int:
        runs.append(1)
        await unit.session.execute(CONFLICT)
        return 0

    async def outer(unit: UnitOfWork) -> object:
        return await app.mediator.send(Count(1), propagation="nested")

    with pytest.raises(DBAPIError):
        await app.run(outer)
    assert runs == [1]


async def test_an_inner_command_with_a_transaction_of_its_own_retries_by_its_own_policy(app: App) -> None:
    attempts: list[int] = []

    @app.registry.command_handler(transaction=RETRY)
    async def count(command: Count, unit: UnitOfWork) -> int:
        attempts.append(unit.context.attempt)
        if unit.context.attempt == 1:
            await unit.session.execute(CONFLICT)
        return command.succeeds_at

    async def outer(unit: UnitOfWork) -> object:
        return await app.mediator.send(Count(7), propagation="requires_new")

    assert await app.run(outer) == 7
    assert attempts == [1, 2]
