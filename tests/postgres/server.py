"""Where the tests' PostgreSQL comes from: the environment, a container, or the embedded one."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from asyncpg import PostgresError
from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from tests.postgres.admin import Admin
from uow_events.embedded import EmbeddedPostgres
from uow_events.errors import EmbeddedPostgresError, MissingExtraError

FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": 200}


class ServerMissing(Exception):
    """There is no PostgreSQL to test with; the text says which was looked for."""


def server(environment: Mapping[str, str] = os.environ) -> AbstractAsyncContextManager[URL]:
    if dsn := environment.get("UOW_EVENTS_TEST_DATABASE_URL"):
        return given(dsn)
    if environment.get("UOW_EVENTS_TEST_POSTGRES") == "container":
        return container(environment.get("UOW_EVENTS_TEST_POSTGRES_IMAGE", "postgres:18-alpine"))
    return embedded()


def asyncpg_url(dsn: str) -> URL:
    url = make_url(dsn).set(drivername="postgresql+asyncpg")
    return url if url.database else url.set(database="postgres")


@asynccontextmanager
async def given(dsn: str) -> AsyncIterator[URL]:
    url = asyncpg_url(dsn)
    try:
        await Admin(url).scalar("SELECT 1")
    except (OSError, SQLAlchemyError, PostgresError) as failure:
        raise ServerMissing(f"UOW_EVENTS_TEST_DATABASE_URL={url}: {failure}") from failure
    yield url


@asynccontextmanager
async def container(image: str) -> AsyncIterator[URL]:
    try:
        from docker.errors import DockerException
        from testcontainers.community.postgres import PostgresContainer
        from testcontainers.core.exceptions import ContainerStartException
    except ImportError as failure:
        raise ServerMissing(f"testcontainers: {failure}") from failure
    try:
        postgres = await asyncio.to_thread(lambda: PostgresContainer(image, driver="asyncpg").start())
    except (DockerException, ContainerStartException, TimeoutError) as failure:
        raise ServerMissing(f"a container of {image}: {failure}") from failure
    try:
        yield make_url(postgres.get_connection_url())
    finally:
        await asyncio.to_thread(postgres.stop)


@asynccontextmanager
async def embedded() -> AsyncIterator[URL]:
    try:
        postgres = await EmbeddedPostgres(settings=FAST).__aenter__()
    except (EmbeddedPostgresError, MissingExtraError, OSError) as failure:
        raise ServerMissing(str(failure)) from failure
    try:
        yield postgres.url
    finally:
        await postgres.__aexit__(None, None, None)
