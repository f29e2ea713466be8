"""Every error the framework raises, in one tree; in parentheses the builtin that each also is.

    UowEventsError
    +-- environment
    |   +-- MissingExtraError (ImportError)
    |   +-- SchemaNotMigratedError (RuntimeError)
    |   +-- UnknownSchemaVersionError (ValueError)
    |   +-- EmbeddedPostgresError (RuntimeError)
    |   +-- InvalidDsnError (ValueError)
    |   +-- DatabaseUnavailableError (ConnectionError)
    |   +-- MigrationFailedError (RuntimeError)
    +-- setup
    |   +-- NotAMessageError (TypeError)
    |   +-- HandlerSignatureError (TypeError)
    |   +-- DuplicateHandlerError (ValueError)
    |   +-- HandlerNotFoundError (LookupError)
    |   +-- UnhandledEventError (LookupError)
    |   +-- UnsupportedBindError (ValueError)
    |   +-- InvalidArgumentError (TypeError, ValueError)
    |   +-- UnresolvableDependencyError (LookupError)
    |   +-- CaptiveDependencyError (RuntimeError)
    |   +-- WiringError (RuntimeError)
    +-- transaction
    |   +-- TransactionControlError (RuntimeError)
    |   +-- UnitOfWorkClosedError (RuntimeError)
    |   +-- SessionOwnershipError (RuntimeError)
    |   +-- TransactionAbortedError (RuntimeError)
    |   +-- RollbackOnlyError (RuntimeError)
    |   +-- CommitOutcomeUnknownError (RuntimeError)
    +-- recording
    |   +-- NoUnitOfWorkError (RuntimeError)
    |   +-- UnattachedAggregateError (LookupError)
    |   +-- UnprocessedEventsError (RuntimeError)
    |   +-- EventStormError (RecursionError)
    `-- notification
        +-- BrokerNotConfiguredError (RuntimeError)
        +-- InvalidHeaderError (ValueError)
        +-- NotificationError (ValueError)
        +-- OutboxTooLargeError (ValueError)
        +-- PublishingError (RuntimeError)

Errors keep the objects they speak of as attributes, and say what happened, to which object, and what to do.
"""

from uow_events.errors.base import UowEventsError, name_of
from uow_events.errors.environment import (
    DatabaseUnavailableError,
    EmbeddedPostgresError,
    InvalidDsnError,
    MigrationFailedError,
    MissingExtraError,
    SchemaNotMigratedError,
    UnknownSchemaVersionError,
)
from uow_events.errors.notification import (
    BrokerNotConfiguredError,
    InvalidHeaderError,
    NotificationError,
    OutboxTooLargeError,
    PublishingError,
)
from uow_events.errors.recording import (
    EventStormError,
    NoUnitOfWorkError,
    UnattachedAggregateError,
    UnprocessedEventsError,
)
from uow_events.errors.setup import (
    CaptiveDependencyError,
    DuplicateHandlerError,
    HandlerNotFoundError,
    HandlerSignatureError,
    InvalidArgumentError,
    NotAMessageError,
    UnhandledEventError,
    UnresolvableDependencyError,
    UnsupportedBindError,
    WiringError,
)
from uow_events.errors.transaction import (
    CommitOutcomeUnknownError,
    RollbackOnlyError,
    SessionOwnershipError,
    TransactionAbortedError,
    TransactionControlError,
    UnitOfWorkClosedError,
)

__all__ = [
    "BrokerNotConfiguredError",
    "CaptiveDependencyError",
    "CommitOutcomeUnknownError",
    "DatabaseUnavailableError",
    "DuplicateHandlerError",
    "EmbeddedPostgresError",
    "EventStormError",
    "HandlerNotFoundError",
    "HandlerSignatureError",
    "InvalidArgumentError",
    "InvalidDsnError",
    "InvalidHeaderError",
    "MigrationFailedError",
    "MissingExtraError",
    "NoUnitOfWorkError",
    "NotAMessageError",
    "NotificationError",
    "OutboxTooLargeError",
    "PublishingError",
    "RollbackOnlyError",
    "SchemaNotMigratedError",
    "SessionOwnershipError",
    "TransactionAbortedError",
    "TransactionControlError",
    "UnattachedAggregateError",
    "UnhandledEventError",
    "UnitOfWorkClosedError",
    "UnknownSchemaVersionError",
    "UnprocessedEventsError",
    "UnresolvableDependencyError",
    "UnsupportedBindError",
    "UowEventsError",
    "WiringError",
    "name_of",
]
