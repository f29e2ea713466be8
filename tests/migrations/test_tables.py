import datetime as dt
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import URL, Connection
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.schema import CreateSchema

from tests.migrations.catalog import catalog, tables_in
from tests.migrations.steps import on, operations
from uow_events.errors import UnknownSchemaVersionError, UowEventsError
from uow_events.migrations import LATEST_VERSION, downgrade, include_name, upgrade
from uow_events.outbox.tables import metadata, tables

NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
MESSAGE = {"topic": "t", "shard": 0, "type": "T", "payload": b"{}", "headers": {"a": "b"}, "occurred_at": NOW}
VERSIONS = range(1, LATEST_VERSION + 1)
NAMES = {"outbox", "dead_letters", "blocked_keys", "paused_topics", "idempotency_keys", "consumed_messages"}
NAMES |= {"uow_events_version"}


def message(**changes: object) -> dict[str, object]:
    return {**MESSAGE, "event_id": uuid.uuid4(), **changes}


def up(connection: Connection, schema: str = "uow_events") -> None:
    for version in VERSIONS:
        upgrade(operations(connection), version, schema=schema)


def down(connection: Connection) -> None:
    for version in reversed(VERSIONS):
        downgrade(operations(connection), version)


async def test_up_down_up_leaves_what_up_leaves(empty_database_url: URL) -> None:
    await on(empty_database_url, up)
    first = await catalog(empty_database_url)
    assert await tables_in(empty_database_url) == NAMES
    await on(empty_database_url, down)
    assert not any((await catalog(empty_database_url)).values())
    await on(empty_database_url, up)
    assert await catalog(empty_database_url) == first


@pytest.mark.parametrize("schema", ["uow_events", "messaging", 'Odd "na :me", it\'s'])
async def test_an_upgraded_schema_is_to_postgresql_what_the_metadata_creates(
    schema: str, databases: Any, empty_database_url: URL
) -> None:
    def create(connection: Connection) -> None:
        connection.execute(CreateSchema(schema))
        tables(schema).metadata.create_all(connection)

    async with databases.empty() as other:
        await on(other, create)
        await on(empty_database_url, lambda connection: up(connection, schema))
        created, upgraded = await catalog(other, schema), await catalog(empty_database_url, schema)
    assert {kind: len(rows) for kind, rows in upgraded.items()} == {
        "columns": 48,
        "constraints": len(created["constraints"]),
        "indexes": 15,
        "sequences": 2,
    }
    assert upgraded == created


async def test_alembic_finds_no_difference_between_an_upgraded_schema_and_the_metadata(database_url: URL) -> None:
    def differences(connection: Connection) -> list[Any]:
        options = {
            "include_schemas": True,
            "include_name": lambda name, type_, _: type_ != "schema" or name == "uow_events",
            "compare_type": True,
            "compare_server_default": True,
        }
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

    assert await on(database_url, differences) == []


async def test_an_upgrade_records_its_version(database_url: URL) -> None:
    def versions(connection: Connection) -> list[int]:
        return list(connection.scalars(sa.select(tables().version.c.version)))

    assert await on(database_url, versions) == list(VERSIONS)


async def test_a_role_that_may_not_create_schemas_migrates_into_one_that_exists(empty_database_url: URL) -> None:
    role = f"{empty_database_url.database}_role"  # made and rolled back in this transaction, roles being the server's

    def migrate_as_role(connection: Connection) -> None:
        connection.execute(sa.text(f"CREATE ROLE {role}"))
        connection.execute(sa.text(f"CREATE SCHEMA uow_events AUTHORIZATION {role}"))
        connection.execute(sa.text(f"SET LOCAL ROLE {role}"))
        up(connection)
        assert set(sa.inspect(connection).get_table_names("uow_events")) == NAMES
        connection.rollback()

    await on(empty_database_url, migrate_as_role)


async def test_names_are_final_under_an_applications_naming_convention(
    empty_database_url: URL, database_url: URL
) -> None:
    convention = {"ck": "x_%(table_name)s_%(constraint_name)s", "pk": "x_%(table_name)s", "ix": "x_%(column_0_label)s"}

    def up_with_convention(connection: Connection) -> None:
        target = sa.MetaData(naming_convention=convention)
        context = MigrationContext.configure(connection, opts={"target_metadata": target})
        for version in VERSIONS:
            upgrade(type(operations(connection))(context), version)

    await on(empty_database_url, up_with_convention)
    assert await catalog(empty_database_url) == await catalog(database_url)


