"""The messages that an application says it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from inspect import isabstract
from types import ModuleType
from typing import Any, get_origin

from uow_events.errors import Fault, InvalidArgumentError, kind_of, name_of
from uow_events.messages import Binding, Command, DomainEvent, NotificationEvent, Query

REQUESTS: dict[type, str] = {Command: "command", Query: "query"}
MESSAGES: tuple[type, ...] = (*REQUESTS, DomainEvent, NotificationEvent)


class Declared:
    """Message types; where there are any, what is declared must be handled, and what is handled must be declared."""

    def __init__(self) -> None:
        self._types: dict[type, None] = {}

    @property
    def types(self) -> tuple[type, ...]:
        """What was declared, in that order."""
        return tuple(self._types)

    def add(self, *types_or_modules: type | ModuleType) -> None:
        """Declare message classes, or all that a module (or what is beneath it) defines and names.

        Raises:
            InvalidArgumentError: it is neither a message class nor a module, or a module with none of its own.
        """
        for given in types_or_modules:
            for kind in _messages_of(given) if isinstance(given, ModuleType) else [_checked(given)]:
                self._types[kind] = None

    def merge(self, other: Declared) -> None:
        """Take over what another declared."""
        self._types |= other._types

    def faults(self, bindings: Iterable[Binding]) -> Iterator[Fault]:
        """Return what is declared and not handled, and what is handled and not declared; nothing if none is."""
        if not self._types:
            return
        handlers = tuple(bindings)
        handled = {_class_of(binding.message_type) for binding in handlers}
        for kind in self._types:
            if not _is_base(kind):
                yield from _unhandled(kind, handled)
        for binding in handlers:
            yield from self._undeclared(binding)

    def _undeclared(self, binding: Binding) -> Iterator[Fault]:
        message = _class_of(binding.message_type)
        if not any(issubclass(kind, message) for kind in self._types):
            problem = f"it handles {name_of(message)}, which was never declared"
            yield Fault(binding.name, problem, "pass that class, or its module, to registry.declare()")


def _messages_of(module: ModuleType) -> list[type]:
    home = module.__name__
    found = [
        kind
        for kind in vars(module).values()
        if _is_message(kind) and (kind.__module__ == home or kind.__module__.startswith(f"{home}."))
    ]
    if not found:
        raise InvalidArgumentError("types_or_modules", f"modules that define messages, and {home} defines none")
    return found


def _checked(given: Any) -> type:
    if not _is_message(given):
        raise InvalidArgumentError("types_or_modules", f"message classes or modules of them, and has {kind_of(given)}")
    message: type = given
    return message


def _is_message(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, MESSAGES) and kind not in MESSAGES


def _is_base(kind: type) -> bool:
    return isabstract(kind) or bool(kind.__subclasses__())


def _class_of(message: Any) -> type:
    kind: type = get_origin(message) or message
    return kind


def _unhandled(kind: type, handled: set[type]) -> Iterator[Fault]:
    for request, word in REQUESTS.items():
        if issubclass(kind, request) and kind not in handled:
            yield _without_handler(kind, word)
    is_left_to_others = issubclass(kind, (NotificationEvent, *REQUESTS))
    if not is_left_to_others and handled.isdisjoint(kind.__mro__):
        yield _without_handler(kind, "event")


def _without_handler(kind: type, word: str) -> Fault:
    remedy = f"register one with @registry.{word}_handler, or include its registry"
    return Fault(name_of(kind), f"this {word} was declared, and has no handler", remedy)
