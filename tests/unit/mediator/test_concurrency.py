"""How many event handlers may run at a time."""

from typing import Any

import pytest

from uow_events import InvalidArgumentError
from uow_events.mediator.arguments import check_limits


@pytest.mark.parametrize("limit", [0, -1, 1.5, "2", True, None])
def test_a_limit_below_one_is_refused(limit: Any) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        check_limits(1, limit, None)
    assert str(raised.value) == (
        f"The argument max_concurrent_event_handlers must be an integer from 1, and is {limit!r}"
    )


def test_any_other_integer_will_do() -> None:
    check_limits(1, 1, None)
    check_limits(1, 1000, None)
