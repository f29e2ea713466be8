"""Notes on exceptions."""

import logging

from uow_events.messages.invocation import Invocation
from uow_events.messages.record import path_of

logger = logging.getLogger("uow_events")


def add_note(error: BaseException, note: str) -> None:
    """Add a note once; an exception that takes none (a frozen one) is logged instead, and stays as it is."""
    if note in getattr(error, "__notes__", ()):
        return
    try:
        error.add_note(note)
    except Exception:
        logger.warning("%s (%s takes no note)", note, type(error).__name__)


def described(invocation: Invocation) -> str:
    """Return what notes call an invocation: its handler, and the path down to what it handles."""
    path = path_of(invocation)
    if len(path) == 1:
        return f"{invocation.subject} ({invocation.handler})"
    shown = path if len(path) <= 8 else [*path[:2], "...", *path[-4:]]
    return f"{invocation.handler}, handling {' -> '.join(shown)},"
