"""The limit against endless chains of events."""

from uow_events.errors import EventStormError
from uow_events.messages import Record, path_to


def check_count(count: int, limit: int, last: Record) -> None:
    """Make sure that there are no more events than allowed, counting the last one.

    Raises:
        EventStormError: there are; names the path that repeats.
    """
    if count > limit:
        raise EventStormError(limit, _repetition(path_to(last)))


def _repetition(path: list[str]) -> list[str]:
    """Shorten a path to its beginning and the last stretch between two events of one type."""
    last = path[-1]
    for start in range(len(path) - 2, -1, -1):
        if path[start] == last:
            return [path[0], "...", *path[start:]] if start > 1 else path
    return path
