"""An exception that takes no attributes leaves as it is, also through a flush."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import event

from tests.integration.conftest import App
from tests.models import Note
from uow_events import UnitOfWork


@dataclass(frozen=True)
class Frozen(Exception):
    reason: str


FROZEN = Frozen("mine")


def refuse(*_: Any) -> None:
    raise FROZEN


@pytest.fixture
def refused_notes() -> Iterator[None]:
    event.listen(Note, "before_insert", refuse)
    yield
    event.remove(Note, "before_insert", refuse)


@pytest.mark.usefixtures("refused_notes")
async def test_one_of_a_mappers_listener_leaves_a_flush_as_it_is(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="one"))
        await unit.session.flush()
        return None

    with pytest.raises(Frozen) as raised:
        await app.run(body)
    assert raised.value is FROZEN
    await app.assert_nothing_stored()
