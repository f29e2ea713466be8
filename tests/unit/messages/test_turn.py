"""The turn on a session, by itself."""

import asyncio
from collections.abc import Iterator

import pytest

from uow_events import SessionOwnershipError
from uow_events.messages import FIRST, Invocation, Position, Turn


@pytest.fixture
def turn() -> Iterator[Turn]:
    """A turn that is shared, and given to whoever waits first."""
    turn = Turn()
    with turn.shared(turn.pass_on):
        yield turn


def at(index: int) -> Invocation:
    invocation = Invocation("Happened", f"handler {index}", None)
    invocation.position = Position(FIRST, index)
    return invocation


async def test_while_handlers_run_one_after_another_nobody_asks_for_it() -> None:
    turn, one = Turn(), at(1)
    turn.check("flush")
    async with turn.taken(one):
        assert turn.holder is None


async def test_it_is_had_by_its_holder_and_by_what_that_calls(turn: Turn) -> None:
    one = at(1)
    async with turn.taken(one):
        with one, Invocation("Inner", "inner", None) as inner:
            turn.check("flush")
            async with turn.taken(inner):
                assert turn.holder is one
            assert turn.holder is one
    assert turn.holder is None


async def test_using_the_session_out_of_turn_is_an_error_whether_or_not_somebody_holds_it(turn: Turn) -> None:
    one, two = at(1), at(2)
    with two:
        with pytest.raises(SessionOwnershipError, match="called by handler 2, but .* and nobody holds the session"):
            turn.check("flush")
        async with turn.taken(one):
            with pytest.raises(SessionOwnershipError, match="called by handler 2, but .* and handler 1 holds the"):
                turn.check("flush")
    with pytest.raises(SessionOwnershipError, match="flush was called by a task, but"):
        turn.check("flush")


async def take(turn: Turn, invocation: Invocation, order: list[str], leave: asyncio.Event | None = None) -> None:
    async with turn.taken(invocation):
        order.append(invocation.handler)
        if leave is not None:
            await leave.wait()


async def test_it_goes_to_the_first_of_those_who_wait(turn: Turn) -> None:
    order: list[str] = []
    leave = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(take(turn, at(5), order, leave))
        await asyncio.sleep(0)
        for index in (3, 2, 4):
            group.create_task(take(turn, at(index), order))
        await asyncio.sleep(0)
        group.create_task(take(turn, Invocation("Do", "of no handler run", None), order))
        await asyncio.sleep(0)
        leave.set()
    assert order == ["handler 5", "of no handler run", "handler 2", "handler 3", "handler 4"]


async def test_a_cancelled_waiter_is_passed_over(turn: Turn) -> None:
    order: list[str] = []
    leave = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(take(turn, at(1), order, leave))
        await asyncio.sleep(0)
        second = group.create_task(take(turn, at(2), order))
        group.create_task(take(turn, at(3), order))
        await asyncio.sleep(0)
        second.cancel()
        leave.set()
    assert order == ["handler 1", "handler 3"]


async def test_one_that_is_cancelled_just_as_it_is_given_the_turn_passes_it_on(turn: Turn) -> None:
    order: list[str] = []
    one = at(1)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        async with turn.taken(one):
            second = group.create_task(take(turn, at(2), order))
            group.create_task(take(turn, at(3), order))
            await asyncio.sleep(0)
        assert turn.holder is not None
        second.cancel()
    assert order == ["handler 3"]
    assert turn.holder is None


async def test_a_second_waiter_of_the_same_invocation_takes_nothing_with_it_when_it_is_cancelled(turn: Turn) -> None:
    order: list[str] = []
    leave, one, two = asyncio.Event(), at(1), at(2)
    async with asyncio.TaskGroup() as group:
        async with turn.taken(one):
            group.create_task(take(turn, two, order, leave))
            second = group.create_task(take(turn, two, order))
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        assert turn.holder is two
        leave.set()
    assert order == ["handler 2"]


async def test_whoever_still_waits_when_it_is_shared_no_longer_goes_on() -> None:
    turn, order = Turn(), list[str]()
    with turn.shared(turn.pass_on):
        turn.holder = at(1)
        task = asyncio.create_task(take(turn, at(2), order))
        await asyncio.sleep(0)
        assert order == []
    async with asyncio.timeout(20):
        await task
    assert order == ["handler 2"]
    assert turn.holder is None
