"""The base of query handler classes."""

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from uow_events.messages import Query

Q = TypeVar("Q", bound=Query[Any])
R = TypeVar("R")


class QueryHandler(ABC, Generic[Q, R]):
    """Answers one query type, in a read-only transaction that the mediator opened; built by the container per send.

    What it needs, it asks for in its constructor (AsyncSession is the unit of work's). It records nothing.
    """

    @abstractmethod
    async def handle(self, query: Q, /) -> R:
        """Answer one query."""
