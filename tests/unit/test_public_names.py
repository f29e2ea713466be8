"""The public names, written down: adding or removing one is a decision."""

import uow_events

NAMES = """
AggregateNotFoundError
AggregateRoot
AvailableAt
Backoff
BlockedKey
Blueprint
Broker
BrokerMessage
BrokerNotConfiguredError
BrokerUnavailableError
CallNext
CaptiveDependencyError
CircuitBreaker
Command
CommandHandler
CommandTimeoutError
CommitOutcomeUnknownError
CommitRolledBackError
ContextFilter
DatabaseRefusedError
DatabaseUnavailableError
DeadLetter
DeadLetterFilter
DirectPublishing
DomainEvent
DuplicateHandlerError
EmbeddedPostgresError
Event
EventEmitter
EventHandler
EventMap
EventOrBuilder
EventProcessor
EventStormError
EventsOfQueryError
FallbackHandler
Fault
GuardedRun
HandlerContext
HandlerMiddleware
HandlerNotFoundError
HandlerSignatureError
IdempotencyConflictError
IdempotencyInProgressError
IdempotencyKey
IdempotencyRequestError
IdempotencyResponseError
InMemoryBroker
Inspectable
InvalidArgumentError
InvalidDsnError
InvalidHeaderError
InvalidTargetError
Mediator
MessageContext
MessageRefusedError
MiddlewareError
MigrationFailedError
MissingExtraError
NoUnitOfWorkError
NotAMessageError
NotRepeatableError
NotificationChannel
NotificationError
NotificationEvent
OpenChannel
Outbox
OutboxAdmin
OutboxBusyError
OutboxStatus
OutboxTooLargeError
Propagation
PublishingError
Query
QueryHandler
Record
RecordSink
Recorder
RegistrationClosedError
Registry
Relay
RelayRunningError
RelayStatus
RequiresNewLimitError
ResolvedOptions
Resolver
RetryPolicy
RollbackOnlyError
SchemaNotMigratedError
SendContext
SendMiddleware
SessionOwnershipError
TopicStatus
TransactionAbortedError
TransactionControlError
TransactionMark
TransactionOptions
TransactionOptionsConflictError
UnattachedAggregateError
UnhandledEventError
UnitOfWork
UnitOfWorkClosedError
UnknownSchemaVersionError
UnprocessedEventsError
UnresolvableDependencyError
UnschedulableEventError
UnsupportedBindError
UowEventsError
WiringError
WrongEventLoopError
is_retryable
metadata
notification
purge_idempotency_keys
tables
"""


def test_the_public_names_are_these() -> None:
    assert uow_events.__all__ == NAMES.split()
    assert all(hasattr(uow_events, name) for name in uow_events.__all__)


def test_every_error_is_public() -> None:
    from uow_events import errors

    assert set(errors.__all__) - {"kind_of", "name_of"} <= set(uow_events.__all__)
