"""A transaction's id means nothing after a crash, which the postmaster survives with its start time."""

import asyncio
import os
import signal
from pathlib import Path

from asyncpg import PostgresError
from sqlalchemy import URL, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from uow_events.embedded import EmbeddedPostgres
from uow_events.messages.transaction_mark import SERVER_RUN


async def ask(url: URL) -> tuple[str, object]:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        row = (await connection.execute(text(f"SELECT {SERVER_RUN}, pg_postmaster_start_time()"))).one()
    return row[0], row[1]


async def test_the_server_run_is_another_after_a_crash(place: Path) -> None:
    async with EmbeddedPostgres() as server:
        before, started = await ask(server.url)
        assert (await ask(server.url))[0] == before
        await crash(server.url)
        after, started_again = await ask_again(server.url)
        assert started_again == started
        assert after != before


async def crash(url: URL) -> None:
    """Kill a backend while it serves: the postmaster ends all others, and recovers."""
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        os.kill(await connection.scalar(text("SELECT pg_backend_pid()")) or 0, signal.SIGKILL)
        try:
            await connection.execute(text("SELECT pg_sleep(60)"))
        except SQLAlchemyError:
            await connection.invalidate()


async def ask_again(url: URL) -> tuple[str, object]:
    async with asyncio.timeout(20):
        while True:
            try:
                return await ask(url)
            except (OSError, SQLAlchemyError, PostgresError):
                await asyncio.sleep(0)
