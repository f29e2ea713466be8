"""How an outcome is looked up: again while it is open, within a limit, and never by guessing."""

import asyncio
import logging

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tests.integration.idempotent import Pay
from uow_events import CommitOutcomeUnknownError, CommitRolledBackError, UnitOfWork
from uow_events.mediator.idempotency import IdempotencyGuard
from uow_events.messages import TransactionMark
from uow_events.unit_of_work.commit_outcome import ByTransactionId, Outcome, resolve, settle


class Script:
    """Says one thing after another."""

    def __init__(self, *answers: Outcome | Exception) -> None:
        self.answers = list(answers)

    async def outcome(self, connection: AsyncConnection) -> Outcome:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(("said", "committed"), [("committed", True), ("aborted", False), ("unknown", None)])
async def test_it_is_asked_until_there_is_an_answer(
    engine: AsyncEngine, said: Outcome, committed: bool | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "uow_events")
    lookup = Script("in progress", OSError("secret"), "in progress", said)
    assert await resolve(engine, lookup, 20) is committed
    assert lookup.answers == []
    assert caplog.messages == ["The outcome of a commit could not be looked up yet (OSError)"]


async def test_within_its_limit(engine: AsyncEngine) -> None:
    class Forever:
        async def outcome(self, connection: AsyncConnection) -> Outcome:
            return "in progress"

    assert await resolve(engine, Forever(), 0.1) is None


async def test_a_key_that_is_held_for_longer_than_the_lock_timeout_is_in_progress(engine: AsyncEngine) -> None:
    async with UnitOfWork(engine) as unit:
        await IdempotencyGuard("k", Pay()).claim(unit.session)
        async with engine.connect() as connection:
            await connection.exec_driver_sql("SET lock_timeout = '10ms'")
            assert await IdempotencyGuard("k", Pay()).outcome(connection) == "in progress"
            await connection.invalidate()


async def test_a_row_that_is_purged_while_it_is_looked_at_is_looked_at_again(engine: AsyncEngine) -> None:
    """Nobody can time a purge between two statements, so the read of a real row finds nothing."""
    guard = IdempotencyGuard("k", Pay())
    async with UnitOfWork(engine) as unit:
        await guard.claim(unit.session)
    guard._rows.read = lambda connection: None
    async with engine.connect() as connection:
        assert await guard.outcome(connection) == "in progress"


async def test_another_error_of_the_lookup_passes_to_who_asks_again(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        with pytest.raises(Exception, match="does not exist|not in this database"):
            await IdempotencyGuard("k", Pay(), schema="other").outcome(connection)
        await connection.rollback()
        await connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        with pytest.raises(Exception, match="read-only transaction"):
            await IdempotencyGuard("k", Pay()).outcome(connection)


async def test_what_cannot_be_told_stays_unknown(engine: AsyncEngine) -> None:
    error = CommitOutcomeUnknownError("the connection was lost")
    for lookup in (None, Script("unknown"), ByTransactionId(TransactionMark("3", "another"))):
        with pytest.raises(CommitOutcomeUnknownError) as raised:
            await settle(error, engine, lookup, 20)
        assert raised.value is error


async def test_nothing_is_looked_up_where_the_event_loop_ends(engine: AsyncEngine) -> None:
    error, lookup = CommitOutcomeUnknownError("the event loop ended"), Script("committed")
    error.__cause__ = asyncio.CancelledError()
    with pytest.raises(CommitOutcomeUnknownError):
        await settle(error, engine, lookup, 20)
    assert lookup.answers == ["committed"]


async def test_a_rollback_that_was_found_names_the_lost_connection_as_its_cause(engine: AsyncEngine) -> None:
    error, cause = CommitOutcomeUnknownError("no answer in time"), TimeoutError()
    error.__cause__ = cause
    with pytest.raises(CommitRolledBackError) as raised:
        await settle(error, engine, Script("aborted"), 20)
    assert raised.value.__cause__ is cause
    await settle(error, engine, Script("committed"), 20)
