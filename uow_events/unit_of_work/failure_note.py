"""The note on an exception that leaves a unit of work: who failed, and that everything was rolled back."""

import logging

from uow_events.messages import Invocation, path_of

logger = logging.getLogger("uow_events")


def annotate(error: BaseException, failure: tuple[BaseException, Invocation] | None, name: str) -> None:
    """Add the note; an exception that takes none (a frozen one) is logged instead, and stays as it is."""
    where = name
    if failure is not None and failure[0] is error:
        where = _where(failure[1])
    note = f"uow_events: {where} failed; everything was rolled back"
    if note in getattr(error, "__notes__", ()):
        return
    try:
        error.add_note(note)
    except Exception:
        logger.warning("%s (%s takes no note)", note, type(error).__name__)


def _where(invocation: Invocation) -> str:
    path = path_of(invocation)
    if len(path) == 1:
        return f"{invocation.subject} ({invocation.handler})"
    shown = path if len(path) <= 8 else [*path[:2], "...", *path[-4:]]
    return f"{invocation.handler}, handling {' -> '.join(shown)},"
