"""WHAT is said: commands, events, their context and their form on the wire. Knows no database."""

from uow_events.messages.binding import Binding, Resolves, bind, reflect, type_arguments
from uow_events.messages.binding_options import with_options
from uow_events.messages.channel import NotificationChannel, OpenChannel
from uow_events.messages.circuit_breaker import CircuitBreaker, GuardedRun
from uow_events.messages.codec import check_finite, encode
from uow_events.messages.command import Command
from uow_events.messages.context import MessageContext
from uow_events.messages.delivered import Delivered
from uow_events.messages.domain_event import DomainEvent
from uow_events.messages.encodable import fields_of, unencodable_fields
from uow_events.messages.fallback_handler import FallbackHandler
from uow_events.messages.handler_options import DEFAULT_OPTIONS, HandlerOptions, InnerCommit, OnError, Phase
from uow_events.messages.headers import CLOUD_EVENTS, TYPE_VERSION, check_header, check_headers, without_credentials
from uow_events.messages.idempotency_key import IdempotencyKey
from uow_events.messages.invocation import Invocation, RecordSink, running_invocation
from uow_events.messages.notes import add_note, described
from uow_events.messages.notification_event import NotificationEvent, notification
from uow_events.messages.position import FIRST, Position
from uow_events.messages.query import Query
from uow_events.messages.received import ReceivedMessage
from uow_events.messages.record import Event, EventOrBuilder, Record, Undoable, path_of, path_to
from uow_events.messages.recording import RecordsEvents
from uow_events.messages.request import is_kind_of, response_of
from uow_events.messages.schedule import AvailableAt
from uow_events.messages.text import failure_text
from uow_events.messages.transaction_mark import TransactionMark
from uow_events.messages.turn import Turn
from uow_events.messages.wire import key_of, topic_of, wire_name, wire_version
from uow_events.messages.wire_contract import WireContract

__all__ = [
    "AvailableAt",
    "Binding",
    "CLOUD_EVENTS",
    "CircuitBreaker",
    "Command",
    "DEFAULT_OPTIONS",
    "Delivered",
    "DomainEvent",
    "Event",
    "EventOrBuilder",
    "FIRST",
    "FallbackHandler",
    "GuardedRun",
    "HandlerOptions",
    "IdempotencyKey",
    "InnerCommit",
    "Invocation",
    "MessageContext",
    "NotificationChannel",
    "NotificationEvent",
    "OnError",
    "OpenChannel",
    "Phase",
    "Position",
    "Query",
    "ReceivedMessage",
    "Record",
    "RecordSink",
    "RecordsEvents",
    "Resolves",
    "TYPE_VERSION",
    "TransactionMark",
    "Turn",
    "Undoable",
    "WireContract",
    "add_note",
    "bind",
    "check_finite",
    "check_header",
    "check_headers",
    "described",
    "encode",
    "failure_text",
    "fields_of",
    "is_kind_of",
    "key_of",
    "notification",
    "path_of",
    "path_to",
    "reflect",
    "response_of",
    "running_invocation",
    "topic_of",
    "type_arguments",
    "unencodable_fields",
    "wire_name",
    "wire_version",
    "with_options",
    "without_credentials",
]
