"""Commands that run once per key: what was sent, what was answered, and the rows that remember it."""

from uow_events.mediator.idempotency.guard import IdempotencyGuard, Stored
from uow_events.mediator.idempotency.once import once
from uow_events.mediator.idempotency.purging import purge_idempotency_keys
from uow_events.mediator.idempotency.response import faults

__all__ = ["IdempotencyGuard", "Stored", "faults", "once", "purge_idempotency_keys"]
