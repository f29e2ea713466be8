"""Errors of aggregates, and of recording and processing events."""

from collections.abc import Mapping, Sequence

from uow_events.errors.base import UowEventsError, name_of


class NoUnitOfWorkError(UowEventsError, RuntimeError):
    """Something was done that needs a running unit of work, outside of one."""

    def __init__(self, operation: str) -> None:
        self.operation = operation
        super().__init__(
            f"{operation} needs a running unit of work: call it from a handler, or inside `async with "
            "mediator.unit_of_work()`"
        )


class UnattachedAggregateError(UowEventsError, LookupError):
    """An aggregate recorded an event, but its state is not part of the transaction."""

    def __init__(self, aggregate: object, problem: str) -> None:
        self.aggregate = aggregate
        self.problem = problem
        super().__init__(
            f"{name_of(aggregate)} recorded an event, but {problem}: add, load or merge it in this unit of work's "
            "session, or record the event through the handler. Everything was rolled back"
        )


class AggregateNotFoundError(UowEventsError, LookupError):
    """An aggregate handler found no aggregate; `identity` is what it looked for, by the attributes of the key."""

    def __init__(self, aggregate: type, identity: Mapping[str, object]) -> None:
        self.aggregate = aggregate
        self.identity = dict(identity)
        super().__init__(
            f"No {name_of(aggregate)} has the {' and '.join(self.identity)} that the command gives: it was never "
            "stored, or was deleted. This error's attribute identity holds the values"
        )


class UnprocessedEventsError(UowEventsError, RuntimeError):
    """Events were recorded in a unit of work that has nothing to process them with."""

    def __init__(self, events: Sequence[object]) -> None:
        self.events = tuple(events)
        names = ", ".join(sorted({name_of(type(event)) for event in self.events}))
        super().__init__(
            f"{names} recorded in a unit of work without an event processor would be lost: pass pipeline=, "
            "or use mediator.unit_of_work(). Everything was rolled back"
        )


class EventsOfQueryError(UowEventsError, RuntimeError):
    """A query recorded an event, which nobody would process."""

    def __init__(self, query: str, events: Sequence[object]) -> None:
        self.query = query
        self.events = tuple(events)
        names = ", ".join(sorted({name_of(type(event)) for event in self.events}))
        super().__init__(
            f"The query {query} recorded {names}: a query changes nothing, and so nothing happens in it that others "
            "could hear of. Make it a Command"
        )


class EventStormError(UowEventsError, RecursionError):
    """More than `max_events` events were recorded in one unit of work."""

    def __init__(self, limit: int, path: Sequence[str]) -> None:
        self.limit = limit
        self.path = tuple(path)
        super().__init__(
            f"More than {limit} events in one unit of work; the last one came by {' -> '.join(self.path)}. Break the "
            "cycle, or raise max_events. Everything was rolled back"
        )
