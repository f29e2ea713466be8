"""Where the relays of these tests publish to."""

from collections.abc import AsyncIterator

import pytest

from tests.faults.sink import Sink, sink


@pytest.fixture
async def broker() -> AsyncIterator[Sink]:
    async with sink() as made:
        yield made
