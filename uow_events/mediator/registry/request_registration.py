"""Registering handlers of commands and queries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, Unpack, overload

from uow_events.mediator.registry.command_handler import CommandHandler
from uow_events.mediator.registry.forms import CommandOptions, HandlesRequest, KeepsHandler, QueryOptions
from uow_events.mediator.registry.query_handler import QueryHandler
from uow_events.mediator.registry.registration import NOTHING, Registration, in_its_form
from uow_events.mediator.registry.route import Route
from uow_events.messages import Command, HandlerOptions, InnerCommit, OnError, Query, bind, with_options
from uow_events.unit_of_work import TransactionOptions

CH = TypeVar("CH", bound=type[CommandHandler[Any, Any]])
QH = TypeVar("QH", bound=type[QueryHandler[Any, Any]])
F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R")


class RequestRegistration(Registration):
    """Handlers of commands and queries; each of these has one."""

    @overload
    def command_handler(self, handler: CH, /, **options: Unpack[CommandOptions]) -> CH: ...
    @overload
    def command_handler(self, command: type[Command[R]], /, **options: Unpack[CommandOptions]) -> HandlesRequest[R]: ...
    @overload
    def command_handler(self, handler: F, /, **options: Unpack[CommandOptions]) -> F: ...
    @overload
    def command_handler(self, /, **options: Unpack[CommandOptions]) -> KeepsHandler: ...
    def command_handler(
        self,
        handler: Any = NOTHING,
        /,
        *,
        transaction: TransactionOptions | None = None,
        repeatable: bool = True,
        on_error: OnError = "rollback",
        inner_commit: InnerCommit = "refuse",
        idempotent: bool = False,
        records: tuple[type, ...] = (),
    ) -> Any:
        """Register a CommandHandler class, or a function; `@command_handler(JoinMeeting)` names a function's command.

        Args:
            handler: what is registered, or its command.
            transaction: options of its transaction; those not given are the mediator's.
            repeatable: whether it may run again after a failed attempt; with False it is never retried, and refused
                inside of a command that may be.
            on_error: "rollback", or a FallbackHandler.
            inner_commit: what its session.commit() does: it is refused, or, with "flush", flushes and warns.
            idempotent: that it is sent with idempotency keys, so that verify() checks that its response can be stored.
            records: the events it records, for the check of the event graph.

        Raises:
            HandlerSignatureError: it is no handler, is abstract, or its annotations disagree with the command.
            DuplicateHandlerError: the command has a handler already.
            RegistrationClosedError: this registry was included in another one, or has been sent with.
        """
        options = HandlerOptions(on_error=on_error, inner_commit=inner_commit, records=records)

        def add(given: Any, message: type | None = None) -> Any:
            binding = with_options(bind(given, CommandHandler, message), options, CommandHandler)
            self._add(given, Route(binding, "command", transaction, repeatable, idempotent))
            return given

        return in_its_form(handler, add, Command)

    @overload
    def query_handler(self, handler: QH, /, **options: Unpack[QueryOptions]) -> QH: ...
    @overload
    def query_handler(self, query: type[Query[R]], /, **options: Unpack[QueryOptions]) -> HandlesRequest[R]: ...
    @overload
    def query_handler(self, handler: F, /, **options: Unpack[QueryOptions]) -> F: ...
    @overload
    def query_handler(self, /, **options: Unpack[QueryOptions]) -> KeepsHandler: ...
    def query_handler(self, handler: Any = NOTHING, /, *, transaction: TransactionOptions | None = None) -> Any:
        """Register a QueryHandler class, or a function; `@query_handler(FindMeeting)` names a function's query.

        It runs in a read-only transaction. `transaction` and errors: as for command_handler().
        """

        def add(given: Any, message: type | None = None) -> Any:
            self._add(given, Route(bind(given, QueryHandler, message), "query", transaction))
            return given

        return in_its_form(handler, add, Query)
