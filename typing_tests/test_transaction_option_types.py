"""Options that may be inherited, and options that are resolved."""

from datetime import timedelta
from typing import assert_type

from uow_events import ResolvedOptions, TransactionOptions, UnitOfWork
from uow_events.unit_of_work import DEFAULTS

mine = TransactionOptions(timeout=timedelta(seconds=1), read_only=None)
assert_type(mine.over(TransactionOptions()), TransactionOptions)
assert_type(mine.over(TransactionOptions()).over(DEFAULTS), ResolvedOptions)
assert_type(mine.over(DEFAULTS).timeout, timedelta | None)


def of(unit: UnitOfWork) -> ResolvedOptions:
    return unit.transaction


TransactionOptions(isolation_level="AUTOCOMMIT")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
