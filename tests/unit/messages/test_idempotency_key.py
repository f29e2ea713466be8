import pytest

from uow_events import IdempotencyKey, InvalidArgumentError


def test_a_plain_string_is_a_key_without_scope() -> None:
    assert IdempotencyKey.of("k") == IdempotencyKey("k", scope="")
    scoped = IdempotencyKey("k" * 255, scope="s" * 255)
    assert IdempotencyKey.of(scoped) is scoped


@pytest.mark.parametrize(
    ("key", "scope", "message"),
    [
        ("", "", "The argument key must be a str of 1 to 255 characters, and has 0"),
        ("k" * 256, "", "The argument key must be a str of 1 to 255 characters, and has 256"),
        ("k\0", "", "The argument key must be text that can be stored, and holds NUL or a lone surrogate"),
        ("\ud800", "", "The argument key must be text that can be stored, and holds NUL or a lone surrogate"),
        (7, "", "The argument key must be a str, and is a int"),
        (None, "", "The argument key must be a str, and is a NoneType"),
        ("k", "s" * 256, "The argument scope must be a str of 0 to 255 characters, and has 256"),
        ("k", "\0", "The argument scope must be text that can be stored, and holds NUL or a lone surrogate"),
        ("k", None, "The argument scope must be a str, and is a NoneType"),
    ],
)
def test_what_cannot_be_stored_is_refused(key: str, scope: str, message: str) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        IdempotencyKey(key, scope)
    assert str(raised.value) == message
