from collections.abc import Callable

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import AsyncEngine

from examples.meetings.demo.database import ALEMBIC


def run(connection: Connection, work: Callable[[Config], None]) -> None:
    config = Config(ALEMBIC)
    config.attributes["connection"] = connection
    work(config)


def test_one_history_has_one_head() -> None:
    assert ScriptDirectory.from_config(Config(ALEMBIC)).get_heads() == ["0002"]


async def test_autogenerate_proposes_nothing_on_the_upgraded_database(meetings_engine: AsyncEngine) -> None:
    async with meetings_engine.begin() as connection:
        await connection.run_sync(run, command.check)


async def test_the_history_goes_down_and_up_again(meetings_engine: AsyncEngine) -> None:
    async with meetings_engine.begin() as connection:
        await connection.run_sync(run, lambda config: command.downgrade(config, "base"))
        left = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        assert left == ["alembic_version"]
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names(schema="uow_events")) == []
        await connection.run_sync(run, lambda config: command.upgrade(config, "head"))
        await connection.run_sync(run, command.check)
