"""The cursor of a stream: every way to fetch goes through the fence."""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from uow_events.errors import UnitOfWorkClosedError
from uow_events.unit_of_work.fence import Fence, State
from uow_events.unit_of_work.streams import FencedCursor


@pytest.fixture
def cursor() -> Iterator[sqlite3.Cursor]:
    connection = sqlite3.connect(":memory:")
    yield connection.execute("SELECT 1 UNION SELECT 2 UNION SELECT 3")
    connection.close()


@pytest.mark.parametrize(
    ("fetch", "rows"),
    [
        (lambda cursor: cursor.fetchone(), (1,)),
        (lambda cursor: cursor.fetchmany(2), [(1,), (2,)]),
        (lambda cursor: cursor.fetchall(), [(1,), (2,), (3,)]),
    ],
)
def test_a_stream_is_read_while_its_unit_is_open_and_not_after(
    cursor: sqlite3.Cursor, fetch: Callable[[Any], object], rows: object
) -> None:
    fence = Fence()
    fenced = FencedCursor(cursor, fence)
    fence.state = State.OPEN
    assert fetch(fenced) == rows
    assert fenced.description[0][0] == "1"
    fence.state = State.ENDED
    with pytest.raises(UnitOfWorkClosedError):
        fetch(fenced)
