"""Where handlers are registered."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any, ParamSpec, Protocol, TypeVar, get_origin, overload

from typing_extensions import TypeIs

from uow_events.errors import (
    DuplicateHandlerError,
    HandlerNotFoundError,
    HandlerSignatureError,
    NotAMessageError,
    name_of,
)
from uow_events.events import EventHandler, EventMap
from uow_events.mediator.command_handler import CommandHandler
from uow_events.messages import Binding, Command, DomainEvent, Event, NotificationEvent, bind, type_arguments
from uow_events.signatures import conflicts

CH = TypeVar("CH", bound=type[CommandHandler[Any, Any]])
EH = TypeVar("EH", bound=type[EventHandler[Any]])
F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
R = TypeVar("R")


class HandlesCommand(Protocol[R]):
    """A decorator for functions that respond to one command; it returns them unchanged."""

    @overload
    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]], /) -> Callable[P, Coroutine[Any, Any, R]]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]: ...


class Registry:
    """Collects handlers: by decorators, which return what they decorate, or by plain calls.

    A command has one handler, an event any number. Modules bring registries of their own; include() joins them.
    """

    def __init__(self) -> None:
        self.event_map = EventMap()
        self._commands: dict[type[object], Binding] = {}

    @overload
    def command_handler(self, handler: CH, /) -> CH: ...
    @overload
    def command_handler(self, command: type[Command[R]], /) -> HandlesCommand[R]: ...
    @overload
    def command_handler(self, handler: F, /) -> F: ...
    def command_handler(self, handler: Any, /) -> Any:
        """Register a CommandHandler class, or a function; `@command_handler(JoinMeeting)` names a function's command.

        A function takes the command first; its further parameters are injected.

        Raises:
            HandlerSignatureError: it is no handler, is abstract, or its annotations disagree with the command.
            DuplicateHandlerError: the command has a handler already.
        """
        if isinstance(handler, type) and issubclass(handler, Command):
            return partial(self._add_command, command=handler)
        return self._add_command(handler)

    @overload
    def event_handler(self, handler: EH, /) -> EH: ...
    @overload
    def event_handler(self, event: type[DomainEvent] | type[NotificationEvent], /) -> Callable[[F], F]: ...
    @overload
    def event_handler(self, handler: F, /) -> F: ...
    def event_handler(self, handler: Any, /) -> Any:
        """Register an EventHandler class, or a function; `@event_handler(UserJoined)` names a function's event.

        A handler of a class hears its subclasses too. Handlers of one event run in the order of registration.

        Raises:
            HandlerSignatureError: it is no handler, is abstract, or does not say which event it takes.
            DuplicateHandlerError: it is registered for this event already.
        """
        if isinstance(handler, type) and issubclass(handler, DomainEvent | NotificationEvent):
            return partial(self._add_event, event=handler)
        return self._add_event(handler)

    def include(self, other: Registry) -> None:
        """Take over all handlers of another registry, as they are now.

        Raises:
            DuplicateHandlerError: both have a handler for one command, or the same handler for one event.
        """
        for command, binding in other._commands.items():
            self._set_command(command, binding)
        for binding in other.event_map:
            self.event_map.add(binding)

    def handler_of(self, command: type[object]) -> Binding:
        """Return the handler of a command.

        Raises:
            HandlerNotFoundError: there is none.
            NotAMessageError: it is no Command.
        """
        binding = self._commands.get(command)
        if binding is not None:
            return binding
        if not _is_command(command):
            raise NotAMessageError(command, "a Command")
        raise HandlerNotFoundError(command)

    def __iter__(self) -> Iterator[Binding]:
        yield from self._commands.values()
        yield from self.event_map

    def _add_command(self, handler: Any, command: type[Command[Any]] | None = None) -> Any:
        binding = bind(handler, CommandHandler, command)
        message = get_origin(binding.message_type) or binding.message_type
        if not _is_command(message):
            raise HandlerSignatureError(handler, "what it takes is no Command")
        _check_response(binding, message)
        self._set_command(message, binding)
        return handler

    def _add_event(self, handler: Any, event: type[Event] | None = None) -> Any:
        self.event_map.register(handler, event)
        return handler

    def _set_command(self, command: type[object], binding: Binding) -> None:
        present = self._commands.get(command)
        if present is not None:
            raise DuplicateHandlerError(command, present.handler, binding.handler)
        self._commands[command] = binding


def _is_command(kind: object) -> TypeIs[type[Command[Any]]]:
    return isinstance(kind, type) and issubclass(kind, Command)


def _check_response(binding: Binding, command: type[Command[Any]]) -> None:
    declared = type_arguments(command, Command)
    promised = declared[0] if declared else type(None)
    if conflicts(promised, binding.returns):
        problem = f"it returns {name_of(binding.returns)}, but {name_of(command)} is a Command[{name_of(promised)}]"
        raise HandlerSignatureError(binding.handler, problem)
