"""Circles in what handlers say they record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from uow_events import DomainEvent, NotificationEvent, Registry, WiringError
from uow_events.container import LagomResolver
from uow_events.mediator.verification import UNIT_TYPES, verify
from uow_events.messages import HandlerOptions


class Joined(DomainEvent): ...


class Counted(DomainEvent): ...


class Filled(DomainEvent): ...


class FilledEarly(Filled): ...


@dataclass
class Told(NotificationEvent, topic="t"): ...


async def count(event: Joined) -> None: ...


async def recount(event: Counted) -> None: ...


async def close(event: Filled) -> None: ...


REMEDY = "break the circle; where a condition in a handler ends it, leave that event out of the handler's records="


def faults(*recorded: tuple[Any, tuple[type, ...]], declared: tuple[type, ...] = ()) -> list[str]:
    registry = Registry()
    for handler, records in recorded:
        registry.event_map.register(handler, options=HandlerOptions(records=records))
    if declared:
        registry.declare(*declared)
    try:
        verify(registry, LagomResolver(), UNIT_TYPES)
    except WiringError as error:
        return [str(fault) for fault in error.faults if "never declared" not in fault.problem]
    return []


def test_chains_and_diamonds_are_no_circles() -> None:
    assert faults((count, (Counted, Filled)), (recount, (Filled, Told)), (close, (Told,))) == []


def test_a_circle_is_named_with_the_handlers_it_goes_through() -> None:
    assert faults((count, (Counted,)), (recount, (Filled,)), (close, (Counted, Told))) == [
        "Counted -> Filled -> Counted: these events record each other without end, through recount, close; " + REMEDY
    ]


def test_an_event_that_its_own_handler_records_is_a_circle() -> None:
    assert faults((count, (Joined,))) == [
        f"Joined -> Joined: these events record each other without end, through count; {REMEDY}"
    ]


def test_each_way_back_is_a_fault_of_its_own() -> None:
    async def count_too(event: Joined) -> None: ...

    assert faults((count, (Counted,)), (count_too, (Joined,)), (recount, (Joined,))) == [
        f"Joined -> Counted -> Joined: these events record each other without end, through count, recount; {REMEDY}",
        f"Joined -> Joined: these events record each other without end, through count_too; {REMEDY}",
    ]


def test_a_handler_of_a_base_closes_the_circle_of_a_subclass() -> None:
    assert faults((close, (FilledEarly,)), declared=(FilledEarly,)) == [
        f"FilledEarly -> FilledEarly: these events record each other without end, through close; {REMEDY}"
    ]
