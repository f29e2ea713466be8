"""The pipeline: who hears an event, how it is emitted, in which order all of them are processed."""

from uow_events.events.concurrent_processor import ConcurrentEventProcessor
from uow_events.events.event_emitter import EventEmitter, Unhandled
from uow_events.events.event_handler import EventHandler
from uow_events.events.event_map import EventMap
from uow_events.events.event_processor import EventProcessor
from uow_events.events.event_source import EventSource, SharedSource
from uow_events.events.mapped import carries_mapped_instance

__all__ = [
    "ConcurrentEventProcessor",
    "EventEmitter",
    "EventHandler",
    "EventMap",
    "EventProcessor",
    "EventSource",
    "SharedSource",
    "Unhandled",
    "carries_mapped_instance",
]
