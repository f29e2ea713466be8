"""Loading an aggregate by the key that a command gives."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any, TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from uow_events.errors import AggregateNotFoundError, name_of
from uow_events.mediator.aggregates.aggregate_method import AggregateMethod

Identity: TypeAlias = str | Mapping[str, str]


class AggregateKey:
    """Which fields of a command are which attributes of an aggregate's primary key.

    Raises:
        HandlerSignatureError: the identity is missing, or names what is no field.
    """

    def __init__(
        self, method: AggregateMethod, command: type, identity: Identity | None, fields: Collection[str]
    ) -> None:
        if identity is None:
            raise method.refused('it needs the key of the aggregate to load: pass identity="field"')
        self._method = method
        self._identity = identity
        self.fields = tuple(identity.values()) if isinstance(identity, Mapping) else (identity,)
        self._check_fields(command, fields)

    def check(self) -> object:
        """Compare the identity with the primary key.

        Raises:
            HandlerSignatureError: the class is not mapped, or the identity is not its whole primary key.
        """
        return self._attributes

    async def load(self, session: AsyncSession, command: object) -> Any:
        """Load the aggregate, current and locked; with a version column without a lock.

        Raises:
            AggregateNotFoundError: there is none.
        """
        aggregate = self._method.aggregate
        identity = {name: getattr(command, field) for name, field in self._attributes.items()}
        if any(value is None for value in identity.values()):
            raise AggregateNotFoundError(aggregate, identity)
        await session.flush()  # what was changed before must not be overwritten by what is loaded now
        found: Any = await session.get(aggregate, identity, **self._locking)
        if found is None:
            raise AggregateNotFoundError(aggregate, identity)
        return found

    @cached_property
    def _attributes(self) -> dict[str, str]:
        mapper = self._method.mapper
        keys = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
        given = dict.fromkeys(keys, self._identity) if isinstance(self._identity, str) else dict(self._identity)
        if {*given} != {*keys} or len(keys) > len({*given.values()}):
            raise self._method.refused(
                f"its identity must map each key attribute of {name_of(self._method.aggregate)} to a field of its own: "
                + ", ".join(keys)
            )
        return given

    @cached_property
    def _locking(self) -> dict[str, Any]:
        mapper = self._method.mapper
        if mapper.version_id_col is not None:
            return {}
        return {"populate_existing": True, "with_for_update": {"of": list(mapper.tables)}}

    def _check_fields(self, command: type, fields: Collection[str]) -> None:
        for field in self.fields:
            if field not in tuple(fields):
                raise self._method.refused(f"its identity names {field!r}, which is no field of {name_of(command)}")
