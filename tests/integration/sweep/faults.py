"""Faults, each at the nth place of its kind; a run in which it `struck` not has gone past the last place."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.sweep.rich import RichCommand
from tests.postgres.wire import Wire

Act = Callable[[], Awaitable[None]]


class Boom(Exception):
    """What fails where nobody expects it."""


class Countdown:
    """Counts places, until the one where the fault is."""

    def __init__(self, place: int) -> None:
        self.left = place
        self.struck = False

    def is_here(self) -> bool:
        self.left -= 1
        here = self.left == -1
        self.struck = self.struck or here
        return here


class Suspended:
    """Awaits a coroutine, and acts while it is suspended for the nth time."""

    def __init__(self, work: Coroutine[Any, Any, Any], countdown: Countdown, act: Act) -> None:
        self.work = work
        self.countdown = countdown
        self.act = act

    def __await__(self) -> Generator[Any, Any, Any]:
        inner = self.work.__await__()
        error: BaseException | None = None
        while True:
            try:
                waited_for = inner.throw(error) if error is not None else inner.send(None)
            except StopIteration as end:
                return end.value
            error = None
            if self.countdown.is_here():
                yield from self.act().__await__()
            try:
                yield waited_for
            except BaseException as thrown:
                error = thrown


async def cancel() -> None:
    """Cancel the running task, at its next suspension."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().call_soon(task.cancel)


@contextmanager
def failing_step(command: RichCommand, countdown: Countdown) -> Generator[None]:
    """Raise in a handler, at the nth of its steps."""

    def strike() -> None:
        if countdown.is_here():
            raise Boom

    command.on_step = strike
    try:
        yield
    finally:
        command.on_step = None


@contextmanager
def failing_statement(engine: AsyncEngine, countdown: Countdown) -> Generator[None]:
    """Raise where the nth statement, or the COMMIT, would be sent."""

    def strike(*_: Any) -> None:
        if countdown.is_here():
            raise Boom

    names = ("before_cursor_execute", "commit")
    for name in names:
        event.listen(engine.sync_engine, name, strike)
    try:
        yield
    finally:
        for name in names:
            event.remove(engine.sync_engine, name, strike)


@contextmanager
def disturbed(wire: Wire, countdown: Countdown, act: Act) -> Generator[None]:
    """Act before the nth statement, BEGIN and COMMIT among them, reaches the server."""

    async def strike() -> None:
        if countdown.is_here():
            await act()

    wire.before = strike
    try:
        yield
    finally:
        wire.before = None
