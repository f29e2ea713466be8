"""Every error the framework raises, in one tree; in parentheses the builtin that each also is.

    UowEventsError
    +-- environment
    |   +-- MissingExtraError (ImportError)
    |   +-- SchemaNotMigratedError (RuntimeError)
    |   +-- UnknownSchemaVersionError (ValueError)
    |   +-- EmbeddedPostgresError (RuntimeError)
    |   +-- InvalidDsnError (ValueError)
    |   +-- InvalidTargetError (ValueError)
    |   +-- DatabaseUnavailableError (ConnectionError)
    |   +-- MigrationFailedError (RuntimeError)
    |   +-- DatabaseRefusedError (RuntimeError)
    +-- setup
    |   +-- NotAMessageError (TypeError)
    |   +-- HandlerSignatureError (TypeError)
    |   +-- DuplicateHandlerError (ValueError)
    |   +-- RegistrationClosedError (RuntimeError)
    |   +-- HandlerNotFoundError (LookupError)
    |   +-- UnhandledEventError (LookupError)
    |   +-- UnsupportedBindError (ValueError)
    |   +-- InvalidArgumentError (TypeError, ValueError)
    |   +-- UnresolvableDependencyError (LookupError)
    |   +-- CaptiveDependencyError (RuntimeError)
    |   +-- WiringError (RuntimeError)
    +-- middleware
    |   `-- MiddlewareError (RuntimeError)
    +-- transaction
    |   +-- TransactionControlError (RuntimeError)
    |   +-- UnitOfWorkClosedError (RuntimeError)
    |   +-- SessionOwnershipError (RuntimeError)
    |   +-- TransactionAbortedError (RuntimeError)
    |   |   `-- CommitRolledBackError
    |   +-- RollbackOnlyError (RuntimeError)
    |   +-- CommitOutcomeUnknownError (RuntimeError)
    |   +-- CommandTimeoutError (TimeoutError)
    +-- sending
    |   +-- WrongEventLoopError (RuntimeError)
    |   +-- NotRepeatableError (RuntimeError)
    |   +-- RequiresNewLimitError (RuntimeError)
    |   +-- TransactionOptionsConflictError (ValueError)
    +-- idempotency
    |   +-- IdempotencyConflictError (ValueError)
    |   +-- IdempotencyInProgressError (RuntimeError)
    |   +-- IdempotencyRequestError (TypeError)
    |   +-- IdempotencyResponseError (TypeError)
    +-- recording
    |   +-- NoUnitOfWorkError (RuntimeError)
    |   +-- UnattachedAggregateError (LookupError)
    |   +-- AggregateNotFoundError (LookupError)
    |   +-- UnprocessedEventsError (RuntimeError)
    |   +-- EventsOfQueryError (RuntimeError)
    |   +-- EventStormError (RecursionError)
    +-- consuming
    |   +-- UnknownMessageTypeError (LookupError)
    |   +-- UnreadableMessageError (ValueError)
    |   +-- ConsumptionInProgressError (RuntimeError)
    +-- delivery
    |   +-- BrokerUnavailableError (ConnectionError)
    |   +-- MessageRefusedError (ValueError)
    |   +-- OutboxBusyError (TimeoutError)
    |   +-- RelayRunningError (RuntimeError)
    `-- notification
        +-- BrokerNotConfiguredError (RuntimeError)
        +-- InvalidHeaderError (ValueError)
        +-- NotificationError (ValueError)
        +-- UnschedulableEventError (ValueError)
        +-- OutboxTooLargeError (ValueError)
        +-- PublishingError (RuntimeError)

Errors keep the objects they speak of as attributes, and say what happened, to which object, and what to do.
"""

