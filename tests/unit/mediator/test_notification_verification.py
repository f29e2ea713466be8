"""Notification events that could not leave, or be told apart, are faults before one is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from uow_events import (
    DirectPublishing,
    DomainEvent,
    NotificationChannel,
    NotificationEvent,
    Outbox,
    Registry,
    WiringError,
)
from uow_events.brokers import InMemoryBroker
from uow_events.container import LagomResolver
from uow_events.mediator.verification import UNIT_TYPES, verify
from uow_events.messages import HandlerOptions


class Handle:
    """An open file, say."""


@dataclass
class Told(NotificationEvent, topic="t", key="about"):
    about: str


@dataclass
class Unkeyed(NotificationEvent, topic="t", key="abuot"):
    about: str


@dataclass
class ByProperty(NotificationEvent, topic="t", key="about"):
    @property
    def about(self) -> str:
        return "it"


class Fieldless(NotificationEvent, topic="t", key="about"): ...


@dataclass
class Holding(NotificationEvent, topic="t"):
    number: int
    handle: Handle
    handles: list[Handle | None]


@dataclass
class Badly(NotificationEvent, topic="", name="\0"): ...


def twin(name: str | None = None) -> type[NotificationEvent]:
    @dataclass
    class Told(NotificationEvent, topic="elsewhere", name=name): ...

    return Told


async def hear(event: Told) -> None: ...


JSON = "which cannot be encoded as JSON; give it a plain value, a dataclass, attrs class, pydantic model or msgspec."


def faults(*declared: type, channel: Any = None) -> list[str]:
    registry = Registry()
    registry.declare(*declared)
    return faults_of(registry, channel)


def faults_of(registry: Registry, channel: NotificationChannel | None = None) -> list[str]:
    try:
        verify(registry, LagomResolver(), UNIT_TYPES, channel)
    except WiringError as error:
        return [str(fault) for fault in error.faults]
    return []


def test_sound_notification_events_are_no_faults() -> None:
    assert faults(Told, ByProperty, twin("other")) == []


def test_two_of_one_name_on_the_wire_are_a_fault() -> None:
    other = twin()
    assert faults(Told, other) == [
        f"{__name__}.Told, {__name__}.Told: both are called 'Told' on the wire, and consumers could not tell them "
        'apart; give one of them a name of its own: name="..."'
    ]


def test_names_of_what_is_handled_or_recorded_count_too() -> None:
    registry = Registry()
    registry.event_map.register(hear, options=HandlerOptions(records=(twin(), DomainEvent)))
    assert ["called 'Told' on the wire" in fault for fault in faults_of(registry)] == [True]


def test_a_key_that_is_no_field_is_a_fault() -> None:
    assert faults(Unkeyed) == ["Unkeyed: its key names 'abuot', which is no field of it; name one of ['about']"]


def test_a_topic_and_a_name_that_no_broker_takes_are_faults() -> None:
    assert faults(Badly) == [
        "Badly: its name cannot be used: it holds NUL or a lone surrogate, which cannot be stored as text; give it "
        "another",
        "Badly: its topic cannot be used: it must have 1 to 255 characters, and has 0; give it another",
    ]


@pytest.mark.parametrize("channel", [None, Outbox(), DirectPublishing(InMemoryBroker())])
def test_fields_that_no_encoder_knows_are_faults(channel: NotificationChannel | None) -> None:
    assert faults(Holding, channel=channel) == [
        f"Holding: its field 'handle' holds Handle, {JSON}Struct, or an id",
        f"Holding: its field 'handles' holds Handle, {JSON}Struct, or an id",
    ]


def test_a_class_without_fields_is_a_fault() -> None:
    assert faults(Fieldless) == [
        "Fieldless: this notification event cannot be encoded as JSON: it has no fields; make it a dataclass, attrs "
        "class, pydantic model or msgspec.Struct"
    ]


class OwnChannel:
    open = None


def test_a_channel_of_the_users_own_may_encode_what_it_likes() -> None:
    assert faults(Holding, Fieldless, channel=OwnChannel()) == []
