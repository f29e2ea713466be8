"""Transactions that wait for one another, so that a test can act in the middle of a statement or a COMMIT."""

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.integration.conftest import App
from tests.models import Meeting
from tests.postgres.admin import Admin


async def a_check_that_waits(app: App) -> tuple[Meeting, AsyncConnection]:
    """Store a meeting, which "me" attends in an open transaction: whoever lets "me" attend too waits at COMMIT."""
    async with app.mediator.unit_of_work() as unit:
        meeting = Meeting(seats=1)
        unit.session.add(meeting)
    other = await app.engine.connect()
    await other.execute(text("INSERT INTO attendance (meeting_id, who) VALUES (:id, 'me')"), {"id": meeting.id})
    return meeting, other


async def a_backend_waits(admin: Admin, app: App) -> None:
    """Return as soon as a backend of this database waits for a lock."""
    async with asyncio.timeout(20):
        while not await admin.scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = :name AND wait_event_type = 'Lock'",
            name=app.engine.url.database,
        ):
            await asyncio.sleep(0)
