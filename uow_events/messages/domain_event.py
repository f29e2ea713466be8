"""What happened, for handlers in this process."""


class DomainEvent:
    """Something that happened; its handlers run in process, inside the transaction that recorded it.

    An exception in any of them rolls the whole transaction back. A dataclass, attrs class, pydantic model or
    msgspec.Struct that derives from this.
    """

    __slots__ = ()
