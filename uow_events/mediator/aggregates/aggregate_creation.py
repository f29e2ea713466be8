"""What a command is answered that creates an aggregate."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cached_property
from types import NoneType
from typing import Any, TypeAlias

from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapper

from uow_events.errors import name_of
from uow_events.mediator.aggregates.aggregate_method import AggregateMethod
from uow_events.signatures import UNANNOTATED, conflicts, return_type_of, without_none

Answers: TypeAlias = Callable[[AsyncSession, Any], Awaitable[Any]]


class AggregateCreation:
    """How the response is made of the aggregate: nothing, the aggregate itself, or its key.

    Raises:
        HandlerSignatureError: an identity was given, or the method does not return the aggregate.
    """

    def __init__(self, method: AggregateMethod, promised: Any, identity: object) -> None:
        self._method = method
        self._promised = promised
        if identity is not None:
            raise method.refused("it creates its aggregate, so that there is no identity to load one by")
        returned = return_type_of(method.function)
        if conflicts(method.aggregate, returned) and conflicts(returned, method.aggregate):
            raise method.refused(f"it returns {name_of(returned)}, and must return the new {name_of(method.aggregate)}")

    def check(self) -> object:
        """Make sure that the command promises a response that can be given.

        Raises:
            HandlerSignatureError: the class is not mapped, or it promises more than nothing, the aggregate or its key.
        """
        return self._answer

    async def answer(self, session: AsyncSession, created: Any) -> Any:
        """Return what the command promises; for the key, after a flush."""
        return await self._answer(session, created)

    @cached_property
    def _answer(self) -> Answers:
        mapper, promised = self._method.mapper, without_none(self._promised)
        if promised in (None, NoneType):
            return _nothing
        if promised is Any or (isinstance(promised, type) and issubclass(self._method.aggregate, promised)):
            return _itself
        if len(mapper.primary_key) == 1 and not conflicts(promised, _key_type(mapper)):
            return _key
        raise self._method.refused(
            f"its command promises {name_of(promised)}, and can only have nothing (Command), the new "
            f"{name_of(self._method.aggregate)}, or its key of one column"
        )


async def _nothing(session: AsyncSession, created: object) -> None:
    return None


async def _itself(session: AsyncSession, created: object) -> object:
    return created


async def _key(session: AsyncSession, created: object) -> Any:
    await session.flush()
    key, *_ = inspect(created).identity
    return key


def _key_type(mapper: Mapper[Any]) -> Any:
    try:
        kind = mapper.primary_key[0].type.python_type
    except NotImplementedError:  # as of a type that an application defined
        return UNANNOTATED
    return UNANNOTATED if kind is object else kind
