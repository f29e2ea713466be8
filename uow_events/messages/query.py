"""What is asked without changing anything."""

from typing import Generic, TypeVar

R = TypeVar("R")


class Query(Generic[R]):
    """A question: a dataclass, attrs class, pydantic model or msgspec.Struct that derives from this.

    `Query[R]` says what `Mediator.send` returns for it. One handler answers it, in a read-only transaction: a write in
    it is an error, and there are no events.
    """

    __slots__ = ()
