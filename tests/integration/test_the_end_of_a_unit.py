"""What a unit of work does at its very end, and what stops it from never coming to one."""

import logging
from collections.abc import Mapping
from typing import Any, TypeVar

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.conftest import App
from tests.models import Note
from uow_events import EventStormError, UnitOfWork

T = TypeVar("T")


class Closing:
    """A resolver whose children want to be closed."""

    def __init__(self, seen: list[str], error: BaseException | None = None) -> None:
        self.seen = seen
        self.error = error

    def resolve(self, dependency: type[T]) -> T:
        return dependency()

    def child(self, instances: Mapping[type, object]) -> "Closing":
        return self

    async def close(self) -> None:
        self.seen.append("closed")
        if self.error is not None:
            raise self.error


async def test_the_units_container_is_closed_after_the_commit_and_its_callbacks(engine: AsyncEngine) -> None:
    seen: list[str] = []
    async with UnitOfWork(engine, container=Closing(seen)) as unit:
        unit.after_commit(lambda: seen.append("commit"))
    assert seen == ["commit", "closed"]


async def test_the_units_container_is_closed_after_a_rollback_too(engine: AsyncEngine) -> None:
    seen: list[str] = []
    with pytest.raises(KeyError):
        async with UnitOfWork(engine, container=Closing(seen)) as unit:
            unit.after_rollback(lambda: seen.append("rollback"))
            raise KeyError
    assert seen == ["rollback", "closed"]


async def test_a_container_that_cannot_be_closed_is_logged_and_the_outcome_stands(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        async with UnitOfWork(app.engine, container=Closing([], ValueError("boom"))) as unit:
            unit.session.add(Note(text="kept"))
    assert caplog.messages == ["A callback failed at the end; the outcome of the transaction stands"]
    assert await app.notes() == ["kept"]


async def test_before_commit_callbacks_that_register_each_other_for_ever_are_stopped(app: App) -> None:
    ran: list[Any] = []

    def again() -> None:
        ran.append(None)
        unit.before_commit(again)

    with pytest.raises(EventStormError) as raised:
        async with UnitOfWork(app.engine, name="import", max_events=20) as unit:
            unit.session.add(Note(text="lost"))
            unit.before_commit(again)
    assert str(raised.value) == (
        "More than 20 events in one unit of work; the last one came by import -> before_commit(again). Break the "
        "cycle, or raise max_events. Everything was rolled back"
    )
    assert len(ran) == 21
    await app.assert_nothing_stored()
