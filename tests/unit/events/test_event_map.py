from typing import Any

import pytest

from uow_events import (
    DomainEvent,
    DuplicateHandlerError,
    EventHandler,
    EventMap,
    HandlerSignatureError,
    NotificationEvent,
)
from uow_events.messages import bind


class Happened(DomainEvent): ...


class Joined(Happened): ...


class Announced(NotificationEvent, topic="t"): ...


class Both(Joined, Announced, topic="t"): ...


async def first(event: Happened) -> None: ...


async def second(event: Joined) -> None: ...


async def third(event: Happened) -> None: ...


async def fourth(event: Announced) -> None: ...


class Handles(EventHandler[Joined]):
    async def handle(self, event: Joined) -> None: ...


def heard(events: EventMap, event: type[Any]) -> list[str]:
    return [binding.name for binding in events.handlers_of(event)]


def test_handlers_of_the_more_specific_class_come_first_then_in_registration_order() -> None:
    events = EventMap()
    for handler in (first, second, third, fourth, Handles):
        events.register(handler)
    assert heard(events, Joined) == ["second", "Handles", "first", "third"]
    assert heard(events, Happened) == ["first", "third"]
    assert heard(events, Both) == ["second", "Handles", "first", "third", "fourth"]
    assert [binding.name for binding in events] == ["first", "third", "second", "Handles", "fourth"]


def test_a_handler_registered_after_a_look_is_heard_too() -> None:
    events = EventMap()
    assert heard(events, Joined) == heard(events, Joined) == []
    events.register(first)
    assert heard(events, Joined) == ["first"]


def test_one_handler_may_hear_several_events() -> None:
    async def any_event(event) -> None:  # type: ignore[no-untyped-def]
        ...

    events = EventMap()
    events.register(any_event, Joined)
    events.register(any_event, Announced)
    assert heard(events, Both) == ["any_event", "any_event"]


def test_a_handler_is_registered_once_for_one_event() -> None:
    class Service:
        async def heard(self, event: Joined) -> None: ...

    service, events = Service(), EventMap()
    for handler, name in ((first, "first"), (service.heard, "Service.heard")):
        binding = events.register(handler)
        with pytest.raises(DuplicateHandlerError) as caught:
            events.add(bind(handler if handler is first else service.heard, EventHandler))
        assert str(caught.value) == (
            f"{binding.message_type.__name__} is already handled by {name}; {name} cannot be registered for it too"
        )


async def no_event(event: int) -> None: ...


async def union(event: Joined | Announced) -> None: ...


@pytest.mark.parametrize("handler", [no_event, union])
def test_a_handler_of_something_else_is_refused(handler: Any) -> None:
    with pytest.raises(HandlerSignatureError) as caught:
        EventMap().register(handler)
    assert str(caught.value) == (
        f"The handler {handler.__name__} cannot be registered: what it takes is no DomainEvent or NotificationEvent"
    )
