"""A send that waits for its twin, and whose backend is killed meanwhile."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy.exc import DBAPIError

from tests.integration.conftest import App
from tests.integration.idempotent import Pay, Receipt, keys
from tests.integration.policies import note
from tests.integration.waiting import a_backend_waits
from tests.postgres.admin import Admin
from uow_events import RetryPolicy, TransactionOptions, UnitOfWork

AT_ONCE = RetryPolicy(attempts=2, initial_wait=timedelta(0), jitter=timedelta(0))
KILL = """
    SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity WHERE datname = :name AND wait_event_type = 'Lock'
"""


async def sent_twice(app: App, admin: Admin) -> tuple[Receipt, asyncio.Task[Receipt]]:
    """Send a command twice at once; return the first answer, and the other send, killed while it waited."""
    begun, may_end = asyncio.Event(), asyncio.Event()

    @app.registry.command_handler(Pay)
    async def pay(command: Pay, unit: UnitOfWork) -> Receipt:
        begun.set()
        await may_end.wait()
        await note(unit, "paid")
        return Receipt(uuid4(), 1)

    first = asyncio.create_task(app.mediator.send(Pay(), idempotency_key="k"))
    await begun.wait()
    twin = asyncio.create_task(app.mediator.send(Pay(), idempotency_key="k"))
    await a_backend_waits(admin, app)
    await admin.execute(KILL, name=app.engine.url.database)
    may_end.set()
    return await first, twin


async def test_its_error_leaves_as_it_is_and_the_other_answers(app: App, admin: Admin) -> None:
    _, twin = await sent_twice(app, admin)
    with pytest.raises(DBAPIError) as raised:
        await twin
    assert raised.value.connection_invalidated
    assert (await app.notes(), await keys(app.engine)) == (["paid"], [("", "Pay", "k")])


async def test_with_a_retry_it_gets_the_same_answer(app: App, admin: Admin) -> None:
    app.options["transaction"] = TransactionOptions(retry=AT_ONCE)
    first, twin = await sent_twice(app, admin)
    assert await twin == first
    assert (await app.notes(), await keys(app.engine)) == (["paid"], [("", "Pay", "k")])
