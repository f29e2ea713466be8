"""Methods of aggregates as handlers of commands: loading, creating, and what fits what."""

from uow_events.mediator.aggregates.aggregate_handler import bind_aggregate

__all__ = ["bind_aggregate"]
