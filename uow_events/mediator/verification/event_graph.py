"""Events whose handlers record each other without end, as far as `records` of their registrations shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from uow_events.errors import Fault, name_of
from uow_events.events import EventMap
from uow_events.messages import Binding, DomainEvent, NotificationEvent

Step = tuple[type, str]


def circles(declared: Iterable[type], event_map: EventMap) -> Iterator[Fault]:
    """Find the circles of event -> handler -> recorded event; one fault for each way back."""
    done: set[type] = set()
    for event in dict.fromkeys((*declared, *(binding.message_type for binding in event_map))):
        if issubclass(event, DomainEvent | NotificationEvent):
            yield from _from(event, (), event_map, done)


def _from(event: type, path: tuple[Step, ...], event_map: EventMap, done: set[type]) -> Iterator[Fault]:
    for handler, recorded in _recorded_by(event_map.handlers_of(event)):
        here = (*path, (event, handler))
        on_path = [step for step, _ in here]
        if recorded in on_path:
            yield _circle(here[on_path.index(recorded) :])
        elif recorded not in done:
            yield from _from(recorded, here, event_map, done)
    done.add(event)


def _recorded_by(handlers: Iterable[Binding]) -> Iterator[tuple[str, type]]:
    for binding in handlers:
        for recorded in binding.options.records:
            yield binding.name, recorded


def _circle(steps: tuple[Step, ...]) -> Fault:
    events = [name_of(event) for event, _ in steps]
    return Fault(
        " -> ".join([*events, events[0]]),
        f"these events record each other without end, through {', '.join(handler for _, handler in steps)}",
        "break the circle; where a condition in a handler ends it, leave that event out of the handler's records=",
    )
