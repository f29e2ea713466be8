"""Breadth-first positions, against plain tuples."""

from hypothesis import given
from hypothesis import strategies as st

from uow_events.messages import FIRST, Position


def position(path: tuple[int, ...], made: dict[tuple[int, ...], Position]) -> Position:
    """Return the position at a path of indexes; each is made once, as in a pipeline."""
    if path not in made:
        made[path] = Position(position(path[:-1], made), path[-1]) if path else FIRST
    return made[path]


@given(st.lists(st.lists(st.integers(0, 2), max_size=40).map(tuple), min_size=2, max_size=20))
def test_positions_sort_by_generation_then_by_cause_then_by_index(paths: list[tuple[int, ...]]) -> None:
    made: dict[tuple[int, ...], Position] = {}
    for one in paths:
        for other in paths:
            assert (position(one, made) < position(other, made)) == ((len(one), one) < (len(other), other))


def test_two_very_deep_positions_are_compared_in_few_steps() -> None:
    """Chains of 100,000 events stay linear: each comparison here by single steps would take ten billion in all."""
    left, right = Position(FIRST, 0), Position(FIRST, 1)
    for _ in range(100_000):
        left, right = Position(left), Position(right)
        assert left < right
        assert not right < left
