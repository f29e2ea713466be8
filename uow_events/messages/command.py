"""What is asked for."""

from typing import Generic

from typing_extensions import TypeVar

R = TypeVar("R", default=None)


class Command(Generic[R]):
    """A request to change something: a dataclass, attrs class, pydantic model or msgspec.Struct that derives from this.

    (A pydantic model names BaseModel before Command[R], as pydantic wants it of generic bases.)

    `Command[R]` says what `Mediator.send` returns for it; plain `Command` returns None. One handler handles it, in one
    transaction.
    """

    __slots__ = ()
