"""Commands with an idempotency key, sent as a mediator sends them, and a look at the rows that remember them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from uow_events import Command, IdempotencyKey, Mediator, Outbox, Registry, TransactionOptions, UnitOfWork
from uow_events.unit_of_work import IsolationLevel


@dataclass(frozen=True)
class Receipt:
    id: UUID
    cents: int


@dataclass(frozen=True)
class Pay(Command[Receipt]):
    cents: int = 1


@dataclass(frozen=True)
class Refund(Command[Receipt]):
    cents: int = 1


@dataclass(frozen=True)
class Forget(Command):
    name: str = ""


Handle = Callable[[UnitOfWork], Awaitable[Any]]


async def send(
    engine: AsyncEngine,
    command: Command[Any],
    key: str | IdempotencyKey,
    handle: Handle,
    *,
    isolation_level: IsolationLevel = "READ COMMITTED",
    **options: Any,
) -> Any:
    """Send a command whose handler is `handle`, by a mediator of its own."""
    registry = Registry()

    @registry.command_handler(type(command))
    async def handler(command, unit: UnitOfWork) -> Any:  # type: ignore[no-untyped-def]
        return await handle(unit)

    transaction = TransactionOptions(isolation_level=isolation_level)
    mediator = Mediator(engine, registry, notifications=Outbox(), transaction=transaction, **options)
    return await mediator.send(command, idempotency_key=key)


async def keys(engine: AsyncEngine) -> list[tuple[str, str, str]]:
    async with engine.connect() as connection:
        rows = await connection.execute(
            text("SELECT scope, command, key FROM uow_events.idempotency_keys ORDER BY 1, 2, 3")
        )
        return [(row.scope, row.command.rpartition(".")[2], row.key) for row in rows]
