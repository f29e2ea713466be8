"""Which shard a key belongs to."""

from hashlib import sha256

SHARDS = 64


def shard_of(key: str) -> int:
    """Return the shard of a key, 0 to 63: the first byte of the SHA-256 of its UTF-8 bytes, modulo 64.

    In SQL: `get_byte(sha256(convert_to(key, 'UTF8')), 0) % 64`. The number of shards is fixed by the migration.
    """
    return sha256(key.encode()).digest()[0] % SHARDS
