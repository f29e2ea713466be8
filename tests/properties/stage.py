"""Where application and model meet: the event loop, the database, the comparison."""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine, Iterable
from types import TracebackType
from typing import Any, NamedTuple, Self

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

from tests.postgres.admin import assert_pool_clean
from tests.properties.application import Application

FAST = {"server_settings": {"synchronous_commit": "off"}}  # nobody pulls the plug here
STORED = text("""
    SELECT array(SELECT text FROM note), array(SELECT title || ' ' || seats FROM meeting),
        array(SELECT convert_from(payload, 'UTF8')::json ->> 'path' FROM uow_events.outbox ORDER BY id),
        array(SELECT key FROM uow_events.idempotency_keys)
""")
BUSY = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
""")
EMPTY = text("""
    WITH a AS (DELETE FROM note), b AS (DELETE FROM attendance), c AS (DELETE FROM meeting)
        , d AS (DELETE FROM uow_events.idempotency_keys)
    DELETE FROM uow_events.outbox
""")


class Stored(NamedTuple):
    """Notes, meetings with their seats, and keys, in any order; outbox rows of each outermost send in theirs."""

    notes: list[str]
    meetings: list[str]
    outbox: dict[str, list[str]]
    keys: list[str]

    @classmethod
    def of(cls, notes: Iterable[str], meetings: Iterable[str], outbox: Iterable[str], keys: Iterable[str]) -> Self:
        return cls(sorted(notes), sorted(meetings), by_send(outbox), sorted(keys))


def by_send(paths: Iterable[str]) -> dict[str, list[str]]:
    """Sends that run at once do not order each other's steps."""
    grouped = defaultdict[str, list[str]](list)
    for path in paths:
        grouped[path.split(".")[0]].append(path)
    return dict(grouped)


class Stage:
    """One application on one database, for many examples one after another."""

    def __init__(self, url: URL, max_concurrent_event_handlers: int) -> None:
        self.is_ordered = max_concurrent_event_handlers == 1
        self._runner = asyncio.Runner()
        self._observer = create_async_engine(url, pool_size=1, isolation_level="AUTOCOMMIT", connect_args=FAST)
        self.engine: AsyncEngine = create_async_engine(url, pool_size=20, max_overflow=0, connect_args=FAST)
        self.application = Application(self.engine, max_concurrent_event_handlers=max_concurrent_event_handlers)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run something to its end, on the loop that all connections belong to."""
        return self._runner.run(work)

    async def stored(self) -> Stored:
        """Look from another transaction; what ran must have left nothing behind but rows."""
        assert isinstance(self.engine.pool, QueuePool)
        assert self.engine.pool.checkedout() == 0, self.engine.pool.status()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        async with self._observer.connect() as connection:
            return Stored.of(*(await connection.execute(STORED)).one())

    def same(self, one: dict[str, list[str]], other: dict[str, list[str]]) -> bool:
        """Tell whether paths are the same, in the same order where handlers run one after another."""
        return one == other if self.is_ordered else _sorted(one) == _sorted(other)

    async def clear(self) -> None:
        """Make ready for the next example."""
        self.application.done.clear()
        async with self._observer.connect() as connection:
            if await connection.scalar(BUSY):
                await assert_pool_clean(self.engine)  # takes a connection of its own, and waits
            await connection.execute(EMPTY)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for engine in (self.engine, self._observer):
            self.run(engine.dispose())
        self._runner.close()


def _sorted(grouped: dict[str, list[str]]) -> dict[str, list[str]]:
    return {send: sorted(paths) for send, paths in grouped.items()}
