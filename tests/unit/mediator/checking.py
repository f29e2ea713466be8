"""A decorator that lives in another module than what it decorates."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def checked(method: F) -> F:
    @functools.wraps(method)
    def checking(*args: Any, **kwargs: Any) -> Any:
        return method(*args, **kwargs)

    return checking  # type: ignore[return-value]
