"""Queries are sent as commands are, and answered by their one handler."""

from dataclasses import dataclass

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from tests.integration.conftest import App
from tests.models import Note
from uow_events import HandlerNotFoundError, Query, QueryHandler, UnitOfWork


@dataclass(frozen=True, slots=True)
class FindNotes(Query[list[str]]):
    beginning: str


class FindNotesHandler(QueryHandler[FindNotes, list[str]]):
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def handle(self, query: FindNotes) -> list[str]:
        found = await self.session.scalars(select(Note.text).where(Note.text.startswith(query.beginning)))
        return [*found]


async def find_notes(query: FindNotes, session: AsyncSession) -> list[str]:
    return await FindNotesHandler(session).handle(query)


@pytest.mark.parametrize("handler", [FindNotesHandler, find_notes])
async def test_a_query_is_answered(app: App, handler: type[FindNotesHandler]) -> None:
    app.registry.query_handler(handler)
    async with app.mediator.unit_of_work() as unit:
        unit.session.add_all([Note(text="one"), Note(text="other"), Note(text="two")])
    assert sorted(await app.mediator.send(FindNotes("o"))) == ["one", "other"]


async def test_a_query_inside_a_command_sees_what_was_flushed(app: App) -> None:
    app.registry.query_handler(FindNotesHandler)

    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="one"))
        return await app.mediator.send(FindNotes("o"))

    assert await app.run(body) == ["one"]


async def test_a_query_that_nothing_handles_is_an_error(app: App) -> None:
    with pytest.raises(HandlerNotFoundError) as caught:
        await app.mediator.send(FindNotes("o"))
    assert caught.value.kind == "query"


async def test_a_query_inside_a_command_is_read_only_in_a_transaction_of_its_own_alone(app: App) -> None:
    """Decision 6."""

    @app.registry.query_handler(FindNotes)
    async def writes(query: FindNotes, session: AsyncSession) -> list[str]:
        await session.execute(insert(Note).values(text=query.beginning))
        return []

    async def body(unit: UnitOfWork) -> object:
        with pytest.raises(DBAPIError, match="cannot execute INSERT in a read-only transaction"):
            await app.mediator.send(FindNotes("refused"), propagation="requires_new")
        return await app.mediator.send(FindNotes("not refused"))

    assert await app.run(body) == []
    assert await app.notes() == ["not refused"]
