"""The waits between attempts."""

from datetime import timedelta

import pytest

from uow_events import Backoff, InvalidArgumentError


@pytest.mark.parametrize(("attempts", "longest"), [(1, 1), (2, 2), (5, 16), (9, 256), (10, 300), (100_000, 300)])
def test_a_wait_doubles_up_to_the_longest_and_is_cut_by_half_at_most(attempts: int, longest: int) -> None:
    waits = [Backoff().after(attempts).total_seconds() for _ in range(50)]
    assert all(longest / 2 <= wait <= longest for wait in waits)
    assert len(set(waits)) > 1


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"initial": 1}, "initial must be a timedelta above 0, and is 1"),
        ({"maximum": timedelta(0)}, "maximum must be a timedelta above 0, and is datetime.timedelta(0)"),
        ({"initial": timedelta(hours=1)}, "maximum must be initial or longer, and is 0:05:00"),
    ],
)
def test_waits_that_cannot_be_are_refused(given: dict[str, timedelta], problem: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        Backoff(**given)
    assert str(caught.value) == f"The argument {problem}"
