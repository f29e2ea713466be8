"""G1, G2, G10, G13: a fault at every await and every statement of a rich command leaves all or nothing, and says so.

Sent again with its key, it has run once.
"""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import URL

from tests.integration.sweep.bench import Bench, bench
from tests.integration.sweep.faults import (
    Countdown,
    Suspended,
    cancel,
    disturbed,
    failing_statement,
    failing_step,
)

ANSWERED = "answered, stored"
CANCELLED = "CancelledError, not stored"
COMMITTED = "CancelledError, stored"
FAILED = "Boom, not stored"
NOT_UNDONE = "KeyError, not stored"  # the rollback of a failed handler's savepoint failed: its own error leaves
LOST = "DBAPIError, not stored"
ROLLED_BACK = "CommitRolledBackError, not stored"  # COMMIT got no answer, and a look found what became of it


@pytest.fixture(params=[(1, None), (4, None), (1, "key")], ids=["one after another", "at once", "once per key"])
async def subject(database_url: URL, request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    concurrency, key = request.param
    async with bench(database_url, concurrency, key) as subject:
        yield subject


async def sweep(subject: Bench, run: Callable[[Countdown], Awaitable[object]], *, warm: bool = True) -> int:
    """Run the command with the fault at one place after the other, and once without; return how many places it has."""
    place = 0
    while True:
        await subject.prepare(warm=warm)
        countdown = Countdown(place)
        await subject.judge(run(countdown))
        if not countdown.struck:
            return place
        place += 1


@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
async def test_a_cancellation_at_every_await(subject: Bench, warm: bool) -> None:
    assert await sweep(subject, lambda countdown: Suspended(subject.send(), countdown, cancel), warm=warm) > 30
    assert subject.ends == {ANSWERED, CANCELLED, COMMITTED}


@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
async def test_a_backend_killed_at_every_await(subject: Bench, warm: bool) -> None:
    assert await sweep(subject, lambda countdown: Suspended(subject.send(), countdown, subject.kill), warm=warm) > 30
    assert {ANSWERED, LOST} <= subject.ends


async def test_a_failure_at_every_await_of_the_handlers(subject: Bench) -> None:
    async def run(countdown: Countdown) -> object:
        with failing_step(subject.command, countdown):
            return await subject.send()

    assert await sweep(subject, run) == 8
    assert subject.ends == {ANSWERED, FAILED}


async def test_a_failure_at_every_statement(subject: Bench) -> None:
    async def run(countdown: Countdown) -> object:
        with failing_statement(subject.engine, countdown):
            return await subject.send()

    assert await sweep(subject, run) > 15
    assert subject.ends == {ANSWERED, FAILED, NOT_UNDONE}


async def test_a_backend_killed_before_every_statement(subject: Bench) -> None:
    async def run(countdown: Countdown) -> object:
        with disturbed(subject.wire, countdown, subject.kill):
            return await subject.send()

    assert await sweep(subject, run) > 15
    assert {ANSWERED, LOST, ROLLED_BACK} <= subject.ends


async def test_a_connection_lost_after_every_statement(subject: Bench) -> None:
    async def run(countdown: Countdown) -> object:
        with disturbed(subject.wire, countdown, subject.cut):
            return await subject.send()

    assert await sweep(subject, run) > 15
    assert {ANSWERED, LOST} <= subject.ends
    assert subject.cut_at[-1] == "COMMIT"
