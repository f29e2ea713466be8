"""What commands and queries ask for beside their handlers."""

from __future__ import annotations

from collections.abc import Iterator

from uow_events.errors import Fault, InvalidArgumentError, UnsupportedBindError, name_of
from uow_events.mediator.idempotency import faults
from uow_events.mediator.options import NOTHING_GIVEN
from uow_events.mediator.registry import Registry, Route
from uow_events.messages import NotificationChannel
from uow_events.outbox import DirectPublishing
from uow_events.unit_of_work import Sessions, TransactionOptions


def of_routes(
    registry: Registry,
    transaction: TransactionOptions,
    notifications: NotificationChannel | None,
    sessions: Sessions | None,
) -> Iterator[Fault]:
    """Check options that come together here, responses that are to be stored, and what a late mapping shows."""
    for error in registry.late_faults():
        yield Fault(name_of(error.handler), error.problem, "change one of them to fit the other")
    for route in registry.routes:
        yield from _of_options(route, transaction, notifications)
        if sessions is not None:
            yield from _of_database(route, sessions)
        if route.idempotent:
            for problem in faults(route.request):
                yield Fault(route.binding.name, problem, "or register it without idempotent=True")


def _of_database(route: Route, sessions: Sessions) -> Iterator[Fault]:
    try:
        sessions.check(route.transaction or NOTHING_GIVEN)
    except UnsupportedBindError as error:
        yield Fault(route.binding.name, error.problem, "leave them out, or give the mediator an engine for PostgreSQL")


def _of_options(
    route: Route, transaction: TransactionOptions, notifications: NotificationChannel | None
) -> Iterator[Fault]:
    try:
        options = route.resolved(transaction)
    except InvalidArgumentError as error:
        remedy = "change its own transaction options, or those of the mediator that it inherits"
        yield Fault(route.binding.name, str(error), remedy)
        return
    if route.idempotent and options.read_only:
        yield Fault(
            route.binding.name,
            "with idempotent=True its transaction stores keys, and the mediator's options make it read-only",
            "give its own transaction options read_only=False, or leave out idempotent=True",
        )
    if options.retry is not None and isinstance(notifications, DirectPublishing):
        yield Fault(
            route.binding.name,
            "it would be retried, and DirectPublishing would publish what a failed attempt recorded",
            "use Outbox(), or leave out the retry",
        )
