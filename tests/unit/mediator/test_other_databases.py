"""Options that need PostgreSQL, given for another database: told before anything is sent."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.integration.messages import Do, Inner
from uow_events import Mediator, Query, Registry, TransactionOptions, UnsupportedBindError, WiringError

PROBLEM = "TransactionOptions with isolation_level need PostgreSQL, and this is sqlite"
SERIALIZABLE = TransactionOptions(isolation_level="SERIALIZABLE")


class Count(Query[int]): ...


async def do(command: Do) -> object: ...


async def do_inner(command: Inner) -> object: ...


async def count(query: Count) -> int:
    return 0


@pytest.fixture
def sqlite() -> AsyncEngine:
    return create_async_engine("sqlite+aiosqlite://")


def test_those_of_the_mediator_are_refused_when_it_is_made(sqlite: AsyncEngine) -> None:
    with pytest.raises(UnsupportedBindError) as raised:
        Mediator(sqlite, Registry(), transaction=SERIALIZABLE)
    assert str(raised.value) == f"The AsyncEngine given as bind cannot carry a unit of work: {PROBLEM}"


def test_those_of_a_registration_are_a_fault_of_the_wiring(sqlite: AsyncEngine) -> None:
    registry = Registry()
    registry.command_handler(transaction=SERIALIZABLE)(do)
    registry.command_handler(do_inner)
    with pytest.raises(WiringError) as raised:
        Mediator(sqlite, registry).verify()
    assert [str(fault) for fault in raised.value.faults] == [
        f"do: {PROBLEM}; leave them out, or give the mediator an engine for PostgreSQL"
    ]


def test_what_other_databases_can_do_is_no_fault(sqlite: AsyncEngine) -> None:
    """Nor is a query, without which the commands can be tested."""
    registry = Registry()
    registry.command_handler(do, transaction=TransactionOptions(isolation_level=None, read_only=False))
    registry.query_handler(count)
    Mediator(sqlite, registry).verify()


def test_postgresql_can_do_all_of_them() -> None:
    registry = Registry()
    registry.command_handler(do, transaction=SERIALIZABLE)
    Mediator(create_async_engine("postgresql+asyncpg://"), registry, transaction=SERIALIZABLE).verify()
