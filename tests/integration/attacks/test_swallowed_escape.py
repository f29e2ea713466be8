"""What may be stored in part is never run again, even where a flush failed on it and its error was swallowed."""

from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text

from tests.integration.attempts import Commands
from tests.integration.conftest import App
from tests.models import Note
from uow_events import RetryPolicy, TransactionAbortedError, UnitOfWork


async def test_a_command_that_ended_its_transaction_is_not_retried_after_a_swallowed_flush(app: App) -> None:
    commands = Commands(app.engine, retry=RetryPolicy(attempts=3, on=TransactionAbortedError))

    async def body(unit: UnitOfWork) -> None:
        raw: Any = await (await unit.session.connection()).get_raw_connection()
        await unit.session.execute(text("SELECT 1"))
        await raw.driver_connection.execute("COMMIT")
        unit.session.add(Note(text="one"))
        with suppress(TransactionAbortedError):
            await unit.session.flush()

    with pytest.raises(TransactionAbortedError, match="may be stored in part"):
        await commands.run(body)
    assert len(commands.units) == 1
