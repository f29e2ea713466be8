"""The history of the framework's tables, one step per version, for an application's own Alembic revisions to call."""

from collections.abc import Mapping
from typing import Final, Protocol

from uow_events.errors import UnknownSchemaVersionError
from uow_events.migrations import version_1, version_2, version_3
from uow_events.migrations.operations import MigrationOperations


class _Step(Protocol):
    def upgrade(self, op: MigrationOperations, schema: str) -> None: ...
    def downgrade(self, op: MigrationOperations, schema: str) -> None: ...


_STEPS: Final[Mapping[int, _Step]] = {1: version_1, 2: version_2, 3: version_3}

LATEST_VERSION: Final = max(_STEPS)
"""The version of the tables that this release works with."""


def upgrade(op: MigrationOperations, version: int = 1, *, schema: str = "uow_events") -> None:
    """Apply the step that leads to `version`, in the transaction of the revision that calls it.

    `op` is `alembic.op`, or an `alembic.operations.Operations`. Each call applies exactly one step, so that a revision
    never changes its meaning: one revision calls `upgrade(op, version=1)`, a later one `upgrade(op, version=2)`.
    The step to version 1 creates the schema where it does not exist. Also works in Alembic's offline mode (`--sql`).

    Raises:
        UnknownSchemaVersionError: this release has no such version.
    """
    _step(version).upgrade(op, schema)


def downgrade(op: MigrationOperations, version: int = 1, *, schema: str = "uow_events") -> None:
    """Take back the step that led to `version`; for version 1: drop the tables, with all rows that they hold.

    The schema stays, although `upgrade` may have created it: it may hold other tables (Alembic's own version table
    among them) and grants, and a role without CREATE on the database could not make it again.

    Raises:
        UnknownSchemaVersionError: this release has no such version.
    """
    _step(version).downgrade(op, schema)


def _step(version: int) -> _Step:
    try:
        return _STEPS[version]
    except KeyError:
        raise UnknownSchemaVersionError(version, LATEST_VERSION) from None
