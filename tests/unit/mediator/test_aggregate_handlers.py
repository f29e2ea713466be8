"""What a method of an aggregate must look like to handle a command, and what is refused at registration."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.unit.mediator.aggregates import (
    Cancel,
    Decorated,
    Join,
    Joinable,
    Line,
    Meeting,
    MeetingId,
    OwnType,
    Place,
    create_command,
)
from tests.unit.messages.kinds import COMMANDS
from uow_events import Command, DomainEvent, DuplicateHandlerError, HandlerSignatureError, Registry, TransactionOptions
from uow_events.messages import HandlerOptions


def refusal(command: Any, method: Any, **options: Any) -> str:
    with pytest.raises(HandlerSignatureError) as caught:
        Registry().aggregate_handler(command, method, **options)
    assert caught.value.handler == method
    return caught.value.problem


@pytest.mark.parametrize(
    ("command", "method", "options"),
    [
        (Join, Meeting.join, {"identity": "meeting"}),
        (Join, Meeting.join, {"identity": {"id": "meeting"}}),
        (Join, Meeting.join_checked, {"identity": "meeting"}),
        (Join, Meeting.join_slowly, {"identity": "meeting"}),
        (Join, Meeting.obey, {"identity": "meeting"}),
        (Join, Meeting.untyped, {"identity": "meeting"}),
        (Join, Meeting.leave, {"identity": "meeting", "aggregate": Meeting}),
        (Place, Meeting.place, {"identity": "meeting"}),
        (Cancel, Line.cancel, {"identity": {"order": "order", "number": "line"}}),
        (create_command(None), Meeting.create, {}),
        (create_command(Meeting), Meeting.create, {}),
        (create_command(Joinable), Meeting.create, {}),
        (create_command(Meeting | None), Meeting.create, {"aggregate": Meeting}),
        (create_command(int), Meeting.create, {}),
        (create_command(MeetingId), Meeting.create, {}),
        (create_command(Any), Meeting.opened, {}),
        (create_command(None), Line.create, {}),
        (create_command(str), Decorated.create, {}),
        (create_command(str), OwnType.create, {}),
    ],
)
def test_a_fitting_method_is_registered_and_returned(command: Any, method: Any, options: dict[str, Any]) -> None:
    registry = Registry()
    assert registry.aggregate_handler(command, method, **options) == method
    owner = options.get("aggregate") or getattr(method, "__self__", None)
    expected = f"{owner.__qualname__}.{method.__name__}" if owner else method.__qualname__
    assert registry.handler_of(command).binding.name == expected
    assert [*registry.late_faults()] == []


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.__name__)
def test_every_kind_of_command_has_its_fields_checked(kind: type[Any]) -> None:
    problem = refusal(kind, Meeting.join, identity="seats")
    assert problem == f"its parameter 'user' is no field of {kind.__name__}"
    Registry().aggregate_handler(kind, Meeting.takes_less, identity="seats")


def test_its_options_are_kept() -> None:
    registry = Registry()
    options = TransactionOptions(lock_timeout=None)
    given: dict[str, Any] = {"transaction": options, "idempotent": True, "records": (DomainEvent,)}
    registry.aggregate_handler(Join, Meeting.join, identity="meeting", **given)
    route = registry.handler_of(Join)
    assert (route.kind, route.transaction, route.repeatable, route.idempotent) == ("command", options, True, True)
    assert route.binding.options == HandlerOptions(records=(DomainEvent,))
    assert route.response is int


def test_it_is_the_commands_one_handler() -> None:
    async def join(command: Join) -> int: ...  # type: ignore[empty-body]

    registry = Registry()
    registry.aggregate_handler(Join, Meeting.join, identity="meeting")
    with pytest.raises(DuplicateHandlerError) as caught:
        registry.command_handler(join)
    assert str(caught.value) == "Join is already handled by Meeting.join; join cannot be registered for it too"


def test_the_error_names_the_method() -> None:
    with pytest.raises(HandlerSignatureError) as caught:
        Registry().aggregate_handler(Join, Meeting.answers_text, identity="meeting")  # type: ignore[call-overload]
    assert str(caught.value) == (
        "The handler Meeting.answers_text cannot be registered: it returns str, but Join is a Command[int]"
    )


@pytest.mark.parametrize(
    ("method", "problem"),
    [
        (Meeting.takes_number, "its parameter 'user' takes int, but that field of Join is str"),
        (Meeting.takes_more, "its parameter 'seat' is no field of Join"),
        (Meeting.takes_more_by_position, "its parameter 'seat' is no field of Join"),
        (
            Meeting.takes_less,
            "none of its parameters takes the field 'user' of Join: add one, or let it take the command itself",
        ),
        (
            Meeting.takes_identity,
            "its parameter 'meeting' asks for the identity, which the aggregate has itself",
        ),
        (Meeting.yields, "it is a generator, which nobody would run: return in place of yield"),
        (Meeting.create, "it creates its aggregate, so that there is no identity to load one by"),
    ],
)
def test_a_method_that_does_not_fit_its_command_is_refused(method: Any, problem: str) -> None:
    assert refusal(Join, method, identity="meeting") == problem


ONE_KEY = "its identity must map each key attribute of Meeting to a field of its own: id"
TWO_KEYS = "its identity must map each key attribute of Line to a field of its own: order, number"


@pytest.mark.parametrize(
    ("command", "method", "identity", "problem"),
    [
        (Join, Meeting.join, None, 'it needs the key of the aggregate to load: pass identity="field"'),
        (Join, Meeting.join, "meting", "its identity names 'meting', which is no field of Join"),
        (Join, Meeting.join, "limit", "its identity names 'limit', which is no field of Join"),
        (Place, Meeting.place, "source", "its identity names 'source', which is no field of Place"),
        (Join, Meeting.join, ["meeting"], "its identity names ['meeting'], which is no field of Join"),
        (Join, Meeting.join, {"meeting_id": "meeting"}, ONE_KEY),
        (Join, Meeting.obey, {}, ONE_KEY),
        (
            Cancel,
            Line.cancel,
            "order",
            "none of its parameters takes the field 'line' of Cancel: add one, or let it take the command itself",
        ),
        (
            Cancel,
            Line.cancel,
            {"order": "order", "number": "order"},
            "none of its parameters takes the field 'line' of Cancel: add one, or let it take the command itself",
        ),
        (Cancel, Line.cancel, {"order": "order", "other": "line"}, TWO_KEYS),
    ],
)
def test_an_identity_that_is_not_the_key_is_refused(command: Any, method: Any, identity: Any, problem: str) -> None:
    assert refusal(command, method, identity=identity) == problem


@dataclass
class Whole(Command[int]):
    key: int


class Ledger(Line):
    def close(self, command: Whole) -> int:
        return 1


@pytest.mark.parametrize("identity", ["key", {"order": "key", "number": "key"}])
def test_one_field_is_not_a_key_of_two_columns(identity: Any) -> None:
    problem = "its identity must map each key attribute of Ledger to a field of its own: order, number"
    assert refusal(Whole, Ledger.close, identity=identity) == problem


ONLY = "and can only have nothing (Command), the new {}, or its key of one column"


@pytest.mark.parametrize(
    ("promised", "method", "problem"),
    [
        (str, Meeting.create, "its command promises str, " + ONLY.format("Meeting")),
        (int, Line.create, "its command promises int, " + ONLY.format("Line")),
        (None, Meeting.create_other, "it returns Line, and must return the new Meeting"),
    ],
)
def test_a_creation_that_cannot_give_its_response_is_refused(promised: Any, method: Any, problem: str) -> None:
    assert refusal(create_command(promised), method) == problem


@dataclass
class Elsewhere(Command[int]):
    meeting: "int | NotThere"  # type: ignore[name-defined]  # noqa: F821


def test_a_field_that_names_what_is_not_there_is_refused() -> None:
    assert refusal(Elsewhere, Meeting.takes_less, identity="meeting") == (
        "the fields of Elsewhere name 'NotThere', which does not exist at run time: import it outside of "
        "`if TYPE_CHECKING`"
    )


@pytest.mark.parametrize("command", [int, "Join", Line])
def test_what_is_no_command_is_refused(command: Any) -> None:
    assert refusal(command, Meeting.join, identity="meeting") == "what it takes is no Command"
