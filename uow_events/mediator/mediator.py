"""Sends commands, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from sqlalchemy.ext.asyncio import AsyncSession

from uow_events.container import Container, LagomResolver
from uow_events.errors import InvalidHeaderError, NotAMessageError, name_of
from uow_events.events import EventEmitter, EventProcessor, Unhandled
from uow_events.mediator.arguments import check_arguments
from uow_events.mediator.registry import Registry
from uow_events.mediator.verification import UNIT_TYPES, verify
from uow_events.messages import (
    Binding,
    Command,
    Event,
    Invocation,
    MessageContext,
    NotificationChannel,
    running_invocation,
)
from uow_events.unit_of_work import Bind, RecordQueue, Sessions, UnitOfWork

R = TypeVar("R")


class Mediator:
    """Runs each command's handler, then the events it recorded, in one transaction, and only then answers.

    Args:
        bind: an AsyncEngine, or an async_sessionmaker bound to one; expire_on_commit is off in any case.
        registry: the handlers; complete before the first send.
        container: a Lagom container that builds handlers and what they need. Inside a unit of work, AsyncSession,
            UnitOfWork, Recorder and MessageContext are that unit's, and Mediator is this one.
        scoped: types built once per unit of work.
        notifications: where notification events go, Outbox() or DirectPublishing(broker).
        max_events: events of one unit of work at most, against endless chains.
        unhandled_events: what a domain event without handlers brings: a warning once per type, an error, or nothing.
        commit_timeout: how long COMMIT may take before its outcome counts as unknown.

    Raises:
        UnsupportedBindError: the bind would void the promises made here.
        InvalidArgumentError: another argument is not what it must be.
    """

    def __init__(
        self,
        bind: Bind,
        registry: Registry,
        *,
        container: Container | None = None,
        scoped: Sequence[type] = (),
        notifications: NotificationChannel | None = None,
        max_events: int = 10_000,
        unhandled_events: Unhandled = "warn",
        commit_timeout: timedelta = timedelta(seconds=30),
    ) -> None:
        check_arguments(registry, notifications, unhandled_events, max_events)
        self.registry = registry
        self._sessions = Sessions(bind)
        self._resolver = LagomResolver(container, scoped, {Mediator: self})
        self._notifications = notifications
        self._max_events = max_events
        self._unhandled: Unhandled = unhandled_events
        self._commit_timeout = commit_timeout
        self._warned: set[type[Event]] = set()
        self._verified = False

    async def send(self, message: Command[R], *, headers: Mapping[str, str] | None = None) -> R:
        """Run a command in a transaction and return its handler's response, after the commit.

        Inside a handler of this mediator, or inside its unit_of_work(), the command joins the running transaction: its
        events are processed with the others, and its failure rolls everything back, even where it is caught.

        Cancellation before the commit rolls back; one that arrives during it is raised after the command has committed.

        Raises:
            HandlerNotFoundError: nothing handles the command; no connection was taken.
            NotAMessageError, InvalidHeaderError: the command or a header is not valid; no connection was taken.
            WiringError: the wiring has faults (at the first send).
            Exception: whatever a handler raised, the same object, after the rollback.
            TransactionControlError, SessionOwnershipError, RollbackOnlyError, UnattachedAggregateError,
                EventStormError, UnhandledEventError, BrokerNotConfiguredError, NotificationError, OutboxTooLargeError,
                SchemaNotMigratedError: after the rollback, as their names say.
            TransactionAbortedError: a commit would have stored nothing, or not everything.
            CommitOutcomeUnknownError: COMMIT was sent, and no answer came; look before sending again.
        """
        if isinstance(message, type):
            raise NotAMessageError(message, "an instance of a Command")
        binding = self.registry.handler_of(type(message))
        self._verify_once()
        running = self._running()
        if running is not None:
            for name in headers or ():
                raise InvalidHeaderError(name, "this send joins a running command, and shares the headers of that")
            return cast(R, await _join(running, binding, message))
        async with self._open(name_of(type(message)), headers) as unit:
            answer = await _call(unit, binding, message)
        return cast(R, answer)

    def unit_of_work(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a transaction without a command, for repository code and scripts; joins one that is running.

        Raises:
            WiringError: the wiring has faults (at the first use).
        """
        self._verify_once()
        running = self._running()
        return self._open("unit_of_work()", None) if running is None else running.join("A joined unit_of_work()")

    def verify(self) -> None:
        """Check the whole wiring, and report every fault at once; also run before the first send.

        Raises:
            WiringError: there are faults; each is named with its remedy.
        """
        verify(self.registry, self._resolver, (AsyncSession, self._sessions.session_class, *UNIT_TYPES))
        self._verified = True

    async def __aenter__(self) -> Self:
        self.verify()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave: there is nothing to close yet; the engine is the caller's."""

    def _verify_once(self) -> None:
        if not self._verified:
            self.verify()

    def _open(self, name: str, headers: Mapping[str, str] | None) -> UnitOfWork:
        return UnitOfWork(
            self._sessions,
            container=self._resolver,
            pipeline=self._pipeline,
            notifications=self._notifications,
            context=MessageContext(headers=dict(headers or {})),
            name=name,
            owner=self,
            commit_timeout=self._commit_timeout,
        )

    def _pipeline(self, unit: UnitOfWork) -> EventProcessor:
        emitter = EventEmitter(
            self.registry.event_map,
            unit,
            channel=unit.channel,
            sink=unit.sink,
            unhandled_events=self._unhandled,
            warned=self._warned,
        )
        return EventProcessor(emitter, max_events=self._max_events)

    def _running(self) -> UnitOfWork | None:
        invocation = running_invocation()
        while invocation is not None:
            sink = invocation.sink
            if isinstance(sink, RecordQueue) and sink.is_open and sink.unit.owner is self:
                return sink.unit
            invocation = invocation.outer
        return None


async def _join(unit: UnitOfWork, binding: Binding, message: object) -> Any:
    async with unit.join(f"A joined send of {name_of(type(message))}"):
        return await _call(unit, binding, message)


async def _call(unit: UnitOfWork, binding: Binding, message: object) -> Any:
    with Invocation(name_of(type(message)), binding.name, unit.sink):
        return await binding.call(message, unit)
