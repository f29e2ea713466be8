"""Opens the units of work of one mediator, and finds the one that is running."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from uow_events.events import ConcurrentEventProcessor, EventEmitter, EventMap, EventProcessor, Unhandled
from uow_events.mediator.handling import HandlerRunner
from uow_events.mediator.middleware import HandlerMiddleware
from uow_events.mediator.options import NOTHING_GIVEN, for_inner, resolved
from uow_events.mediator.registry import Route
from uow_events.mediator.sending.no_events import NoEvents
from uow_events.mediator.sending.session_use import SessionUse
from uow_events.messages import Event, MessageContext, NotificationChannel, running_invocation
from uow_events.resolver import Resolver
from uow_events.unit_of_work import (
    CommitLookup,
    Deadline,
    Pipeline,
    RecordQueue,
    ResolvedOptions,
    Sessions,
    TransactionOptions,
    UnitOfWork,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """What all units of work of one mediator have in common."""

    owner: object
    sessions: Sessions
    resolver: Resolver
    event_map: EventMap
    notifications: NotificationChannel | None
    max_events: int
    max_concurrent_event_handlers: int
    unhandled_events: Unhandled
    commit_timeout: timedelta
    handler_middleware: Sequence[HandlerMiddleware]
    transaction: TransactionOptions
    warned: set[type[Event]] = field(default_factory=set[type[Event]])
    holds_session: SessionUse = field(init=False)
    _resolved: dict[object, ResolvedOptions] = field(default_factory=dict[object, ResolvedOptions])

    def __post_init__(self) -> None:
        self.sessions.check(self.transaction)
        holders: tuple[type, ...] = (
            AsyncSession,
            self.sessions.session_class,
            UnitOfWork,
            *type(self.owner).mro()[:-1],
        )
        object.__setattr__(self, "holds_session", SessionUse(self.resolver, holders))

    def options_of(self, route: Route, *, is_inner: bool = False) -> ResolvedOptions:
        """Return the options with which a command or query is sent, on its own or inside of another transaction."""
        options = self._resolved.get(route.request)
        if options is None:
            options = self._resolved[route.request] = route.resolved(self.transaction)
        return for_inner(options, route.transaction or NOTHING_GIVEN, self.transaction) if is_inner else options

    def options_of_events(self) -> ResolvedOptions:
        """Return the options with which a received event is handled."""
        return resolved(NOTHING_GIVEN, self.transaction)

    def open(self, name: str, context: MessageContext, transaction: TransactionOptions = NOTHING_GIVEN) -> UnitOfWork:
        """Return a new unit of work whose block runs once, to be entered."""
        options = replace(resolved(transaction, self.transaction), retry=None)
        return self._open(name, context, options, self._pipeline)

    def attempt(
        self,
        route: Route | None,
        context: MessageContext,
        options: ResolvedOptions,
        deadline: Deadline,
        lookup: CommitLookup | None,
    ) -> UnitOfWork:
        """Return the unit of work of one attempt at a command or query, or, without a route, at a received event."""
        pipeline = NoEvents if route is not None and route.kind == "query" else self._pipeline
        return self._open(deadline.command, context, options, pipeline, deadline, lookup)

    def _open(
        self,
        name: str,
        context: MessageContext,
        options: ResolvedOptions,
        pipeline: Callable[[UnitOfWork], Pipeline],
        deadline: Deadline | None = None,
        lookup: CommitLookup | None = None,
    ) -> UnitOfWork:
        return UnitOfWork(
            self.sessions,
            container=self.resolver,
            pipeline=pipeline,
            notifications=self.notifications,
            context=context,
            name=name,
            owner=self.owner,
            max_events=self.max_events,
            commit_timeout=self.commit_timeout,
            transaction=options,
            deadline=deadline,
            commit_lookup=lookup,
        )

    def runner(self, unit: UnitOfWork) -> HandlerRunner:
        """Return what runs the handlers of a unit of work."""
        return HandlerRunner(
            unit, opens=self.open, holds_session=self.holds_session, middleware=self.handler_middleware
        )

    def running(self) -> UnitOfWork | None:
        """Return the unit of work of this mediator that the running code is inside of; None once it has ended.

        What an inner transaction's callbacks send after its end must not join the outer one.
        """
        invocation = running_invocation()
        while invocation is not None:
            sink = invocation.sink
            if isinstance(sink, RecordQueue) and sink.unit.owner is self.owner:
                return sink.unit if sink.is_open else None
            invocation = invocation.outer
        return None

    def repeatable(self) -> UnitOfWork | None:
        """Return the unit of work around the running code that a retry would run again; of those, the innermost."""
        invocation = running_invocation()
        while invocation is not None:
            sink = invocation.sink
            if isinstance(sink, RecordQueue) and sink.is_open and sink.unit.transaction.retry is not None:
                return sink.unit
            invocation = invocation.outer
        return None

    def _pipeline(self, unit: UnitOfWork) -> EventProcessor | ConcurrentEventProcessor:
        emitter = EventEmitter(
            self.event_map,
            unit,
            channel=unit.channel,
            sink=unit.sink,
            unhandled_events=self.unhandled_events,
            warned=self.warned,
            runner=self.runner(unit),
        )
        limit = self.max_concurrent_event_handlers
        if limit == 1:
            return EventProcessor(emitter, max_events=self.max_events)
        return ConcurrentEventProcessor(
            emitter, limit=limit, holds_session=self.holds_session, max_events=self.max_events
        )
