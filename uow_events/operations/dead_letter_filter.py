"""Which dead letters are meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from uow_events.errors import InvalidArgumentError

LONGEST = timedelta(days=36_500)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterFilter:
    """Which dead letters are meant: those that fit everything that is given; all of them where nothing is.

    `ids` are those of the dead letters, and none of them where it is empty; `older_than` is counted by the database's
    clock from when they were given up.

    Raises:
        InvalidArgumentError: something is not what it must be.
    """

    ids: Sequence[int] | None = None
    topic: str | None = None
    type: str | None = None
    older_than: timedelta | None = None

    def __post_init__(self) -> None:
        ids: Any = self.ids
        if isinstance(ids, str | int) or not all(isinstance(one, int) for one in ids or ()):
            raise InvalidArgumentError("ids", f"a sequence of integers, and is {ids!r}")
        age: Any = self.older_than
        if age is not None and not (isinstance(age, timedelta) and timedelta(0) < age <= LONGEST):
            expected = f"a timedelta above 0 and of at most {LONGEST.days} days, and is {age!r}"
            raise InvalidArgumentError("older_than", expected)

    @property
    def parameters(self) -> tuple[Any, ...]:
        """What the statements are given for it."""
        return (None if self.ids is None else list(self.ids), self.topic, self.type, self.older_than)


ALL = DeadLetterFilter()
