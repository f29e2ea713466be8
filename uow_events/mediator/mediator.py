"""Sends commands, each in a transaction of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar, cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from uow_events.container import Container, Resolver, resolver_of
from uow_events.errors import InvalidArgumentError, NotAMessageError, WrongEventLoopError
from uow_events.events import Unhandled
from uow_events.mediator.arguments import (
    check_arguments,
    check_limits,
    check_propagation,
    options_of_block,
    scoped_types,
)
from uow_events.mediator.inbox import Inbox
from uow_events.mediator.middleware import HandlerMiddleware, Propagation, SendMiddleware, check_middlewares
from uow_events.mediator.options import NOTHING_GIVEN, check_joinable
from uow_events.mediator.registry import Registry
from uow_events.mediator.sending import Consuming, InnerTransactions, Sender, Units
from uow_events.mediator.verification import UNIT_TYPES, verify
from uow_events.messages import Command, Delivered, Event, IdempotencyKey, MessageContext, NotificationChannel, Query
from uow_events.outbox import Outbox, Waker
from uow_events.outbox.tables import DEFAULT_SCHEMA
from uow_events.unit_of_work import Bind, Sessions, TransactionOptions, UnitOfWork

R = TypeVar("R")


class Mediator:
    """Runs each command's handler, then the events it recorded, in one transaction, and only then answers.

    Args:
        bind: an AsyncEngine, or an async_sessionmaker bound to one; expire_on_commit is off in any case.
        registry: the handlers; complete before the first send.
        container: a Lagom container, or a Resolver over another one, that builds handlers and what they need. Inside a
            unit of work, AsyncSession, UnitOfWork, Recorder and MessageContext are that unit's, and Mediator is this.
        scoped: types built once per unit of work; for Lagom alone.
        notifications: where notification events go, Outbox() or DirectPublishing(broker).
        max_concurrent_event_handlers: how many event handlers of one unit of work run at a time; those that hold its
            session run one after another in any case.
        max_events: events of one unit of work at most, against endless chains.
        unhandled_events: what a domain event without handlers brings: a warning once per type, an error, or nothing.
        transaction: isolation, limits, settings and retries of each transaction, where its registration gives none.
        idempotency_schema: where the tables of idempotency keys and consumed messages were migrated to.
        max_requires_new: transactions that may wait for an inner one at once (propagation="requires_new"); by default
            one less than the pool has connections, so that it never runs dry for good.
        middleware: async callables `(context, call_next)` around every send, the first one outermost; one around a send
            with a transaction of its own sees its commit.
        handler_middleware: async callables `(context, call_next)` around every run of a handler, in its transaction.
        commit_timeout: how long COMMIT may take before its outcome counts as unknown.

    Raises:
        UnsupportedBindError: the bind would void the promises made here, or cannot do what `transaction` asks for.
        InvalidArgumentError: another argument is not what it must be.
    """

    _loop: asyncio.AbstractEventLoop | None = None
    _has_run = False
    _waker: Waker | None = None

    def __init__(
        self,
        bind: Bind,
        registry: Registry,
        *,
        container: Container | Resolver | None = None,
        scoped: Sequence[type] = (),
        notifications: NotificationChannel | None = None,
        max_concurrent_event_handlers: int = 1,
        max_events: int = 10_000,
        unhandled_events: Unhandled = "warn",
        transaction: TransactionOptions = NOTHING_GIVEN,
        idempotency_schema: str | None = DEFAULT_SCHEMA,
        max_requires_new: int | None = None,
        middleware: Sequence[SendMiddleware] = (),
        handler_middleware: Sequence[HandlerMiddleware] = (),
        commit_timeout: timedelta = timedelta(seconds=30),
    ) -> None:
        check_arguments(registry, notifications, unhandled_events, transaction, idempotency_schema, commit_timeout)
        check_limits(max_events, max_concurrent_event_handlers, max_requires_new)
        self.registry = registry
        self._resolver = resolver_of(container, scoped_types(scoped), {Mediator: self})
        sessions = Sessions(bind)
        self._units = Units(
            owner=self,
            sessions=sessions,
            resolver=self._resolver,
            event_map=registry.event_map,
            notifications=notifications,
            max_events=max_events,
            max_concurrent_event_handlers=max_concurrent_event_handlers,
            unhandled_events=unhandled_events,
            commit_timeout=commit_timeout,
            transaction=transaction,
            handler_middleware=check_middlewares("handler_middleware", handler_middleware),
        )
        around = check_middlewares("middleware", middleware)
        inner = InnerTransactions(sessions.engine, max_requires_new)
        self._sender = Sender(self._units, inner, around, idempotency_schema)
        self._consuming = Consuming(self._units, around, idempotency_schema)

    async def send(
        self,
        message: Command[R] | Query[R],
        *,
        idempotency_key: str | IdempotencyKey | None = None,
        headers: Mapping[str, str] | None = None,
        propagation: Propagation = "join",
    ) -> R:
        """Run a command or query in a transaction and return its handler's response, after the commit.

        Inside of a handler or unit_of_work(), `propagation` says where it runs. "join" shares the running transaction;
        a failure rolls everything back, even where it is caught. "nested" does so in a savepoint: where the error is
        caught, only what the inner command did is undone. "requires_new" takes a connection and a transaction of its
        own, which commits before send() returns, whatever becomes of the outer one. Elsewhere all three are the same.

        With an `idempotency_key` a command commits once per scope, command type and key: sent again, it is not run, and
        its stored response is returned. `headers` go along with its notifications.

        Cancellation before the commit rolls back; one that arrives during it is raised after the command has committed.

        Raises:
            HandlerNotFoundError, NotAMessageError, InvalidHeaderError, InvalidArgumentError, IdempotencyRequestError,
                NotRepeatableError, RequiresNewLimitError, TransactionOptionsConflictError: before it takes a
                connection.
            WiringError, WrongEventLoopError: the mediator cannot run, or not on this event loop.
            IdempotencyConflictError, IdempotencyInProgressError, IdempotencyResponseError: the key was used for other
                content, is in use, or its response cannot be stored.
            CommandTimeoutError: its timeout was over before the commit.
            Exception: whatever a handler raised, the same object, after the rollback; and this framework's own errors
                of transaction, recording and notification.
            TransactionAbortedError: a commit would have stored nothing, or not everything.
            CommitOutcomeUnknownError: COMMIT was sent, and no answer came; look before sending again.
        """
        if isinstance(message, type):
            raise NotAMessageError(message, "an instance of a Command or Query")
        route = self.registry.handler_of(type(message))
        check_propagation(propagation)
        self._begin()
        return cast(R, await self._sender.send(route, message, idempotency_key, headers, propagation))

    async def consume(
        self,
        message: Command[Any] | Event,
        *,
        consumer: str,
        message_id: str | UUID,
        source: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> bool:
        """Handle an event that came from a broker, or a command made of one, once per consumer, source and message id.

        That it was consumed is stored by the transaction of its effects, always one of its own: acknowledge the message
        after that. False says that it had been before, and nothing was done. An event goes to its handlers only, never
        back to the channel; the id of its message is their MessageContext's, and a command's causation id. `headers`
        are the message's: its correlation id continues, and the rest goes along with what it causes.

        Raises:
            UnhandledEventError: nothing handles the event.
            InvalidArgumentError: the consumer, source or id is no text of 1 to 255 characters.
            ConsumptionInProgressError: another process consumes it, and did not end within the lock timeout.
            Exception: as for send().
        """
        delivered = Delivered.of(consumer, message_id, source)
        route = self.registry.handler_of(type(message)) if isinstance(message, Command) else None
        if route is None:
            self._consuming.check(message)
        self._begin()
        return await self._consuming.consume(route, message, delivered, headers)

    def unit_of_work(self, *, transaction: TransactionOptions | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a transaction without a command, for repository code and scripts; joins one that is running.

        Raises:
            WiringError: the wiring has faults (at the first use).
            WrongEventLoopError: this mediator has been used on another event loop.
            InvalidArgumentError: they are no options, or ask for retries: a block cannot run twice.
            TransactionOptionsConflictError: the running transaction is not the one that the options ask for.
        """
        options = options_of_block(transaction)
        self._begin()
        running = self._units.running()
        if running is None:
            return self._units.open("unit_of_work()", MessageContext(), options)
        check_joinable("unit_of_work()", options, self._units.transaction, running.transaction)
        return running.join("A joined unit_of_work()")

    def inbox(self, consumer: str, *, max_attempts: int = 5) -> Inbox:
        """Return what counts the messages that a consumer fails to consume, and makes dead letters of them.

        Raises:
            InvalidArgumentError: the consumer is no text of 1 to 255 characters, or the number is below 1.
        """
        if max_attempts < 1:
            raise InvalidArgumentError("max_attempts", f"an integer from 1, and is {max_attempts!r}")
        Delivered.of(consumer, "-", "")
        return Inbox(self._units.sessions.engine, self._consuming.schema, consumer, max_attempts)

    def verify(self) -> None:
        """Check the whole wiring, and report every fault at once; also run before the first send.

        Raises:
            WiringError: there are faults; each is named with its remedy.
        """
        units = self._units
        unit_types = (AsyncSession, units.sessions.session_class, *UNIT_TYPES)
        verify(self.registry, self._resolver, unit_types, units.notifications, units.transaction, units.sessions)

    async def __aenter__(self) -> Self:
        self.verify()
        channel = self._units.notifications
        if isinstance(channel, Outbox) and self._units.sessions.engine.dialect.driver == "asyncpg":
            self._waker = await channel.serving(self._units.sessions.engine).__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Wake relays for the last time; the engine is the caller's."""
        waker, self._waker = self._waker, None
        if waker is not None:
            await waker.__aexit__(kind, error, traceback)

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise WrongEventLoopError
        if not self._has_run:
            self.verify()
            self.registry.close("a mediator has run with it")
            self._has_run = True
