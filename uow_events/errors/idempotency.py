"""Errors of commands that are sent with an idempotency key."""

from uow_events.errors.base import UowEventsError, name_of


class IdempotencyConflictError(UowEventsError, ValueError):
    """A command was sent with a key that the same command had before, with other content."""

    def __init__(self, command: type, key: str, scope: str = "") -> None:
        self.command = command
        self.key = key
        self.scope = scope
        super().__init__(
            f"The idempotency key {_shown(key, scope)} belongs to another {name_of(command)}, whose content differs: "
            "repeat that one unchanged, or give this one a key of its own"
        )


class IdempotencyInProgressError(UowEventsError, RuntimeError):
    """A command with the same key is running, and did not end within the lock timeout."""

    def __init__(self, command: type, key: str, scope: str = "") -> None:
        self.command = command
        self.key = key
        self.scope = scope
        super().__init__(
            f"{name_of(command)} with the idempotency key {_shown(key, scope)} is still running, and its response was "
            "not there in time: send it again later, with the same key"
        )


class IdempotencyRequestError(UowEventsError, TypeError):
    """A command cannot be told from others by its content, and so takes no idempotency key."""

    def __init__(self, command: type, problem: str) -> None:
        self.command = command
        self.problem = problem
        super().__init__(f"{name_of(command)} cannot be sent with an idempotency key: {problem}")


class IdempotencyResponseError(UowEventsError, TypeError):
    """A command's response cannot be stored under a key, or not be restored from there."""

    def __init__(self, command: type, response_type: object, problem: str) -> None:
        self.command = command
        self.response_type = response_type
        self.problem = problem
        super().__init__(
            f"The response of {name_of(command)}, {name_of(response_type)}, cannot be kept under an idempotency key: "
            f"{problem}"
        )


def _shown(key: str, scope: str) -> str:
    return f"{key!r} of {scope!r}" if scope else repr(key)
