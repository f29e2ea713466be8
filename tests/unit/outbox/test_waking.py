"""A waker without a database."""

import asyncio
import logging

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from uow_events import Outbox
from uow_events.outbox import Waker, channel_of


async def test_a_waker_that_cannot_connect_says_so_once_and_holds_nobody_up(caplog: pytest.LogCaptureFixture) -> None:
    outbox = Outbox()
    engine = create_async_engine("postgresql+asyncpg://nobody:secret@127.0.0.1:1/none")
    with caplog.at_level(logging.INFO, "uow_events"):
        async with asyncio.timeout(20), Waker(outbox, engine):
            outbox.committed()
            while not caplog.records:
                await asyncio.sleep(0)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith("Relays of other processes could not be woken, and find what was committed")
    assert "secret" not in record.getMessage()
    await engine.dispose()


def test_a_channel_has_a_name_that_postgresql_takes_whole() -> None:
    assert channel_of("uow_events") == "uow_events.outbox"
    assert len(channel_of("s" * 63)) == 43
