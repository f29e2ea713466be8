"""What a registration says about how its handler runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast, get_args

from uow_events.errors import InvalidArgumentError
from uow_events.messages.domain_event import DomainEvent
from uow_events.messages.fallback_handler import FallbackHandler
from uow_events.messages.notification_event import NotificationEvent

OnError: TypeAlias = Literal["rollback", "continue"] | FallbackHandler
Phase: TypeAlias = Literal["in_transaction", "after_commit"]
InnerCommit: TypeAlias = Literal["refuse", "flush"]
OF_ITS_OWN = 'in phase="after_commit", where the handler runs in a unit of work of its own'


@dataclass(frozen=True, slots=True)
class HandlerOptions:
    """How a handler runs: what its failure brings, when it runs, what its session.commit() does, what it records.

    Raises:
        InvalidArgumentError: something is not what it must be, or contradicts another option.
    """

    on_error: OnError = "rollback"
    phase: Phase = "in_transaction"
    inner_commit: InnerCommit = "refuse"
    records: tuple[type, ...] = ()

    def __post_init__(self) -> None:
        given: object = self.on_error
        if not isinstance(given, FallbackHandler) and given not in ("rollback", "continue"):
            wanted = f"'rollback', 'continue' or an instance of FallbackHandler, and is {given!r}"
            raise InvalidArgumentError("on_error", wanted)
        _check_records(self.records)
        _check_literal("phase", self.phase, Phase)
        _check_literal("inner_commit", self.inner_commit, InnerCommit)
        if self.phase == "after_commit":
            self._check_after_commit()

    def _check_after_commit(self) -> None:
        if self.on_error != "rollback":
            raise InvalidArgumentError("on_error", f"left out {OF_ITS_OWN} and its failure is logged")
        if self.inner_commit != "refuse":
            raise InvalidArgumentError("inner_commit", f"left out {OF_ITS_OWN}")


def _check_literal(argument: str, given: object, options: object) -> None:
    allowed = get_args(options)
    if given not in allowed:
        raise InvalidArgumentError(argument, f"{' or '.join(map(repr, allowed))}, and is {given!r}")


def _check_records(given: Any) -> None:
    events = cast("tuple[object, ...]", given) if isinstance(given, tuple) else (None,)
    if not all(isinstance(kind, type) and issubclass(kind, DomainEvent | NotificationEvent) for kind in events):
        raise InvalidArgumentError("records", f"a tuple of event classes, and is {given!r}")


DEFAULT_OPTIONS = HandlerOptions()
