"""Errors of the surroundings: extras, the database's schema, the embedded server, the command line."""

from uow_events.errors.base import UowEventsError


class MissingExtraError(UowEventsError, ImportError):
    """A feature was used whose optional dependency is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        self.feature = feature
        self.extra = extra
        super().__init__(f"{feature} needs the extra {extra!r}: pip install 'uow-events[{extra}]'")


class SchemaNotMigratedError(UowEventsError, RuntimeError):
    """The framework's tables are missing from the database, or older than this version needs."""

    def __init__(self, table: str) -> None:
        self.table = table
        schema = table.rpartition(".")[0]
        own = schema in ("", "uow_events")
        super().__init__(
            f"The table {table} is not in this database, or not as this version needs it: its schema has not been "
            f"migrated. Run `uow-events db upgrade{'' if own else f' --schema {schema}'}`, or call "
            f"uow_events.migrations.upgrade(op{'' if own else f', schema={schema!r}'}) in a revision of your own."
        )


class UnknownSchemaVersionError(UowEventsError, ValueError):
    """A version of the framework's tables was named that this release does not know."""

    def __init__(self, version: int, latest: int) -> None:
        self.version = version
        self.latest = latest
        super().__init__(
            f"This release of uow-events does not know version {version} of its tables: it knows 1 to {latest}. "
            "Name one of these, or install a newer release."
        )


class EmbeddedPostgresError(UowEventsError, RuntimeError):
    """The embedded PostgreSQL did not start, or is used outside of its block."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The embedded PostgreSQL {reason}")


class InvalidDsnError(UowEventsError, ValueError):
    """A DSN is no URL of a PostgreSQL database; it is not repeated, since it may hold a password."""

    def __init__(self) -> None:
        super().__init__(
            "The DSN is not the URL of a PostgreSQL database: expected postgresql://user:password@host:5432/database "
            "(or postgres://, or postgresql+asyncpg://), with special characters of the password as %40 and the like."
        )


class InvalidTargetError(UowEventsError, ValueError):
    """A command line names no mediator, or whatever it is to name, or the application's own code failed on the way."""

    def __init__(self, target: str, problem: str, wanted: str = "mediator") -> None:
        self.target = target
        self.problem = problem
        self.wanted = wanted
        super().__init__(f"{target!r} names no {wanted}: {problem}")


class DatabaseUnavailableError(UowEventsError, ConnectionError):
    """No connection to a database could be made."""

    def __init__(self, database: str, reason: str) -> None:
        self.database = database
        self.reason = reason
        super().__init__(f"No connection to {database}: {reason}. Check the DSN, and that the server accepts it.")


class DatabaseRefusedError(UowEventsError, RuntimeError):
    """A database refused a statement of a command of `uow-events`, which was rolled back."""

    def __init__(self, database: str, reason: str) -> None:
        self.database = database
        self.reason = reason
        super().__init__(f"The statement was rolled back, since {database} refused it: {reason}")


class MigrationFailedError(UowEventsError, RuntimeError):
    """A database refused a statement of a migration of the framework's tables, which was rolled back."""

    def __init__(self, database: str, schema: str, reason: str) -> None:
        self.database = database
        self.schema = schema
        self.reason = reason
        super().__init__(
            f"The tables in schema {schema!r} of {database} are as they were, since the database refused: {reason}"
        )
