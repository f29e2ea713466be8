"""The outbox, read back."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from uow_events import tables

OUTBOX = tables().outbox


@dataclass(frozen=True, slots=True)
class OutboxRow:
    id: int
    type: str
    topic: str
    key: str | None


async def rows_of_send(engine: AsyncEngine, correlation_id: str) -> list[OutboxRow]:
    """Return the rows that one send has left, in the order in which a relay delivers those of one key."""
    columns = (OUTBOX.c.id, OUTBOX.c.type, OUTBOX.c.topic, OUTBOX.c.key)
    mine = select(*columns).where(OUTBOX.c.headers["correlationid"].astext == correlation_id).order_by(OUTBOX.c.id)
    async with engine.connect() as connection:
        return [OutboxRow(*row) for row in await connection.execute(mine)]
