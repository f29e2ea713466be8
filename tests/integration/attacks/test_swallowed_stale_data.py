"""A row that others changed fails a flush without any statement failing; a handler that swallows that is found out."""

from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm.exc import StaleDataError

from tests.integration.conftest import App
from tests.integration.messages import Happened, Inner, Told
from tests.integration.policies import hears, note
from tests.models import Meeting
from uow_events import RetryPolicy, TransactionAbortedError, TransactionOptions, UnitOfWork

AT_ONCE = RetryPolicy(attempts=2, initial_wait=timedelta(0), jitter=timedelta(0))


class Reader:
    """A handler that changes a meeting which another transaction deletes after it was read, in the first attempt."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.runs = 0

    async def change(self, unit: UnitOfWork) -> object:
        self.runs += 1
        if self.runs > 1:
            return await note(unit, f"run {self.runs}")
        meeting = Meeting(seats=1)
        unit.session.add(meeting)
        await unit.session.flush()
        await unit.session.execute(text("DELETE FROM meeting"))
        meeting.seats += 1
        return None

    async def swallow(self, unit: UnitOfWork) -> object:
        await self.change(unit)
        with suppress(StaleDataError):
            await unit.session.flush()
        return None

    async def swallow_in_savepoint(self, unit: UnitOfWork) -> object:
        async with unit.session.begin_nested():
            return await self.swallow(unit)

    async def deal_with(self, unit: UnitOfWork) -> object:
        with suppress(StaleDataError):
            async with unit.session.begin_nested():
                await self.change(unit)
                await unit.session.flush()
        raise KeyError


async def test_it_is_the_cause_of_there_being_no_commit(app: App) -> None:
    with pytest.raises(TransactionAbortedError, match="a flush failed, and its error was swallowed") as raised:
        await app.run(Reader(app).swallow)
    assert isinstance(raised.value.__cause__, StaleDataError)
    await app.assert_nothing_stored()


@pytest.mark.parametrize("where", ["handler", "savepoint", "event handler that may fail", "nested send"])
async def test_it_brings_another_attempt(app: App, where: str) -> None:
    app.options["transaction"] = TransactionOptions(retry=AT_ONCE)
    reader = Reader(app)
    app.bodies[Inner] = reader.swallow
    if where == "event handler that may fail":
        hears(app, reader.swallow)

    async def body(unit: UnitOfWork) -> object:
        unit.record(Happened(), Told("told"))
        if where == "handler":
            return await reader.swallow(unit)
        if where == "savepoint":
            return await reader.swallow_in_savepoint(unit)
        if where == "nested send":
            await app.mediator.send(Inner(), propagation="nested")
        return None

    await app.run(body)
    assert (await app.notes(), await app.outbox()) == (["run 2"], ["told"])


async def test_one_that_the_handlers_own_savepoint_dealt_with_is_no_matter(app: App) -> None:
    reader = Reader(app)
    hears(app, reader.deal_with)

    async def body(unit: UnitOfWork) -> object:
        unit.record(Happened())
        await note(unit, "the rest")
        return None

    await app.run(body)
    assert (await app.notes(), reader.runs) == (["the rest"], 1)
