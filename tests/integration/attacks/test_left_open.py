"""A connection never goes back to the pool with an open transaction, whoever began it."""

from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.util import await_only

from tests.integration.conftest import App
from tests.models import Note
from tests.postgres.admin import assert_pool_clean
from uow_events import UnitOfWork


@pytest.mark.parametrize("end", ["after_commit", "after_rollback"])
async def test_a_transaction_begun_on_the_raw_connection_after_the_end_costs_the_connection(app: App, end: str) -> None:
    begun: list[bool] = []

    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="x"))
        await unit.session.flush()
        raw: Any = await (await unit.session.connection()).get_raw_connection()

        @event.listens_for(unit.session.sync_session, end)
        def begin_again(_: object) -> None:
            await_only(raw.driver_connection.execute("BEGIN"))
            begun.append(raw.driver_connection.is_in_transaction())

        if end == "after_rollback":
            raise KeyError
        return None

    with suppress(KeyError):
        await app.run(body)
    assert begun == [True]
    assert await app.notes() == (["x"] if end == "after_commit" else [])
    await assert_pool_clean(app.engine)
