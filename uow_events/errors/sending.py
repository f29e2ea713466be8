"""Errors of a send that cannot run where, or as, it was asked for."""

from uow_events.errors.base import UowEventsError


class WrongEventLoopError(UowEventsError, RuntimeError):
    """A mediator was used on a second event loop; its pool's connections belong to the first."""

    def __init__(self) -> None:
        super().__init__(
            "This mediator has been used on another event loop, to which its engine's connections belong: make an "
            "engine and a mediator for each event loop"
        )


class RequiresNewLimitError(UowEventsError, RuntimeError):
    """Too many transactions hold a connection while another one runs inside of them; it was not begun."""

    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self.limit = limit
        super().__init__(
            f'{name} with propagation="requires_new" was not begun: {limit} transaction(s) of this mediator hold a '
            "connection already while they wait for an inner one, and with more of them the pool could run dry for "
            "good. Send it again, raise pool_size, or send it after the outer commit"
        )


class TransactionOptionsConflictError(UowEventsError, ValueError):
    """A message wants to join a running transaction whose options contradict its own.

    What settings are set to is in `wanted` and `running` only, and not in the text.
    """

    def __init__(self, name: str, option: str, wanted: object, running: object) -> None:
        self.name = name
        self.option = option
        self.wanted = wanted
        self.running = running
        differ = f"it asks for {option}={wanted!r}, and the transaction has {running!r}"
        if option == "settings":
            differ = "the settings it asks for are not those of the transaction"
        super().__init__(
            f"{name} cannot join the running transaction: {differ}. Give both the same option, or run it in a "
            'transaction of its own: send(..., propagation="requires_new")'
        )


class NotRepeatableError(UowEventsError, RuntimeError):
    """A command that must not run twice was sent inside of one that is run again where it fails."""

    def __init__(self, name: str, running: str) -> None:
        self.name = name
        self.running = running
        super().__init__(
            f"{name} is registered with repeatable=False, and {running}, inside of which it was sent, would run it "
            "again with each retry: leave the retry out of that one's options, or send this one before or after it"
        )
