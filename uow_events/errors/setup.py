"""Errors of the set-up: found when handlers are registered, or all at once by Mediator.verify()."""

from collections.abc import Sequence

from uow_events.errors.base import UowEventsError, name_of
from uow_events.errors.fault import Fault


class NotAMessageError(UowEventsError, TypeError):
    """Something that is no command or event was sent, recorded or registered for."""

    def __init__(self, thing: object, expected: str) -> None:
        self.thing = thing
        self.expected = expected
        kind = "the class " if isinstance(thing, type) else "an object of type "
        super().__init__(f"{kind}{name_of(thing)} is not {expected}; derive its class from it and pass an instance")


class HandlerSignatureError(UowEventsError, TypeError):
    """A handler's class, signature or annotations do not fit what it is registered for."""

    def __init__(self, handler: object, problem: str) -> None:
        self.handler = handler
        self.problem = problem
        super().__init__(f"The handler {name_of(handler)} cannot be registered: {problem}")


class DuplicateHandlerError(UowEventsError, ValueError):
    """Two handlers were registered for one command or query, or one handler twice for one event."""

    def __init__(self, message: type, first: object, second: object) -> None:
        self.message = message
        self.first = first
        self.second = second
        super().__init__(
            f"{name_of(message)} is already handled by {name_of(first)}; "
            f"{name_of(second)} cannot be registered for it too"
        )


class RegistrationClosedError(UowEventsError, RuntimeError):
    """A handler was registered, or a message declared, where nothing would ever ask for it: its registry is closed."""

    def __init__(self, handler: object, reason: str) -> None:
        self.handler = handler
        self.reason = reason
        super().__init__(
            f"{name_of(handler)} cannot be registered any more: {reason}. Register and declare everything before that"
        )


class HandlerNotFoundError(UowEventsError, LookupError):
    """A command or query was sent for which no handler is registered; no connection was taken."""

    def __init__(self, message: type, kind: str = "command") -> None:
        self.message = message
        self.kind = kind
        super().__init__(
            f"No handler is registered for the {kind} {name_of(message)}: "
            f"decorate one with @registry.{kind}_handler, or include its registry"
        )


class UnhandledEventError(UowEventsError, LookupError):
    """A domain event was recorded that nothing handles, and unhandled_events="error" is set."""

    def __init__(self, event: type) -> None:
        self.event = event
        super().__init__(
            f"Handlers for event {name_of(event)} not found: register one with @registry.event_handler, "
            'or set unhandled_events="warn"'
        )


class UnsupportedBindError(UowEventsError, ValueError):
    """The engine or sessionmaker would void the promises of a unit of work."""

    def __init__(self, bind: object, problem: str) -> None:
        self.bind = bind
        self.problem = problem
        super().__init__(f"The {type(bind).__name__} given as bind cannot carry a unit of work: {problem}")


class InvalidArgumentError(UowEventsError, TypeError, ValueError):
    """A constructor of this framework was given something that cannot work."""

    def __init__(self, argument: str, expected: str) -> None:
        self.argument = argument
        self.expected = expected
        super().__init__(f"The argument {argument} must be {expected}")


class UnresolvableDependencyError(UowEventsError, LookupError):
    """The container cannot build what a handler, or something it needs, asks for.

    `is_known` says that the type exists for the container, so that no parameter's default may stand in for it.
    """

    def __init__(self, dependency: object, problem: str, remedy: str, *, is_known: bool = False) -> None:
        self.dependency = dependency
        self.problem = problem
        self.remedy = remedy
        self.is_known = is_known
        super().__init__(f"{name_of(dependency)} cannot be resolved: {problem}; {remedy}")


class CaptiveDependencyError(UowEventsError, RuntimeError):
    """A singleton takes something that lives for one unit of work only."""

    def __init__(self, dependency: object, singleton: object = None) -> None:
        self.dependency = dependency
        self.singleton = singleton
        who = "A singleton" if singleton is None else f"The singleton {name_of(singleton)}"
        super().__init__(
            f"{who} asks for {name_of(dependency)}, which belongs to one unit of work: every later command would write "
            "through the first one's closed session. Bind it without Singleton, or list it in Mediator(scoped=[...])"
        )


class WiringError(UowEventsError, RuntimeError):
    """The mediator found faults in its wiring; `faults` holds each with its remedy."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        listed = "".join(f"\n  - {fault}" for fault in self.faults)
        super().__init__(f"{len(self.faults)} fault(s) in the wiring of this mediator:{listed}")
