"""What the tests of all brokers share."""

from uuid import uuid4

import pytest


@pytest.fixture
def topic() -> str:
    return f"contract-{uuid4().hex}"
