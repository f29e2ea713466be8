"""What a registry keeps for each type that can be sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, get_origin

from uow_events.mediator.options import NOTHING_GIVEN, resolved
from uow_events.messages import Binding, Command, Query, response_of
from uow_events.unit_of_work import ResolvedOptions, TransactionOptions

Kind: TypeAlias = Literal["command", "query"]
BASES: dict[Kind, type] = {"command": Command, "query": Query}


@dataclass(frozen=True, slots=True)
class Route:
    """The handler of one command or query, and how it is run.

    `check` raises a HandlerSignatureError for what could not be told at registration, where classes may still wait to
    be mapped.
    """

    binding: Binding
    kind: Kind
    transaction: TransactionOptions | None = None
    repeatable: bool = True
    idempotent: bool = False
    check: Callable[[], object] | None = None

    @property
    def request(self) -> Any:
        """The type that is sent."""
        return get_origin(self.binding.message_type) or self.binding.message_type

    @property
    def response(self) -> Any:
        """The type that is answered: R of Command[R] or Query[R]."""
        return response_of(self.request, BASES[self.kind])

    def resolved(self, mediators: TransactionOptions) -> ResolvedOptions:
        """Return the options it runs with where it has a transaction of its own.

        Raises:
            InvalidArgumentError: together with the mediator's they contradict each other.
        """
        options = resolved(self.transaction or NOTHING_GIVEN, mediators)
        options = options if self.repeatable else replace(options, retry=None)
        return options if self.kind == "command" else replace(options, read_only=True)
