"""Keeps what users entered out of logs."""

from __future__ import annotations

from sqlalchemy.exc import StatementError

from uow_events.unit_of_work.survivable import chain_of


def hide_parameters(error: BaseException) -> None:
    """Let an error, and those it came of, be shown without the parameters of SQL statements."""
    for one in chain_of(error):
        if isinstance(one, StatementError):
            one.hide_parameters = True
