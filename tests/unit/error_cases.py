"""One of every error, with its message in full."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import uow_events.errors as errors
from uow_events.errors import UowEventsError


class Meeting: ...


class Join: ...


class Joined: ...


def handle() -> None: ...


@dataclass
class Case:
    error: UowEventsError
    builtin: type[Exception]
    attributes: dict[str, Any]
    message: str


CASES = [
    Case(
        errors.BrokerUnavailableError("NatsBroker", "refused"),
        ConnectionError,
        {"broker": "NatsBroker", "reason": "refused"},
        "NatsBroker cannot be reached: refused. Check its address, and that it runs",
    ),
    Case(
        errors.MessageRefusedError("meetings", "too large"),
        ValueError,
        {"topic": "meetings", "reason": "too large"},
        "The broker refuses the message for the topic 'meetings' for good: too large",
    ),
    Case(
        errors.RelayRunningError(),
        RuntimeError,
        {},
        "This relay runs already: stop() it first, or make another one",
    ),
    Case(
        errors.UnknownMessageTypeError("order-placed", ["a", "b"]),
        LookupError,
        {"type_name": "order-placed", "known": ("a", "b")},
        "No event is called 'order-placed' in this wire contract, which knows a, b: add its class, or give the class "
        'the name that is on the wire: name="..."',
    ),
    Case(
        errors.UnreadableMessageError("Joined", "its content is no JSON object"),
        ValueError,
        {"type_name": "Joined", "problem": "its content is no JSON object"},
        "The message of type 'Joined' cannot be read: its content is no JSON object",
    ),
    Case(
        errors.UnreadableMessageError(None, "it has no id"),
        ValueError,
        {"type_name": None, "problem": "it has no id"},
        "The message cannot be read: it has no id",
    ),
    Case(
        errors.ConsumptionInProgressError("billing", "7"),
        RuntimeError,
        {"consumer": "billing", "message_id": "7"},
        "The consumer 'billing' is at work on the message 7 elsewhere, which did not end within the lock timeout: "
        "leave the message unacknowledged, and consume it again later",
    ),
    Case(
        errors.OutboxBusyError("uow_events.outbox", timedelta(seconds=90)),
        TimeoutError,
        {"table": "uow_events.outbox", "waited": timedelta(seconds=90)},
        "A relay has held a shard of uow_events.outbox for 90 s, and nothing of that shard was changed: try again, "
        "with a longer lock_timeout, or stop the relays first",
    ),
    Case(
        errors.UnschedulableEventError(Joined, "it is no NotificationEvent", "Record it without available_at"),
        ValueError,
        {
            "event": Joined,
            "problem": "it is no NotificationEvent",
            "remedy": "Record it without available_at",
        },
        "The event Joined cannot wait until available_at: it is no NotificationEvent. Record it without available_at",
    ),
    Case(
        errors.EventsOfQueryError("Find", [2, "two", 3]),
        RuntimeError,
        {"query": "Find", "events": (2, "two", 3)},
        "The query Find recorded int, str: a query changes nothing, and so nothing happens in it that others could "
        "hear of. Make it a Command",
    ),
    Case(
        errors.WrongEventLoopError(),
        RuntimeError,
        {},
        "This mediator has been used on another event loop, to which its engine's connections belong: make an engine "
        "and a mediator for each event loop",
    ),
    Case(
        errors.RequiresNewLimitError("Join", 4),
        RuntimeError,
        {"name": "Join", "limit": 4},
        'Join with propagation="requires_new" was not begun: 4 transaction(s) of this mediator hold a connection '
        "already while they wait for an inner one, and with more of them the pool could run dry for good. Send it "
        "again, raise pool_size, or send it after the outer commit",
    ),
    Case(
        errors.TransactionOptionsConflictError("Join", "isolation_level", "SERIALIZABLE", None),
        ValueError,
        {"name": "Join", "option": "isolation_level", "wanted": "SERIALIZABLE", "running": None},
        "Join cannot join the running transaction: it asks for isolation_level='SERIALIZABLE', and the transaction has "
        "None. Give both the same option, or run it in a transaction of its own: "
        'send(..., propagation="requires_new")',
    ),
    Case(
        errors.TransactionOptionsConflictError("Join", "settings", {"app.tenant": "a"}, {"app.tenant": "b"}),
        ValueError,
        {"name": "Join", "option": "settings", "wanted": {"app.tenant": "a"}, "running": {"app.tenant": "b"}},
        "Join cannot join the running transaction: the settings it asks for are not those of the transaction. Give "
        'both the same option, or run it in a transaction of its own: send(..., propagation="requires_new")',
    ),
    Case(
        errors.NotRepeatableError("Charge", "PlaceOrder"),
        RuntimeError,
        {"name": "Charge", "running": "PlaceOrder"},
        "Charge is registered with repeatable=False, and PlaceOrder, inside of which it was sent, would run it again "
        "with each retry: leave the retry out of that one's options, or send this one before or after it",
    ),
    Case(
        errors.SchemaNotMigratedError("messaging.outbox"),
        RuntimeError,
        {"table": "messaging.outbox"},
        "The table messaging.outbox is not in this database, or not as this version needs it: its schema has not been "
        "migrated. Run `uow-events db upgrade --schema messaging`, or call "
        "uow_events.migrations.upgrade(op, schema='messaging') in a revision of your own.",
    ),
    Case(
        errors.InvalidArgumentError("max_events", "an integer from 1, and is 0"),
        ValueError,
        {"argument": "max_events", "expected": "an integer from 1, and is 0"},
        "The argument max_events must be an integer from 1, and is 0",
    ),
    Case(
        errors.InvalidHeaderError("traceparent", "it must be a str, and is a int"),
        ValueError,
        {"name": "traceparent", "problem": "it must be a str, and is a int"},
        "The header 'traceparent' cannot be sent: it must be a str, and is a int",
    ),
    Case(
        errors.MiddlewareError(handle, "called call_next() twice", "do it once"),
        RuntimeError,
        {"middleware": handle, "problem": "called call_next() twice"},
        "The middleware handle called call_next() twice; do it once",
    ),
    Case(
        errors.MissingExtraError("The command uow-events", "cli"),
        ImportError,
        {"feature": "The command uow-events", "extra": "cli"},
        "The command uow-events needs the extra 'cli': pip install 'uow-events[cli]'",
    ),
    Case(
        errors.SchemaNotMigratedError("uow_events.outbox"),
        RuntimeError,
        {"table": "uow_events.outbox"},
        "The table uow_events.outbox is not in this database, or not as this version needs it: its schema has not been "
        "migrated. Run `uow-events db upgrade`, or call uow_events.migrations.upgrade(op) in a revision of your own.",
    ),
    Case(
        errors.NotAMessageError(Join, "a Command"),
        TypeError,
        {"thing": Join, "expected": "a Command"},
        "the class Join is not a Command; derive its class from it and pass an instance",
    ),
    Case(
        errors.HandlerSignatureError(handle, "it takes no message"),
        TypeError,
        {"handler": handle, "problem": "it takes no message"},
        "The handler handle cannot be registered: it takes no message",
    ),
    Case(
        errors.DuplicateHandlerError(Join, Meeting, handle),
        ValueError,
        {"message": Join, "first": Meeting, "second": handle},
        "Join is already handled by Meeting; handle cannot be registered for it too",
    ),
    Case(
        errors.RegistrationClosedError(handle, "a command has been sent"),
        RuntimeError,
        {"handler": handle, "reason": "a command has been sent"},
        "handle cannot be registered any more: a command has been sent. Register and declare everything before that",
    ),
    Case(
        errors.HandlerNotFoundError(Join, "query"),
        LookupError,
        {"message": Join, "kind": "query"},
        "No handler is registered for the query Join: decorate one with @registry.query_handler, or include its "
        "registry",
    ),
    Case(
        errors.HandlerNotFoundError(Join),
        LookupError,
        {"message": Join, "kind": "command"},
        "No handler is registered for the command Join: decorate one with @registry.command_handler, or include its "
        "registry",
    ),
    Case(
        errors.UnhandledEventError(Joined),
        LookupError,
        {"event": Joined},
        "Handlers for event Joined not found: register one with @registry.event_handler, or set "
        'unhandled_events="warn"',
    ),
    Case(
        errors.UnsupportedBindError("an engine", "it is no engine"),
        ValueError,
        {"bind": "an engine", "problem": "it is no engine"},
        "The str given as bind cannot carry a unit of work: it is no engine",
    ),
    Case(
        errors.UnresolvableDependencyError(Meeting, "it is abstract", "bind one to it"),
        LookupError,
        {"dependency": Meeting, "problem": "it is abstract", "remedy": "bind one to it", "is_known": False},
        "Meeting cannot be resolved: it is abstract; bind one to it",
    ),
    Case(
        errors.CaptiveDependencyError(Meeting, Join),
        RuntimeError,
        {"dependency": Meeting, "singleton": Join},
        "The singleton Join asks for Meeting, which belongs to one unit of work: every later command would write "
        "through the first one's closed session. Bind it without Singleton, or list it in Mediator(scoped=[...])",
    ),
    Case(
        errors.CaptiveDependencyError(Meeting),
        RuntimeError,
        {"dependency": Meeting, "singleton": None},
        "A singleton asks for Meeting, which belongs to one unit of work: every later command would write through the "
        "first one's closed session. Bind it without Singleton, or list it in Mediator(scoped=[...])",
    ),
    Case(
        errors.WiringError([errors.Fault("Join -> Clock", "it is abstract", "bind one"), errors.Fault("a", "b", "c")]),
        RuntimeError,
        {"faults": (errors.Fault("Join -> Clock", "it is abstract", "bind one"), errors.Fault("a", "b", "c"))},
        "2 fault(s) in the wiring of this mediator:\n  - Join -> Clock: it is abstract; bind one\n  - a: b; c",
    ),
    Case(
        errors.TransactionControlError("session.commit()"),
        RuntimeError,
        {"operation": "session.commit()"},
        "session.commit() is not allowed inside a unit of work, which commits or rolls back as a whole: remove the "
        "call (flush() sends pending changes, begin_nested() opens a savepoint). The unit of work rolls back",
    ),
    Case(
        errors.UnitOfWorkClosedError("The session"),
        RuntimeError,
        {"used": "The session", "state": "has ended"},
        "The session was used, but its unit of work has ended: await everything that uses it before the handler "
        "returns, or open a unit of work of its own",
    ),
    Case(
        errors.SessionOwnershipError("session.execute()", "session.flush()"),
        RuntimeError,
        {"operation": "session.execute()", "running": "session.flush()", "handler": None},
        "session.execute() was called on a session while session.flush() is still running on it in another task: "
        "await one after the other, or give the second task a unit of work of its own",
    ),
    Case(
        errors.SessionOwnershipError("session.execute()", "nobody", handler="SendMail"),
        RuntimeError,
        {"operation": "session.execute()", "running": "nobody", "handler": "SendMail"},
        "session.execute() was called by SendMail, but event handlers run concurrently, and nobody holds the session: "
        "ask for AsyncSession or UnitOfWork in the handler's constructor (a function: as a parameter), so that it runs "
        "alone on the session",
    ),
    Case(
        errors.TransactionAbortedError("a flush failed"),
        RuntimeError,
        {"problem": "a flush failed", "is_connection_lost": False, "is_stored_in_part": False},
        "There was no commit: a flush failed. Let database errors leave the handler, or do what may fail inside "
        "`async with session.begin_nested()`",
    ),
    Case(
        errors.RollbackOnlyError("A joined send of Join"),
        RuntimeError,
        {"joined": "A joined send of Join", "reason": "half of it would have been committed"},
        "A joined send of Join failed inside this transaction and its error was caught: half of it would have been "
        "committed, so everything was rolled back. Let the error pass",
    ),
    Case(
        errors.CommitOutcomeUnknownError("no answer in time"),
        RuntimeError,
        {"reason": "no answer in time"},
        "The outcome of the commit is unknown: no answer in time. Look at the data before sending the command again",
    ),
    Case(
        errors.CommandTimeoutError(
            "Join", timedelta(seconds=1.5), "handle, handling Join -> Joined, in session.flush()"
        ),
        TimeoutError,
        {
            "command": "Join",
            "limit": timedelta(seconds=1.5),
            "running": "handle, handling Join -> Joined, in session.flush()",
        },
        "Join took longer than its timeout of 1.5 s, and everything was rolled back. Running was handle, handling "
        "Join -> Joined, in session.flush(): find out what that waited for, or raise TransactionOptions(timeout=...)",
    ),
    Case(
        errors.CommitRolledBackError("no answer in time"),
        RuntimeError,
        {"problem": "no answer in time", "is_connection_lost": True, "is_stored_in_part": False},
        "There was no commit: no answer in time, and the server rolled it back. The command can be sent again",
    ),
    Case(
        errors.IdempotencyConflictError(Join, "k1", "tenant"),
        ValueError,
        {"command": Join, "key": "k1", "scope": "tenant"},
        "The idempotency key 'k1' of 'tenant' belongs to another Join, whose content differs: repeat that one "
        "unchanged, or give this one a key of its own",
    ),
    Case(
        errors.IdempotencyInProgressError(Join, "k1"),
        RuntimeError,
        {"command": Join, "key": "k1", "scope": ""},
        "Join with the idempotency key 'k1' is still running, and its response was not there in time: send it again "
        "later, with the same key",
    ),
    Case(
        errors.IdempotencyRequestError(Join, "its name is too long"),
        TypeError,
        {"command": Join, "problem": "its name is too long"},
        "Join cannot be sent with an idempotency key: its name is too long",
    ),
    Case(
        errors.IdempotencyResponseError(Join, list[Meeting], "Meeting cannot be restored"),
        TypeError,
        {"command": Join, "response_type": list[Meeting], "problem": "Meeting cannot be restored"},
        "The response of Join, list[tests.unit.error_cases.Meeting], cannot be kept under an idempotency key: Meeting "
        "cannot be restored",
    ),
    Case(
        errors.NoUnitOfWorkError("Recording a callable"),
        RuntimeError,
        {"operation": "Recording a callable"},
        "Recording a callable needs a running unit of work: call it from a handler, or inside `async with "
        "mediator.unit_of_work()`",
    ),
    Case(
        errors.UnattachedAggregateError(Meeting, "it was never added"),
        LookupError,
        {"aggregate": Meeting, "problem": "it was never added"},
        "Meeting recorded an event, but it was never added: add, load or merge it in this unit of work's session, or "
        "record the event through the handler. Everything was rolled back",
    ),
    Case(
        errors.AggregateNotFoundError(Meeting, {"tenant": "acme", "id": 3}),
        LookupError,
        {"aggregate": Meeting, "identity": {"tenant": "acme", "id": 3}},
        "No Meeting has the tenant and id that the command gives: it was never stored, or was deleted. This error's "
        "attribute identity holds the values",
    ),
    Case(
        errors.UnprocessedEventsError([2, "two", 3]),
        RuntimeError,
        {"events": (2, "two", 3)},
        "int, str recorded in a unit of work without an event processor would be lost: pass pipeline=, or use "
        "mediator.unit_of_work(). Everything was rolled back",
    ),
    Case(
        errors.EventStormError(3, ["Join", "Joined"]),
        RecursionError,
        {"limit": 3, "path": ("Join", "Joined")},
        "More than 3 events in one unit of work; the last one came by Join -> Joined. Break the cycle, or raise "
        "max_events. Everything was rolled back",
    ),
    Case(
        errors.BrokerNotConfiguredError(Joined),
        RuntimeError,
        {"event": Joined},
        "The notification event Joined cannot leave: no channel is configured. Pass notifications=Outbox() (or "
        "DirectPublishing(broker)) to the Mediator",
    ),
    Case(
        errors.NotificationError(Joined, "it is not text", "user"),
        ValueError,
        {"event": Joined, "problem": "it is not text", "field": "user"},
        "The notification event Joined (field 'user') cannot be published: it is not text",
    ),
    Case(
        errors.NotificationError(Joined, "it has no topic"),
        ValueError,
        {"event": Joined, "problem": "it has no topic", "field": None},
        "The notification event Joined cannot be published: it has no topic",
    ),
    Case(
        errors.OutboxTooLargeError(20, 10, ["Joined", "Left"]),
        ValueError,
        {"size": 20, "limit": 10, "types": ("Joined", "Left")},
        "The notifications of one unit of work take 20 bytes, and the limit is 10: Joined, Left. Split the command, or "
        "send references in place of contents",
    ),
    Case(
        errors.PublishingError(Joined, "meetings"),
        RuntimeError,
        {"event": Joined, "topic": "meetings"},
        "The broker did not accept Joined for the topic 'meetings'",
    ),
    Case(
        errors.UnknownSchemaVersionError(3, 2),
        ValueError,
        {"version": 3, "latest": 2},
        "This release of uow-events does not know version 3 of its tables: it knows 1 to 2. Name one of these, or "
        "install a newer release.",
    ),
    Case(
        errors.EmbeddedPostgresError("did not start"),
        RuntimeError,
        {"reason": "did not start"},
        "The embedded PostgreSQL did not start",
    ),
    Case(
        errors.InvalidDsnError(),
        ValueError,
        {},
        "The DSN is not the URL of a PostgreSQL database: expected postgresql://user:password@host:5432/database (or "
        "postgres://, or postgresql+asyncpg://), with special characters of the password as %40 and the like.",
    ),
    Case(
        errors.InvalidTargetError("app:mediatr", "there is no module 'app'"),
        ValueError,
        {"target": "app:mediatr", "problem": "there is no module 'app'", "wanted": "mediator"},
        "'app:mediatr' names no mediator: there is no module 'app'",
    ),
    Case(
        errors.InvalidTargetError("app:relai", "there is no module 'app'", "relay"),
        ValueError,
        {"target": "app:relai", "problem": "there is no module 'app'", "wanted": "relay"},
        "'app:relai' names no relay: there is no module 'app'",
    ),
    Case(
        errors.DatabaseUnavailableError("app on localhost", "refused"),
        ConnectionError,
        {"database": "app on localhost", "reason": "refused"},
        "No connection to app on localhost: refused. Check the DSN, and that the server accepts it.",
    ),
    Case(
        errors.DatabaseRefusedError("app", "permission denied"),
        RuntimeError,
        {"database": "app", "reason": "permission denied"},
        "The statement was rolled back, since app refused it: permission denied",
    ),
    Case(
        errors.MigrationFailedError("app", "uow_events", "permission denied"),
        RuntimeError,
        {"database": "app", "schema": "uow_events", "reason": "permission denied"},
        "The tables in schema 'uow_events' of app are as they were, since the database refused: permission denied",
    ),
]
