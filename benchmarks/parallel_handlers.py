"""One command whose event has ten handlers that call outside services, 20 ms each, and two that use the database.

    python -m benchmarks.parallel_handlers

Run with a limit of one handler, and of ten, in alternating rounds; the figures are medians. The handlers that hold the
session count how many of them are inside at a time: one, whatever the limit.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from uow_events import Command, DomainEvent, Mediator, Recorder, Registry
from uow_events.embedded import EmbeddedPostgres

CALLS = 10
SECONDS = 0.02
ROUNDS = 15


@dataclass(frozen=True, slots=True)
class Join(Command): ...


@dataclass(frozen=True, slots=True)
class Joined(DomainEvent): ...


class Inside:
    """How many handlers use the database at a time, and how many did at most."""

    now = most = 0


handlers = Registry()


@handlers.command_handler
async def join(command: Join, recorder: Recorder) -> None:
    recorder.record(Joined())


def outside() -> Callable[[Joined], Awaitable[None]]:
    async def call(event: Joined) -> None:
        await asyncio.sleep(SECONDS)

    return call


def database() -> Callable[[Joined, AsyncSession], Awaitable[None]]:
    async def write(event: Joined, session: AsyncSession) -> None:
        Inside.now += 1
        Inside.most = max(Inside.most, Inside.now)
        await session.execute(text("SELECT 1"))
        Inside.now -= 1

    return write


for number in range(CALLS):
    handlers.event_handler(outside())
    if number % (CALLS // 2) == 0:
        handlers.event_handler(database())


async def seconds(mediator: Mediator) -> float:
    start = time.perf_counter()
    await mediator.send(Join())
    return time.perf_counter() - start


async def compare(engine: AsyncEngine) -> None:
    mediators = {limit: Mediator(engine, handlers, max_concurrent_event_handlers=limit) for limit in (1, CALLS)}
    taken: dict[int, list[float]] = {limit: [] for limit in mediators}
    for _ in range(ROUNDS + 1):
        for limit, mediator in mediators.items():
            taken[limit].append(await seconds(mediator))
    one, ten = (statistics.median(times[1:]) * 1000 for times in taken.values())
    print(
        f"{CALLS} handlers of {SECONDS * 1000:.0f} ms: limit 1 {one:.0f} ms, limit {CALLS} {ten:.0f} ms, "
        f"ratio {ten / one:.2f} ({ten / SECONDS / 1000:.2f} times one call); database handlers at a time: {Inside.most}"
    )


async def main() -> None:
    async with EmbeddedPostgres() as postgres:
        engine = create_async_engine(postgres.url)
        await compare(engine)
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
