"""What makes two sends of one command the same request."""

from __future__ import annotations

from dataclasses import dataclass

from uow_events.errors import InvalidArgumentError
from uow_events.messages.text import MAX_NAME_LENGTH, why_not_text


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A key chosen by the caller, the same whenever one request is sent again, and used for no other request.

    Keys are unique per scope and command type: with a tenant or a user as `scope`, no caller sees another's response.

    Raises:
        InvalidArgumentError: `key` (1 to 255 characters) or `scope` (up to 255) is no str that can be stored.
    """

    key: str
    scope: str = ""

    def __post_init__(self) -> None:
        _check("key", self.key, shortest=1)
        _check("scope", self.scope, shortest=0)

    @classmethod
    def of(cls, given: str | IdempotencyKey) -> IdempotencyKey:
        """Return a key as it is, and a plain str as a key without scope.

        Raises:
            InvalidArgumentError: as for the class.
        """
        return given if isinstance(given, IdempotencyKey) else cls(given)


def _check(argument: str, value: str, shortest: int) -> None:
    if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(argument, f"a str, and is a {type(value).__name__}")
    if not shortest <= len(value) <= MAX_NAME_LENGTH:
        wanted = f"a str of {shortest} to {MAX_NAME_LENGTH} characters, and has {len(value)}"
        raise InvalidArgumentError(argument, wanted)
    if why_not_text(value):
        raise InvalidArgumentError(argument, "text that can be stored, and holds NUL or a lone surrogate")
