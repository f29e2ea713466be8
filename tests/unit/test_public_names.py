"""The public names, written down: adding or removing one is a decision."""

import uow_events

NAMES = """
AggregateRoot
Broker
BrokerMessage
BrokerNotConfiguredError
CaptiveDependencyError
Command
CommandHandler
CommitOutcomeUnknownError
DatabaseUnavailableError
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
HandlerNotFoundError
HandlerSignatureError
InMemoryBroker
InvalidArgumentError
InvalidDsnError
InvalidHeaderError
Mediator
MessageContext
MigrationFailedError
MissingExtraError
NoUnitOfWorkError
NotAMessageError
NotificationChannel
NotificationError
NotificationEvent
OpenChannel
Outbox
OutboxTooLargeError
PublishingError
Record
RecordSink
Recorder
Registry
Resolver
RollbackOnlyError
SchemaNotMigratedError
SessionOwnershipError
TransactionAbortedError
TransactionControlError
UnattachedAggregateError
UnhandledEventError
UnitOfWork
UnitOfWorkClosedError
UnknownSchemaVersionError
UnprocessedEventsError
UnresolvableDependencyError
UnsupportedBindError
UowEventsError
WiringError
metadata
notification
tables
"""


def test_the_public_names_are_these() -> None:
    assert uow_events.__all__ == NAMES.split()
    assert all(hasattr(uow_events, name) for name in uow_events.__all__)


def test_every_error_is_public() -> None:
    from uow_events import errors

    assert set(errors.__all__) - {"name_of"} <= set(uow_events.__all__)
