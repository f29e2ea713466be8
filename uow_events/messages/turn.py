"""Whose turn on a session it is, while event handlers run concurrently."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from heapq import heappop, heappush
from types import TracebackType

from uow_events.errors import SessionOwnershipError
from uow_events.messages.invocation import Invocation, running_invocation
from uow_events.messages.position import FIRST, Position


class Turn:
    """One at a time may use the session: the invocation that holds the turn, and those made inside of it.

    It is asked for only while it is `shared`, that is, while a processor runs handlers concurrently. That processor
    decides who is next: the first in breadth-first order among those that wait here and the handlers it may start.
    """

    __slots__ = ("_decide", "_waiting", "holder", "is_shared")

    def __init__(self) -> None:
        self.is_shared = False
        self.holder: Invocation | None = None
        self._waiting: list[_Waiter] = []
        self._decide: Callable[[], None]

    @contextmanager
    def shared(self, decide: Callable[[], None]) -> Generator[None]:
        """Ask everybody for the turn; `decide` is called whenever somebody waits for it or gave it back."""
        self._decide, self.is_shared = decide, True
        try:
            yield
        finally:
            self.is_shared, self.holder = False, None
            while self._waiting:
                self.pass_on()

    def taken(self, invocation: Invocation | None) -> Taken:
        """Return a context manager that holds the turn; at once where the invocation or one around it has it already.

        Waits as long as those before it take. Never deadlocks: whoever waits runs already, and needs nothing else.
        """
        return Taken(self, invocation)

    async def take(self, invocation: Invocation | None) -> Invocation | None:
        """Wait for the turn; return who has to give it back, None where there is nothing to give."""
        if invocation is None or not self.is_shared or self.is_held_by(invocation):
            return None
        await self._wait_for(invocation)
        return invocation

    def check(self, operation: str) -> None:
        """Make sure that the running invocation may use the session now; the same answer however the race goes.

        Raises:
            SessionOwnershipError: it does not hold the turn.
        """
        running = running_invocation()
        if self.is_shared and not self.is_held_by(running):
            holder = self.holder.handler if self.holder is not None else "nobody"
            raise SessionOwnershipError(operation, holder, handler=running.handler if running is not None else "a task")

    def is_held_by(self, invocation: Invocation | None) -> bool:
        """Tell whether an invocation, or one that it was made in, holds the turn."""
        while invocation is not None and invocation is not self.holder:
            invocation = invocation.outer
        return invocation is not None

    def give_back(self, invocation: Invocation) -> None:
        """Let the next one have the turn."""
        if self.holder is invocation:
            self.holder = None
            self._decide()

    def is_free_for(self, position: Position) -> bool:
        """Tell whether nobody holds the turn, and nobody before a position waits for it."""
        first = self._first_waiting()
        return self.holder is None and (first is None or position < first.position)

    def pass_on(self) -> None:
        """Give the turn, where nobody holds it, to the first of those who wait."""
        first = self._first_waiting()
        if first is not None and self.holder is None:
            heappop(self._waiting)
            self.holder = first.invocation if self.is_shared else None
            first.granted.set_result(None)

    def _first_waiting(self) -> _Waiter | None:
        while self._waiting and self._waiting[0].granted.done():
            heappop(self._waiting)
        return self._waiting[0] if self._waiting else None

    async def _wait_for(self, invocation: Invocation) -> None:
        waiter = _Waiter(invocation)
        heappush(self._waiting, waiter)
        self._decide()
        try:
            await waiter.granted
        except asyncio.CancelledError:
            if waiter.granted.done() and not waiter.granted.cancelled():
                self.give_back(invocation)
            raise


class Taken:
    """The turn, held for as long as a block runs."""

    __slots__ = ("_holder", "_invocation", "_turn")

    def __init__(self, turn: Turn, invocation: Invocation | None) -> None:
        self._turn = turn
        self._invocation = invocation

    async def __aenter__(self) -> None:
        self._holder = await self._turn.take(self._invocation)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._holder is not None:
            self._turn.give_back(self._holder)


class _Waiter:
    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.position = _position_of(invocation)
        self.granted = asyncio.get_running_loop().create_future()

    def __lt__(self, other: _Waiter) -> bool:
        return self.position < other.position


def _position_of(invocation: Invocation) -> Position:
    found: Invocation | None = invocation
    while found is not None and found.position is None:
        found = found.outer
    return found.position if found is not None and found.position is not None else FIRST
