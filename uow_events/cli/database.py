"""A transaction on the database that a DSN names; no error and no output repeats the DSN, which may hold a password."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from uow_events.errors import DatabaseUnavailableError, InvalidDsnError

_CONNECT_TIMEOUT_SECONDS = 10
_SCHEMES = frozenset({"postgresql", "postgres", "postgresql+asyncpg"})


@dataclass(frozen=True, slots=True)
class Database:
    """A database to connect to; `str()` of it names database and host, and nothing that is secret."""

    url: URL

    @classmethod
    def from_dsn(cls, dsn: str) -> "Database":
        """Read a DSN.

        Raises:
            InvalidDsnError: it is no PostgreSQL URL.
        """
        try:
            url = make_url(dsn)
        except (ArgumentError, ValueError):
            raise InvalidDsnError from None
        # An @ that the password holds unescaped would make the rest of it a part of the host, which errors name.
        if url.drivername not in _SCHEMES or "@" in (url.host or ""):
            raise InvalidDsnError
        return cls(url)

    def __str__(self) -> str:
        host = self.url.host or self.url.query.get("host") or "the default host"
        port = f":{self.url.port}" if self.url.port else ""
        return f"database {self.url.database or self.url.username or 'of the default name'!r} on {host}{port}"

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[AsyncConnection]:
        """Connect, and hold one READ COMMITTED transaction: committed at the end, rolled back on any exception.

        Raises:
            DatabaseUnavailableError: there is no connection to be had within ten seconds.
        """
        engine = self._engine().execution_options(isolation_level="READ COMMITTED")
        async with AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(engine.connect())
            except Exception as error:
                raise DatabaseUnavailableError(str(self), reason(error)) from error
            async with connection.begin():
                yield connection

    @asynccontextmanager
    async def engine(self) -> AsyncGenerator[AsyncEngine]:
        """An engine that keeps no connections, after the database has answered once.

        Raises:
            DatabaseUnavailableError: there is no connection to be had within ten seconds.
        """
        engine = self._engine()
        try:
            await (await engine.connect()).close()
        except Exception as error:
            raise DatabaseUnavailableError(str(self), reason(error)) from error
        try:
            yield engine
        finally:
            await engine.dispose()

    def _engine(self) -> AsyncEngine:
        url = self.url
        arguments: dict[str, object] = {"timeout": _CONNECT_TIMEOUT_SECONDS}
        if url.drivername != "postgresql+asyncpg":
            # libpq's form: its options (sslmode, target_session_attrs) are known to asyncpg's own reader of DSNs alone.
            arguments["dsn"] = url.set(drivername="postgresql").render_as_string(hide_password=False)
            url = URL.create("postgresql+asyncpg")
        return create_async_engine(url, poolclass=NullPool, connect_args=arguments)


def reason(error: BaseException) -> str:
    """Return in one line what the driver said, without the SQL and the parameters that SQLAlchemy adds."""
    while error.__cause__ is not None:
        error = error.__cause__
    return next(iter(str(error).splitlines()), type(error).__name__)
