"""The pipeline: who hears an event, how it is emitted, in which order all of them are processed."""

from uow_events.events.event_emitter import EventEmitter, Unhandled
from uow_events.events.event_handler import EventHandler
from uow_events.events.event_map import EventMap
from uow_events.events.event_processor import EventProcessor, EventSource

__all__ = ["EventEmitter", "EventHandler", "EventMap", "EventProcessor", "EventSource", "Unhandled"]