from uow_events.errors.base import UowEventsError, kind_of, name_of
from uow_events.errors.consuming import ConsumptionInProgressError, UnknownMessageTypeError, UnreadableMessageError
from uow_events.errors.delivery import BrokerUnavailableError, MessageRefusedError, OutboxBusyError, RelayRunningError
from uow_events.errors.environment import (
    DatabaseRefusedError,
    DatabaseUnavailableError,
    EmbeddedPostgresError,
    InvalidDsnError,
    InvalidTargetError,
    MigrationFailedError,
    MissingExtraError,
    SchemaNotMigratedError,
    UnknownSchemaVersionError,
)
from uow_events.errors.fault import Fault
from uow_events.errors.idempotency import (
    IdempotencyConflictError,
    IdempotencyInProgressError,
    IdempotencyRequestError,
    IdempotencyResponseError,
)
from uow_events.errors.middleware import MiddlewareError
from uow_events.errors.notification import (
    BrokerNotConfiguredError,
    InvalidHeaderError,
    NotificationError,
    OutboxTooLargeError,
    PublishingError,
    UnschedulableEventError,
)
from uow_events.errors.recording import (
    AggregateNotFoundError,
    EventsOfQueryError,
    EventStormError,
    NoUnitOfWorkError,
    UnattachedAggregateError,
    UnprocessedEventsError,
)
from uow_events.errors.sending import (
    NotRepeatableError,
    RequiresNewLimitError,
    TransactionOptionsConflictError,
    WrongEventLoopError,
)
from uow_events.errors.setup import (
    CaptiveDependencyError,
    DuplicateHandlerError,
    HandlerNotFoundError,
    HandlerSignatureError,
    InvalidArgumentError,
    NotAMessageError,
    RegistrationClosedError,
    UnhandledEventError,
    UnresolvableDependencyError,
    UnsupportedBindError,
    WiringError,
)
from uow_events.errors.transaction import (
    CommandTimeoutError,
    CommitOutcomeUnknownError,
    CommitRolledBackError,
    RollbackOnlyError,
    SessionOwnershipError,
    TransactionAbortedError,
    TransactionControlError,
    UnitOfWorkClosedError,
)

__all__ = [
    "AggregateNotFoundError",
    "BrokerNotConfiguredError",
    "BrokerUnavailableError",
    "CaptiveDependencyError",
    "CommandTimeoutError",
    "CommitOutcomeUnknownError",
    "CommitRolledBackError",
    "ConsumptionInProgressError",
    "DatabaseRefusedError",
    "DatabaseUnavailableError",
    "DuplicateHandlerError",
    "EmbeddedPostgresError",
    "EventStormError",
    "EventsOfQueryError",
    "Fault",
    "HandlerNotFoundError",
    "HandlerSignatureError",
    "IdempotencyConflictError",
    "IdempotencyInProgressError",
    "IdempotencyRequestError",
    "IdempotencyResponseError",
    "InvalidArgumentError",
    "InvalidDsnError",
    "InvalidHeaderError",
    "InvalidTargetError",
    "MessageRefusedError",
    "MiddlewareError",
    "MigrationFailedError",
    "MissingExtraError",
    "NoUnitOfWorkError",
    "NotAMessageError",
    "NotRepeatableError",
    "NotificationError",
    "OutboxBusyError",
    "OutboxTooLargeError",
    "PublishingError",
    "RegistrationClosedError",
    "RelayRunningError",
    "RequiresNewLimitError",
    "RollbackOnlyError",
    "SchemaNotMigratedError",
    "SessionOwnershipError",
    "TransactionAbortedError",
    "TransactionControlError",
    "TransactionOptionsConflictError",
    "UnattachedAggregateError",
    "UnhandledEventError",
    "UnitOfWorkClosedError",
    "UnknownMessageTypeError",
    "UnknownSchemaVersionError",
    "UnprocessedEventsError",
    "UnreadableMessageError",
    "UnresolvableDependencyError",
    "UnschedulableEventError",
    "UnsupportedBindError",
    "UowEventsError",
    "WiringError",
    "WrongEventLoopError",
    "kind_of",
    "name_of",
]
