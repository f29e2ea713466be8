"""WHAT is said: commands, events, their context and their form on the wire. Knows no database."""

from uow_events.messages.binding import Binding, Resolves, bind, type_arguments
from uow_events.messages.channel import NotificationChannel, OpenChannel
from uow_events.messages.codec import encode
from uow_events.messages.command import Command
from uow_events.messages.context import MessageContext, check_header
from uow_events.messages.domain_event import DomainEvent
from uow_events.messages.invocation import Invocation, RecordSink, running_invocation
from uow_events.messages.notification_event import NotificationEvent, notification
from uow_events.messages.record import Event, EventOrBuilder, Record, path_of, path_to
from uow_events.messages.recording import RecordsEvents
from uow_events.messages.wire import key_of, topic_of, wire_name

__all__ = [
    "Binding",
    "Command",
    "DomainEvent",
    "Event",
    "EventOrBuilder",
    "Invocation",
    "MessageContext",
    "NotificationChannel",
    "NotificationEvent",
    "OpenChannel",
    "Record",
    "RecordSink",
    "RecordsEvents",
    "Resolves",
    "bind",
    "check_header",
    "encode",
    "key_of",
    "notification",
    "path_of",
    "path_to",
    "running_invocation",
    "topic_of",
    "type_arguments",
    "wire_name",
]
