from hypothesis import given
from hypothesis import strategies as st

from uow_events.outbox import shard_of
from uow_events.outbox.shard import SHARDS

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def test_shards_are_written_down() -> None:
    # get_byte(sha256(convert_to(key, 'UTF8')), 0) % 64, asked of PostgreSQL
    assert {key: shard_of(key) for key in ("", "a", "meeting-1", "é")} == {"": 35, "a": 10, "meeting-1": 15, "é": 10}


@given(TEXT)
def test_every_key_has_one_shard(key: str) -> None:
    assert 0 <= shard_of(key) == shard_of(key) < SHARDS
