"""Registering methods of aggregates as handlers of commands."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar, Unpack, overload

from uow_events.mediator.aggregates import Identity, bind_aggregate
from uow_events.mediator.registry.forms import AggregateOptions
from uow_events.mediator.registry.registration import Registration
from uow_events.mediator.registry.route import Route
from uow_events.messages import Command, HandlerOptions
from uow_events.unit_of_work import TransactionOptions

F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
R = TypeVar("R")


class AggregateRegistration(Registration):
    """Methods of aggregates that handle a command by themselves."""

    @overload
    def aggregate_handler(
        self,
        command: type[Command[R]],
        method: Callable[P, Coroutine[Any, Any, R]],
        *,
        identity: Identity,
        **options: Unpack[AggregateOptions],
    ) -> Callable[P, Coroutine[Any, Any, R]]: ...
    @overload
    def aggregate_handler(
        self,
        command: type[Command[R]],
        method: Callable[P, R],
        *,
        identity: Identity,
        **options: Unpack[AggregateOptions],
    ) -> Callable[P, R]: ...
    @overload
    def aggregate_handler(self, command: type[Command[Any]], method: F, **options: Unpack[AggregateOptions]) -> F: ...
    def aggregate_handler(
        self,
        command: Any,
        method: Any,
        *,
        identity: Identity | None = None,
        transaction: TransactionOptions | None = None,
        repeatable: bool = True,
        idempotent: bool = False,
        records: tuple[type, ...] = (),
        aggregate: type | None = None,
    ) -> Any:
        """Let a method of an aggregate handle a command: `aggregate_handler(JoinMeeting, Meeting.join, identity="id")`.

        The aggregate is loaded by its primary key, with a row lock, or without one where its mapper has a version
        column. The method gets the command's fields by name, less the identity; a parameter annotated with the
        command's type gets the command. What it returns is the response. A classmethod (`Meeting.create`) takes no
        identity: the aggregate it returns is added to the session.

        Args:
            command: the command's class.
            method: a method, async or not, or a classmethod that creates; got from the class.
            identity: the field that holds the key, or a mapping of the key's attributes to fields.
            transaction: options of its transaction; those not given are the mediator's.
            repeatable: whether it may run again after a failed attempt; as for command_handler().
            idempotent: that it is sent with idempotency keys; as for command_handler().
            records: the events it records, for the check of the event graph.
            aggregate: the mapped class, where it cannot be told from the method (local classes, mixins).

        Raises:
            HandlerSignatureError: method, identity or response do not fit the command or the aggregate.
            DuplicateHandlerError: the command has a handler already.
            RegistrationClosedError: this registry was included in another one, or has been sent with.
        """
        binding, check = bind_aggregate(command, method, identity, aggregate)
        binding = replace(binding, options=HandlerOptions(records=records))
        self._add(method, Route(binding, "command", transaction, repeatable, idempotent, check))
        return method
