"""All checks, one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from uow_events.errors import Fault, WiringError
from uow_events.mediator.options import NOTHING_GIVEN
from uow_events.mediator.registry import Registry
from uow_events.mediator.verification.dependencies import Dependencies
from uow_events.mediator.verification.event_graph import circles
from uow_events.mediator.verification.handlers import discarded
from uow_events.mediator.verification.notifications import unpublishable
from uow_events.mediator.verification.routes import of_routes
from uow_events.messages import MessageContext, NotificationChannel
from uow_events.outbox import DirectPublishing, Outbox
from uow_events.resolver import Inspectable, Resolver
from uow_events.unit_of_work import Recorder, Sessions, TransactionOptions, UnitOfWork

UNIT_TYPES = (UnitOfWork, Recorder, MessageContext)


def verify(
    registry: Registry,
    resolver: Resolver,
    unit_types: Sequence[type],
    notifications: NotificationChannel | None = None,
    transaction: TransactionOptions = NOTHING_GIVEN,
    sessions: Sessions | None = None,
) -> None:
    """Check every handler, everything it needs, and every message that was declared or is handled.

    What handlers need is checked as far as the resolver can be inspected; nothing is built. A channel that is not
    this package's own may encode what it likes.

    Raises:
        WiringError: there are faults.
    """
    as_json = notifications is None or isinstance(notifications, Outbox | DirectPublishing)
    faults = [
        *_of_handlers(registry, resolver, frozenset(unit_types)),
        *of_routes(registry, transaction, notifications, sessions),
        *_of_messages(registry, as_json),
    ]
    if faults:
        raise WiringError([*dict.fromkeys(faults)])


def _of_handlers(registry: Registry, resolver: Resolver, unit_types: frozenset[type]) -> Iterator[Fault]:
    bindings = [one for binding in registry for one in (binding, binding.fallback) if one is not None]
    if isinstance(resolver, Inspectable):
        yield from Dependencies(resolver, unit_types).faults(bindings)
    for binding in bindings:
        yield from discarded(binding)


def _of_messages(registry: Registry, as_json: bool) -> Iterator[Fault]:
    declared = registry.declared
    yield from declared.faults(registry)
    yield from unpublishable(declared.types, registry, as_json=as_json)
    yield from circles(declared.types, registry.event_map)
