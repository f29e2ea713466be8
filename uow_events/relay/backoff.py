"""How long to wait before the next attempt."""

from dataclasses import dataclass
from datetime import timedelta
from random import uniform

from uow_events.errors import InvalidArgumentError


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubles from `initial` up to `maximum`; each wait is between half of that and all of it, at random.

    Raises:
        InvalidArgumentError: a wait is no timedelta above 0, or the longest is shorter than the first.
    """

    initial: timedelta = timedelta(seconds=1)
    maximum: timedelta = timedelta(minutes=5)

    def __post_init__(self) -> None:
        for name in ("initial", "maximum"):
            wait: object = getattr(self, name)
            if not isinstance(wait, timedelta) or wait <= timedelta(0):
                raise InvalidArgumentError(name, f"a timedelta above 0, and is {wait!r}")
        if self.maximum < self.initial:
            raise InvalidArgumentError("maximum", f"initial or longer, and is {self.maximum}")

    def after(self, attempts: int) -> timedelta:
        """Return the wait after so many failed attempts, from 1."""
        seconds = min(self.initial.total_seconds() * 2.0 ** min(attempts - 1, 1000), self.maximum.total_seconds())
        return timedelta(seconds=seconds * uniform(0.5, 1))
