"""The check of a mediator's whole wiring: every fault at once, each with its remedy."""

from uow_events.mediator.verification.notifications import notifications_of
from uow_events.mediator.verification.verify import UNIT_TYPES, verify

__all__ = ["UNIT_TYPES", "notifications_of", "verify"]
