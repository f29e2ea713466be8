"""Every error the framework raises, in one tree; each also is the builtin a caller expects.

Errors keep the objects they speak of as attributes, and say what happened, to which object, and what to do.
"""

from collections.abc import Sequence
from types import FunctionType, MethodType, UnionType
from typing import NewType, TypeVar, get_origin


class UowEventsError(Exception):
    """Base of every error of this framework."""


class MissingExtraError(UowEventsError, ImportError):
    """A feature was used whose optional dependency is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        self.feature = feature
        self.extra = extra
        super().__init__(f"{feature} needs the extra {extra!r}: pip install 'uow-events[{extra}]'")


class SchemaNotMigratedError(UowEventsError, RuntimeError):
    """The framework's tables are missing from the database, or older than this version needs."""

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(
            f"The table {table} is not in this database: its schema has not been migrated. "
            "Run `uow-events db upgrade`, or call uow_events.migrations.upgrade(op) in a revision of your own."
        )


# --- set-up: found when handlers are registered, or all at once by Mediator.verify()


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
    """Two handlers were registered for one command, or one handler twice for one event."""

    def __init__(self, message: type, first: object, second: object) -> None:
        self.message = message
        self.first = first
        self.second = second
        super().__init__(
            f"{name_of(message)} is already handled by {name_of(first)}; "
            f"{name_of(second)} cannot be registered for it too"
        )


class HandlerNotFoundError(UowEventsError, LookupError):
    """A command was sent for which no handler is registered; no connection was taken."""

    def __init__(self, message: type) -> None:
        self.message = message
        super().__init__(
            f"No handler is registered for the command {name_of(message)}: "
            "decorate one with @registry.command_handler, or include its registry"
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


class UnresolvableDependencyError(UowEventsError, LookupError):
    """The container cannot build what a handler, or something it needs, asks for.

    `is_known` says that the type exists for the container, so that no parameter's default may stand in for it.
    """

    def __init__(self, dependency: object, problem: str, *, is_known: bool = False) -> None:
        self.dependency = dependency
        self.problem = problem
        self.is_known = is_known
        super().__init__(f"{name_of(dependency)} cannot be resolved: {problem}")


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
    """The mediator found faults in its wiring; `faults` lists each with its remedy."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        listed = "".join(f"\n  - {fault}" for fault in self.faults)
        super().__init__(f"{len(self.faults)} fault(s) in the wiring of this mediator:{listed}")


# --- the transaction


class TransactionControlError(UowEventsError, RuntimeError):
    """A handler tried to end or begin the transaction; the unit of work rolls back, even if this is caught."""

    def __init__(self, operation: str) -> None:
        self.operation = operation
        super().__init__(
            f"{operation} is not allowed inside a unit of work, which commits or rolls back as a whole: remove the "
            "call (flush() sends pending changes, begin_nested() opens a savepoint). The unit of work rolls back"
        )


class UnitOfWorkClosedError(UowEventsError, RuntimeError):
    """A unit of work, its session or its recorder was used after its end, or while it was committing."""

    def __init__(self, used: str, state: str = "has ended") -> None:
        self.used = used
        self.state = state
        super().__init__(
            f"{used} was used, but its unit of work {state}: await everything that uses it before the handler returns, "
            "or open a unit of work of its own"
        )


class SessionOwnershipError(UowEventsError, RuntimeError):
    """Two tasks used one unit of work's session at the same time."""

    def __init__(self, operation: str, running: str) -> None:
        self.operation = operation
        self.running = running
        super().__init__(
            f"{operation} was called on a session while {running} is still running on it in another task: "
            "await one after the other, or give the second task a unit of work of its own"
        )


class TransactionAbortedError(UowEventsError, RuntimeError):
    """The transaction had already failed or ended, so that a commit would have stored nothing."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(
            f"Nothing was committed: {problem}. Let database errors leave the handler, or do what may fail inside "
            "`async with session.begin_nested()`"
        )


class RollbackOnlyError(UowEventsError, RuntimeError):
    """An exception left a joined send or unit of work, and the outer handler caught it."""

    def __init__(self, joined: str) -> None:
        self.joined = joined
        super().__init__(
            f"{joined} failed inside this transaction and its error was caught: half of it would have been committed, "
            "so everything was rolled back. Let the error pass"
        )


class CommitOutcomeUnknownError(UowEventsError, RuntimeError):
    """The connection was lost, or the time was up, while COMMIT was on its way: it may or may not have happened."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The outcome of the commit is unknown: {reason}. Look at the data before sending the command again"
        )


# --- recording and processing events


class NoUnitOfWorkError(UowEventsError, RuntimeError):
    """Something was done that needs a running unit of work, outside of one."""

    def __init__(self, operation: str) -> None:
        self.operation = operation
        super().__init__(
            f"{operation} needs a running unit of work: call it from a handler, or inside `async with "
            "mediator.unit_of_work()`"
        )


