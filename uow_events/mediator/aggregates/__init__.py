"""Methods of aggregates as handlers of commands: loading, creating, and what fits what."""

from uow_events.mediator.aggregates.aggregate_handler import bind_aggregate
from uow_events.mediator.aggregates.aggregate_key import Identity

__all__ = ["Identity", "bind_aggregate"]
