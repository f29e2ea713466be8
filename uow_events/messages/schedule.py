"""The time before which a notification event is not delivered."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeAlias

from uow_events.errors import InvalidArgumentError, UnschedulableEventError
from uow_events.messages.notification_event import NotificationEvent

AvailableAt: TypeAlias = datetime | timedelta
LONGEST = timedelta(days=36_500)
REMEDY = "Record it without available_at, or make it a NotificationEvent"


def check_schedule(available_at: object) -> None:
    """Make sure that a time is one: a datetime with a time zone, or a wait.

    Raises:
        InvalidArgumentError: it is not.
    """
    if isinstance(available_at, timedelta):
        if not timedelta(0) < available_at <= LONGEST:
            expected = f"more than 0 and at most {LONGEST.days} days, and is {available_at}"
            raise InvalidArgumentError("available_at", expected)
    elif not isinstance(available_at, datetime) or available_at.utcoffset() is None:
        expected = f"a datetime with a time zone, or a timedelta, and is {available_at!r}"
        raise InvalidArgumentError("available_at", expected)


def check_schedulable(event: object) -> None:
    """Make sure that an event, which was given a time, leaves the process at all.

    Raises:
        UnschedulableEventError: it is no NotificationEvent.
    """
    if not isinstance(event, NotificationEvent):
        problem = "it is no NotificationEvent, and is handled inside the transaction"
        raise UnschedulableEventError(type(event), problem, REMEDY)
