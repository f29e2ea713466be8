"""A program that is killed while it commits: given a URL and a meeting, its COMMIT waits for a deferred check."""

import asyncio
import sys
from uuid import UUID

from sqlalchemy.ext.asyncio import create_async_engine

from tests.integration.messages import Told
from tests.models import Attendance, Note
from uow_events import Mediator, Outbox, Registry


async def main(url: str, meeting: str) -> None:
    mediator = Mediator(create_async_engine(url), Registry(), notifications=Outbox())
    async with mediator.unit_of_work() as unit:
        unit.session.add_all([Note(text="killed"), Attendance(meeting_id=UUID(meeting), who="me")])
        unit.record(Told("killed"))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
