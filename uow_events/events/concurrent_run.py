"""Works off one batch of events, and all that follows from them, on several tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextvars import copy_context
from functools import partial
from operator import itemgetter

from uow_events.events.event_emitter import EventEmitter
from uow_events.events.event_source import SharedSource
from uow_events.events.failures import Failure, Failures
from uow_events.events.mapped import carries_mapped_instance
from uow_events.events.steps import ReadySteps, Step
from uow_events.events.storm import check_count
from uow_events.messages import FIRST, Binding, Invocation, Position, Record


class ConcurrentRun:
    """One use of a ConcurrentEventProcessor: which steps are ready, which run, what failed."""

    def __init__(
        self,
        emitter: EventEmitter,
        source: SharedSource,
        holds_session: Callable[[Binding], bool],
        limit: int,
        max_events: int,
    ) -> None:
        self._emitter = emitter
        self._source = source
        self._turn = source.turn
        self._holds_session = holds_session
        self._limit = limit
        self._max_events = max_events
        self._ready = ReadySteps()
        self._notifications: list[tuple[Position, Record]] = []
        self._failures = Failures()
        self._context = copy_context()
        self._loop = asyncio.get_running_loop()
        self._over = self._loop.create_future()
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._group = asyncio.TaskGroup()
        self._stopping = self._cancelled = False

    async def work_off(self, generation: Sequence[Record]) -> None:
        """Handle events and what follows, then publish; leaves when nothing of it runs any more."""
        check_count(self._source.count, self._max_events, generation[-1])
        self._release(generation, FIRST, 0)
        with self._turn.shared(self._start_what_can):
            await self._handle_all()
        failure = self._failures.first()
        if failure is not None:
            self._source.failure = (failure.error, failure.invocation)
            raise failure.error
        for _, record in sorted(self._notifications, key=itemgetter(0)):
            await self._emitter.publish(record)

    async def _handle_all(self) -> None:
        try:
            async with self._group:
                self._start_what_can()
                await self._until_over()
        except asyncio.CancelledError as error:
            self._failures.note_on(error)
            raise

    async def _until_over(self) -> None:
        try:
            await self._over
        except asyncio.CancelledError:
            self._stopping = self._cancelled = True
            raise

    def _release(self, records: Sequence[Record], cause: Position, start: int) -> None:
        for index, record in enumerate(records, start):
            position, event = Position(cause, index), record.build()
            if record.is_outgoing:
                self._notifications.append((position, record))
            bindings = self._emitter.handlers_of(event)
            all_hold = bool(bindings) and carries_mapped_instance(event)
            for number, binding in enumerate(bindings):
                holds_session = all_hold or self._holds_session(binding)
                self._ready.add(Step(binding, record, Position(position, number), holds_session))

    def _start_what_can(self) -> None:
        while not self._stopping and self._running < self._limit and (step := self._ready.take(self._turn)):
            self._start(step)
        self._turn.pass_on()
        if not self._running and (self._stopping or not self._ready) and not self._over.done():
            self._over.set_result(None)

    def _start(self, step: Step) -> None:
        context = self._context.copy()
        invocation = context.run(self._emitter.invocation, step.binding, step.record)
        invocation.position = step.position
        if step.holds_session:
            self._turn.holder = invocation
        self._running += 1
        task = self._group.create_task(self._run(step, invocation), name=step.name, context=context)
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, invocation))

    def _ended(self, invocation: Invocation, task: asyncio.Task[None]) -> None:
        """Make room for others; as a callback, since a task that was cancelled before its first step runs nothing."""
        self._running -= 1
        self._tasks.discard(task)
        if self._turn.holder is invocation:
            self._turn.holder = None
        self._start_what_can()

    async def _run(self, step: Step, invocation: Invocation) -> None:
        try:
            with invocation:
                await self._emitter.runner.run(step.binding, step.event, invocation)
                await self._take_follow_ups(step, invocation)
        except (KeyboardInterrupt, SystemExit):
            self._stopping = True
            raise
        except BaseException as error:
            if self._cancelled and isinstance(error, asyncio.CancelledError):
                raise
            self._failed(error, step, invocation)

    def _failed(self, error: BaseException, step: Step, invocation: Invocation) -> None:
        last = self._source.failure
        inner = last[1] if last is not None and last[0] is error else invocation
        self._failures.add(Failure(error, inner, step.position, self._cancelled))
        if not self._stopping:
            self._stopping = True
            self._loop.call_soon(self._cancel_all)  # whoever fails in the same round of the loop is not late

    def _cancel_all(self) -> None:
        self._cancelled = True
        for task in self._tasks:
            task.cancel()

    async def _take_follow_ups(self, step: Step, invocation: Invocation) -> None:
        if step.holds_session:
            await self._source.flush()
        taken = 0
        while records := self._source.recorded_in(invocation):
            check_count(self._source.count, self._max_events, records[-1])
            if not all(record.is_built for record in records):
                async with self._turn.taken(invocation):
                    await self._source.flush()
                    await self._source.build(records)
            self._release(records, step.position, taken)
            taken += len(records)
