"""Where the sweeps run: a rich command whose statements go over a tapped wire, and somebody who looks from outside."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

import uow_events
from tests.integration.conftest import App
from tests.integration.sweep.rich import EVERYTHING, NOTHING, Rich, RichCommand, reset, stored
from tests.postgres.wire import Wire, tapped

PACKAGE = Path(uow_events.__file__).parent
OTHERS = (
    "FROM pg_stat_activity WHERE datname = :name AND backend_type = 'client backend' AND application_name <> 'look'"
)


class Bench:
    def __init__(self, engine: AsyncEngine, look: AsyncEngine, wire: Wire, concurrency: int, key: str | None) -> None:
        self.engine = engine
        self.look = look
        self.wire = wire
        self.command = RichCommand(App(engine))
        self.command.app.options["max_concurrent_event_handlers"] = concurrency
        self.key = key
        self.everything = EVERYTHING | {"keys": [key] if key is not None else []}
        self.ends: set[str] = set()
        self.cut_at: list[str] = []

    async def prepare(self, *, warm: bool) -> None:
        """Bring back the state before the command, and a pool without or with a connection."""
        await reset(self.look)
        self.command.ended.clear()
        await self.engine.dispose()
        if warm:
            async with self.engine.connect():
                pass
        self.wire.clear()

    async def send(self) -> object:
        return await self.command.app.mediator.send(Rich(), idempotency_key=self.key)

    async def cut(self) -> None:
        """Hang up on the command; what it has sent still reaches the server."""
        self.cut_at.append(self.wire.words[-1])
        self.wire.cut()

    async def kill(self) -> None:
        """End every backend that serves the command, and return when they are gone."""
        async with asyncio.timeout(20), self.look.connect() as connection:
            ended = text(f"SELECT count(pg_terminate_backend(pid)) {OTHERS}")
            while await connection.scalar(ended, {"name": self.look.url.database}):
                await asyncio.sleep(0)

    async def judge(self, running: Awaitable[object]) -> None:
        """Run the command as it was given, disturbed, and hold what it left against what it said."""
        tasks = asyncio.all_tasks()
        error: BaseException | None = None
        try:
            assert await asyncio.create_task(_awaited(running)) == "answer"
        except (Exception, asyncio.CancelledError) as left:
            error = left
        self.wire.before = None
        await _at_an_end(asyncio.all_tasks() - tasks)
        await self._at_rest()
        left = await stored(self.look)
        assert left in (NOTHING, self.everything), f"half of it is stored: {left}"
        self._compare(error, is_stored=left == self.everything)
        if self.key is not None:
            await self.engine.dispose()  # a backend that was killed after its COMMIT may be in the pool
            assert await self.send() == "answer"
            assert await stored(self.look) == self.everything

    def _compare(self, error: BaseException | None, *, is_stored: bool) -> None:
        said = type(error).__name__ if error is not None else "answered"
        self.ends.add(f"{said}, {'stored' if is_stored else 'not stored'}")
        if is_stored:
            assert "COMMIT" in self.wire.words
            assert "rollback" not in self.command.ended
        else:
            assert "commit" not in self.command.ended
        if not isinstance(error, asyncio.CancelledError):
            assert is_stored == (error is None), f"{error!r}, and it is {'' if is_stored else 'not '}stored"

    async def _at_rest(self) -> None:
        """The pool has all its connections, and no backend is in a transaction or at work."""
        pool = self.engine.pool
        assert isinstance(pool, QueuePool)
        assert pool.checkedout() == 0
        async with asyncio.timeout(20), self.look.connect() as connection:
            busy = text(f"SELECT count(*) {OTHERS} AND state <> 'idle'")
            while await connection.scalar(busy, {"name": self.look.url.database}):
                await asyncio.sleep(0)


@asynccontextmanager
async def bench(url: URL, concurrency: int, key: str | None) -> AsyncIterator[Bench]:
    look = create_async_engine(
        url, isolation_level="AUTOCOMMIT", connect_args={"server_settings": {"application_name": "look"}}
    )
    async with tapped(url) as (tapped_url, wire):
        engine = create_async_engine(tapped_url, pool_size=5)
        try:
            yield Bench(engine, look, wire, concurrency, key)
        finally:
            await engine.dispose()
            await look.dispose()


async def _awaited(running: Awaitable[object]) -> object:
    return await running


async def _at_an_end(tasks: set[asyncio.Task[object]]) -> None:
    """No task of the package is left; those of the driver, which asks for a cancellation, come to an end."""
    files = {task: getattr(task.get_coro(), "cr_code").co_filename for task in tasks}
    assert [task for task in tasks if Path(files[task]).is_relative_to(PACKAGE)] == []
    others = [task for task in tasks if not files[task].endswith("wire.py")]
    if others:
        _, left = await asyncio.wait(others, timeout=20)
        assert left == set()
