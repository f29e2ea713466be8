import asyncio
import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import URL, Connection

from tests.migrations.catalog import catalog, tables_in
from tests.migrations.steps import on

ROOT = Path(__file__).parents[2]


def alembic(*arguments: str, url: str | None = None) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "UOW_EVENTS_DATABASE_URL"}
    if url is not None:
        environment["UOW_EVENTS_DATABASE_URL"] = url
    command = [sys.executable, "-m", "alembic", *arguments]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def text_of(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def test_upgrade_check_and_downgrade_work(empty_database_url: URL, database_url: URL) -> None:
    url = f"url={text_of(empty_database_url)}"
    alembic("-x", url, "upgrade", "head")
    assert asyncio.run(catalog(empty_database_url)) == asyncio.run(catalog(database_url))
    assert alembic("-x", url, "check") == "No new upgrade operations detected.\n"
    alembic("-x", url, "downgrade", "base")
    assert asyncio.run(tables_in(empty_database_url)) == set()


def test_x_url_goes_before_the_environment_variable_and_that_before_the_ini_file(empty_database_url: URL) -> None:
    url = text_of(empty_database_url)
    alembic("upgrade", "head", url=url)
    assert alembic("-x", f"url={url}", "current", url="postgresql://u@no.such.host.invalid/d") == "0003 (head)\n"


def test_the_offline_sql_makes_the_same_schema(empty_database_url: URL, database_url: URL) -> None:
    script = alembic("upgrade", "head", "--sql")

    def run_script(connection: Connection) -> None:
        raw = connection.connection
        raw.run_async(lambda driver_connection: driver_connection.execute(script))  # type: ignore[attr-defined]

    asyncio.run(on(empty_database_url, run_script))
    assert asyncio.run(catalog(empty_database_url)) == asyncio.run(catalog(database_url))


def test_the_offline_sql_also_goes_back(empty_database_url: URL) -> None:
    assert alembic("downgrade", "0001:base", "--sql").count("DROP TABLE uow_events.") == 4
