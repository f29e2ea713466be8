"""Who failed in a unit of work, or what ran when its time was over, in words for notes and messages."""

import asyncio
from typing import TypeAlias

from uow_events.messages import Invocation, add_note, described

Failure: TypeAlias = tuple[BaseException, Invocation]


def annotate(error: BaseException, failure: Failure | None, name: str) -> None:
    """Note on an exception who failed, and that everything was rolled back."""
    where = name
    if failure is not None and failure[0] is error:
        where = described(failure[1])
    add_note(error, f"uow_events: {where} failed; everything was rolled back")


def interrupted(
    error: BaseException, failure: Failure | None, operation: tuple[BaseException, str] | None, name: str
) -> str:
    """Return what a cancellation stopped: the innermost handler, and the operation of its session where one ran."""
    where = name
    stopped = [error]
    if failure is not None and isinstance(failure[0], asyncio.CancelledError):
        where = described(failure[1]).rstrip(",")
        stopped.append(failure[0])
    if operation is not None and any(operation[0] is one for one in stopped):
        return f"{where}, in {operation[1]}"
    return where
