"""A program that uses the embedded PostgreSQL, for a test to end from outside; at its end it asks the server again."""

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from uow_events.embedded import EmbeddedPostgres


async def main() -> None:
    print("starting", flush=True)
    async with EmbeddedPostgres() as postgres:
        engine = create_async_engine(postgres.url)
        async with engine.connect() as connection:
            print("running", flush=True)
            try:
                await asyncio.Event().wait()
            finally:
                print("answer:", await connection.scalar(text("SELECT 42")), flush=True)
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
