"""The part of Alembic's operations that the migrations use: `alembic.op` of a revision, or an `Operations` object."""

from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.elements import conv


class MigrationOperations(Protocol):
    """What `upgrade` and `downgrade` ask of their `op`; the module `alembic.op` and `Operations` objects have it."""

    def f(self, name: str, /) -> conv:
        """Mark a name as final, so that the application's naming convention leaves it alone."""
        ...

    def execute(self, sqltext: Executable | str, /) -> None:
        """Run one statement."""
        ...

    def create_table(self, table_name: str, /, *columns: Any, schema: str | None = None) -> sa.Table:
        """Create a table."""
        ...

    def drop_table(self, table_name: str, /, *, schema: str | None = None) -> None:
        """Drop a table."""
        ...

    def create_index(
        self,
        index_name: str | None,
        table_name: str,
        columns: list[str],
        /,
        *,
        schema: str | None = None,
        postgresql_where: Any = None,
    ) -> None:
        """Create an index, partial where `postgresql_where` is given."""
        ...

    def drop_index(self, index_name: str, table_name: str | None = None, *, schema: str | None = None) -> None:
        """Drop an index."""
        ...

    def add_column(self, table_name: str, column: sa.Column[Any], *, schema: str | None = None) -> None:
        """Add a column."""
        ...

    def alter_column(self, table_name: str, column_name: str, *, nullable: bool, schema: str | None = None) -> None:
        """Let a column be null, or not."""
        ...

    def drop_column(self, table_name: str, column_name: str, *, schema: str | None = None) -> None:
        """Drop a column."""
        ...

    def create_check_constraint(
        self, constraint_name: str | None, table_name: str, condition: str, *, schema: str | None = None
    ) -> None:
        """Add a check constraint."""
        ...

    def drop_constraint(self, constraint_name: str, table_name: str, *, schema: str | None = None) -> None:
        """Drop a constraint."""
        ...