async def test_an_outbox_row_needs_no_more_than_its_message(engine: AsyncEngine) -> None:
    outbox = tables().outbox
    async with engine.begin() as connection:
        await connection.execute(sa.insert(outbox), [message(), message(key="k", shard=63)])
        first, second = (await connection.execute(sa.select(outbox).order_by(outbox.c.id))).all()
        started = await connection.scalar(sa.select(sa.func.now()))
    assert (first.key, first.shard, first.attempts, first.last_error, first.held) == (None, 0, 0, None, None)
    assert second.id > first.id
    assert first.headers == {"a": "b"}
    assert first.available_at > started  # clock_timestamp(), not the transaction's start


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"shard": 64}, "ck_outbox_shard"),
        ({"shard": -1}, "ck_outbox_shard"),
        ({"attempts": -1}, "ck_outbox_attempts"),
    ],
)
async def test_the_database_refuses_an_outbox_row_that_no_relay_would_find(
    engine: AsyncEngine, changes: dict[str, object], constraint: str
) -> None:
    async with engine.connect() as connection:
        with pytest.raises(IntegrityError, match=constraint):
            await connection.execute(sa.insert(tables().outbox).values(message(**changes)))


async def test_nobody_chooses_an_outbox_id_by_accident(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        with pytest.raises(ProgrammingError, match="cannot insert a non-DEFAULT value into column"):
            await connection.execute(sa.insert(tables().outbox).values(message(id=1)))


async def test_a_message_may_die_twice(engine: AsyncEngine) -> None:
    dead = message(outbox_id=1, attempts=10, last_error="no broker")
    async with engine.begin() as connection:
        await connection.execute(sa.insert(tables().dead_letters), [dead, dead])
        assert await connection.scalar(sa.select(sa.func.count(tables().dead_letters.c.failed_at))) == 2


async def test_an_idempotency_key_is_unique_per_scope_and_command(engine: AsyncEngine) -> None:
    keys = tables().idempotency_keys
    row = {"command": "Join", "key": "k", "request_hash": bytes(32)}
    async with engine.begin() as connection:
        await connection.execute(sa.insert(keys), [row, {**row, "command": "Leave"}, {**row, "key": "other"}])
        await connection.execute(sa.insert(keys), {**row, "scope": "tenant"})
    async with engine.connect() as connection:
        with pytest.raises(IntegrityError, match="pk_idempotency_keys"):
            await connection.execute(sa.insert(keys).values({**row, "scope": ""}))
    async with engine.connect() as connection:
        with pytest.raises(IntegrityError, match="ck_idempotency_keys_request_hash"):
            await connection.execute(sa.insert(keys).values({**row, "key": "x", "request_hash": b"short"}))


@pytest.mark.parametrize("function", [upgrade, downgrade])
@pytest.mark.parametrize("version", [0, LATEST_VERSION + 1])
def test_an_unknown_version_is_refused(function: Any, version: int) -> None:
    with pytest.raises(UnknownSchemaVersionError) as caught:
        function(None, version)
    assert isinstance(caught.value, UowEventsError) and isinstance(caught.value, ValueError)
    assert (caught.value.version, caught.value.latest) == (version, LATEST_VERSION)
    assert str(caught.value) == (
        f"This release of uow-events does not know version {version} of its tables: it knows 1 to {LATEST_VERSION}. "
        "Name one of these, or install a newer release."
    )


def test_the_tables_of_a_schema_are_one_object_however_asked_for() -> None:
    assert tables() is tables("uow_events") is tables(schema="uow_events")
    assert tables().metadata is metadata
    assert tables("other").outbox.schema == "other"


def test_include_name_leaves_out_our_tables_and_nothing_else() -> None:
    ours = {"schema_name": "uow_events"}
    assert {table.name for table in metadata.tables.values()} == NAMES
    assert not any(include_name(name, "table", ours) for name in NAMES)
    assert include_name("theirs", "table", ours)
    assert include_name("outbox", "table", {"schema_name": None})
    assert include_name("outbox", "index", ours)
    assert include_name("uow_events", "schema", {})
    assert not include_name("outbox", "table", {"schema_name": None}, schema=None)
    assert not include_name("outbox", "table", {"schema_name": "messaging"}, schema="messaging")


def test_sqlite_takes_the_tables_without_a_schema() -> None:
    ours = tables(schema=None)
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        ours.metadata.create_all(connection)
        connection.execute(sa.insert(ours.outbox), [message(), message()])
        rows = connection.execute(sa.select(ours.outbox).order_by(ours.outbox.c.id)).all()
    engine.dispose()
    assert [row.id for row in rows] == [1, 2]
    assert rows[0].headers == {"a": "b"}
    assert isinstance(rows[0].available_at, dt.datetime)
