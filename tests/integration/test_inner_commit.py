"""G5: inner_commit="flush" lets the commit() of one handler flush, and nothing more."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text

from tests.integration.conftest import App
from tests.integration.messages import Inner
from tests.integration.policies import handled, happens, hears, note
from tests.models import Note
from uow_events import FallbackHandler, TransactionControlError, UnitOfWork


async def commits(unit: UnitOfWork) -> object:
    unit.session.add(Note(text="flushed"))
    await unit.session.commit()
    return await unit.session.scalar(text("SELECT text FROM note"))


@pytest.mark.parametrize("fails", [False, True])
async def test_an_inner_commit_flushes_and_is_warned_of_once_per_handler(
    app: App, fails: bool, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> None:
    name = f"old_repository_{request.node.callspec.id}"

    async def body(unit: UnitOfWork) -> None:
        assert await commits(unit) == "flushed"
        await unit.session.run_sync(lambda session: session.commit())
        if fails:
            raise KeyError

    body.__name__ = name
    hears(app, body, "rollback", inner_commit="flush")
    with suppress(KeyError):
        await happens(app)
    assert await app.notes() == ([] if fails else ["flushed"])
    assert [(record.levelno, record.name, record.message) for record in caplog.records] == [
        (
            logging.WARNING,
            "uow_events",
            f"session.commit() in {name} only flushed, since its unit of work commits everything at the end "
            '(inner_commit="flush"): replace the call with flush()',
        )
    ]


REFUSED: dict[str, Callable[[UnitOfWork], Any]] = {
    "session.rollback()": lambda unit: unit.session.rollback(),
    "session.close()": lambda unit: unit.session.close(),
    "session.begin()": lambda unit: unit.session.begin().start(),
    "connection.commit()": lambda unit: unit.session.run_sync(lambda session: session.connection().commit()),
    "The SQL statement COMMIT": lambda unit: unit.session.execute(text("COMMIT")),
}


@pytest.mark.parametrize("operation", REFUSED)
async def test_everything_else_stays_refused(app: App, operation: str) -> None:
    async def body(unit: UnitOfWork) -> None:
        await note(unit, "x")
        with suppress(TransactionControlError):
            await REFUSED[operation](unit)

    hears(app, body, "rollback", inner_commit="flush")
    with pytest.raises(TransactionControlError) as raised:
        await happens(app)
    assert raised.value.operation == operation
    await app.assert_nothing_stored()


async def test_another_handler_of_the_same_unit_is_refused(app: App) -> None:
    async def allowed(unit: UnitOfWork) -> None:
        await unit.session.commit()

    async def refused(unit: UnitOfWork) -> None:
        await unit.session.commit()

    hears(app, allowed, "rollback", inner_commit="flush")
    hears(app, refused, "rollback")
    with pytest.raises(TransactionControlError):
        await happens(app)
    await app.assert_nothing_stored()


async def test_a_joined_commands_handler_has_its_own_setting(app: App) -> None:
    async def sends(unit: UnitOfWork) -> None:
        await app.mediator.send(Inner())

    app.bodies[Inner] = commits
    hears(app, sends, "rollback", inner_commit="flush")
    with pytest.raises(TransactionControlError):
        await happens(app)
    await app.assert_nothing_stored()


async def test_the_session_of_another_unit_of_work_is_refused(app: App) -> None:
    async def body(unit: UnitOfWork) -> None:
        other = UnitOfWork(app.engine)
        await asyncio.create_task(other.__aenter__())  # in a context of its own, so that the handler still runs here
        try:
            await other.session.commit()
        except TransactionControlError as error:
            await other.__aexit__(type(error), error, None)
            raise

    hears(app, body, "rollback", inner_commit="flush")
    with pytest.raises(TransactionControlError):
        await happens(app)
    await app.assert_nothing_stored()


async def test_a_fallback_has_the_setting_of_its_registration(app: App) -> None:
    async def first(command: Inner) -> object:
        raise LookupError

    async def second(command: Inner, unit: UnitOfWork) -> object:
        return await commits(unit)

    async def body(unit: UnitOfWork) -> object:
        return await handled(unit, first, on_error=FallbackHandler(second), inner_commit="flush")

    assert await app.run(body) == "flushed"
    assert await app.notes() == ["flushed"]