class UnattachedAggregateError(UowEventsError, LookupError):
    """An aggregate recorded an event, but its state is not part of the transaction."""

    def __init__(self, aggregate: object, problem: str) -> None:
        self.aggregate = aggregate
        self.problem = problem
        super().__init__(
            f"{name_of(aggregate)} recorded an event, but {problem}: add, load or merge it in this unit of work's "
            "session, or record the event through the handler. Everything was rolled back"
        )


class UnprocessedEventsError(UowEventsError, RuntimeError):
    """Events were recorded in a unit of work that has nothing to process them with."""

    def __init__(self, events: Sequence[object]) -> None:
        self.events = tuple(events)
        names = ", ".join(sorted({name_of(type(event)) for event in self.events}))
        super().__init__(
            f"{names} recorded in a unit of work without an event processor would be lost: pass pipeline=, "
            "or use mediator.unit_of_work(). Everything was rolled back"
        )


class EventStormError(UowEventsError, RecursionError):
    """More than `max_events` events were recorded in one unit of work."""

    def __init__(self, limit: int, path: Sequence[str]) -> None:
        self.limit = limit
        self.path = tuple(path)
        super().__init__(
            f"More than {limit} events in one unit of work; the last one came by {' -> '.join(self.path)}. Break the "
            "cycle, or raise max_events. Everything was rolled back"
        )


# --- notifications


class BrokerNotConfiguredError(UowEventsError, RuntimeError):
    """A notification event was recorded, but the mediator has no notification channel."""

    def __init__(self, event: type) -> None:
        self.event = event
        super().__init__(
            f"The notification event {name_of(event)} cannot leave: no channel is configured. "
            "Pass notifications=Outbox() (or DirectPublishing(broker)) to the Mediator"
        )


class NotificationError(UowEventsError, ValueError):
    """A notification event cannot become a message; `field` is the field to blame, where one is."""

    def __init__(self, event: type, problem: str, field: str | None = None) -> None:
        self.event = event
        self.field = field
        self.problem = problem
        where = f" (field {field!r})" if field else ""
        super().__init__(f"The notification event {name_of(event)}{where} cannot be published: {problem}")


class OutboxTooLargeError(UowEventsError, ValueError):
    """The notifications of one unit of work exceed what one statement carries."""

    def __init__(self, size: int, limit: int, types: Sequence[str]) -> None:
        self.size = size
        self.limit = limit
        self.types = tuple(types)
        super().__init__(
            f"The notifications of one unit of work take {size} bytes, and the limit is {limit}: {', '.join(types)}. "
            "Split the command, or send references in place of contents"
        )


class PublishingError(UowEventsError, RuntimeError):
    """DirectPublishing's broker did not accept a message."""

    def __init__(self, event: type, topic: str) -> None:
        self.event = event
        self.topic = topic
        super().__init__(f"The broker did not accept {name_of(event)} for the topic {topic!r}")


def name_of(thing: object) -> str:
    """Return the name a reader knows a class, function, type annotation or object by."""
    if isinstance(thing, UnionType | TypeVar | NewType) or get_origin(thing) is not None:
        return str(thing)
    named = thing if isinstance(thing, type | FunctionType | MethodType) else type(thing)
    return named.__qualname__.rpartition("<locals>.")[2]


class UnknownSchemaVersionError(UowEventsError, ValueError):
    """A version of the framework's tables was named that this release does not know."""

    def __init__(self, version: int, latest: int) -> None:
        self.version = version
        self.latest = latest
        super().__init__(
            f"This release of uow-events does not know version {version} of its tables: it knows 1 to {latest}. "
            "Name one of these, or install a newer release."
        )


class EmbeddedPostgresError(UowEventsError, RuntimeError):
    """The embedded PostgreSQL did not start, or is used outside of its block."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The embedded PostgreSQL {reason}")


class InvalidDsnError(UowEventsError, ValueError):
    """A DSN is no URL of a PostgreSQL database; it is not repeated, since it may hold a password."""

    def __init__(self) -> None:
        super().__init__(
            "The DSN is not the URL of a PostgreSQL database: expected postgresql://user:password@host:5432/database "
            "(or postgres://, or postgresql+asyncpg://), with special characters of the password as %40 and the like."
        )


class DatabaseUnavailableError(UowEventsError, ConnectionError):
    """No connection to a database could be made."""

    def __init__(self, database: str, reason: str) -> None:
        self.database = database
        self.reason = reason
        super().__init__(f"No connection to {database}: {reason}. Check the DSN, and that the server accepts it.")


class MigrationFailedError(UowEventsError, RuntimeError):
    """A database refused a statement of a migration of the framework's tables, which was rolled back."""

    def __init__(self, database: str, schema: str, reason: str) -> None:
        self.database = database
        self.schema = schema
        self.reason = reason
        super().__init__(
            f"The tables in schema {schema!r} of {database} are as they were, since the database refused: {reason}"
        )
