"""Faults of messages, and trap 16: handler classes that were built twice."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import attrs
import pytest

from uow_events import (
    DomainEvent,
    EventHandler,
    NotificationEvent,
    Registry,
    WiringError,
)
from uow_events.container import LagomResolver
from uow_events.mediator.verification import UNIT_TYPES, verify


class Joined(DomainEvent): ...


class Service: ...


def faults(registry: Registry) -> list[str]:
    try:
        verify(registry, LagomResolver(), UNIT_TYPES)
    except WiringError as error:
        return [str(fault) for fault in error.faults]
    return []


def registry_of(*handlers: Any) -> Registry:
    registry = Registry()
    for handler in handlers:
        registry.event_handler(handler)
    return registry


@dataclass
class Topicless(NotificationEvent): ...


class Base(NotificationEvent): ...


@dataclass
class Derived(Base, topic="t"): ...


async def hear_topicless(event: Topicless) -> None: ...


async def hear_base(event: Base) -> None: ...


async def hear_derived(event: Derived) -> None: ...


async def hear_all(event: NotificationEvent) -> None: ...


def test_a_notification_event_without_a_topic_is_a_fault_unless_it_is_a_base_of_others() -> None:
    assert faults(registry_of(hear_topicless, hear_base, hear_derived, hear_all)) == [
        "Topicless: this notification event has no topic; declare it as "
        '`class X(NotificationEvent, topic="...")` or with @notification(topic=...)'
    ]


class Inherited(EventHandler[Joined]):
    async def handle(self, event: Joined) -> None: ...


@pytest.mark.parametrize(
    "build",
    [dataclass(slots=True), attrs.define, dataclass(slots=True, frozen=True)],
    ids=["dataclass", "attrs", "frozen"],
)
def test_a_handler_that_was_discarded_for_a_second_build_is_noticed(build: Callable[[type], type]) -> None:
    class Twice(EventHandler[Joined]):
        service: Service

        async def handle(self, event: Joined) -> None: ...

    below, above = Registry(), Registry()
    built = build(below.event_handler(Twice))
    above.event_handler(built)
    assert built is not Twice
    (fault, *_) = faults(below)
    assert fault == (
        "Twice: the registered class was discarded by a decorator above it that builds the class anew, as "
        "@dataclass(slots=True) does; put the registering decorator on top"
    )
    assert faults(above) == []


def test_a_discarded_handler_that_inherits_its_handle_is_noticed() -> None:
    class Twice(Inherited):
        service: Service

    registry = Registry()
    kept = dataclass(slots=True)(registry.event_handler(Twice))
    assert kept is not Twice
    assert len(faults(registry)) == 1
    assert "discarded" in faults(registry)[0]


def test_a_plain_dataclass_handler_is_no_fault() -> None:
    @dataclass
    class Once(EventHandler[Joined]):
        service: Service

        async def handle(self, event: Joined) -> None: ...

    assert faults(registry_of(Once)) == []
