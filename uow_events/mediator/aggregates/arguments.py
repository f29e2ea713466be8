"""Which parameter of an aggregate's method gets which field of the command."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import InitVar, dataclass
from typing import Any, ClassVar, TypeAlias, get_origin, get_type_hints

from sqlalchemy.ext.asyncio import AsyncSession

from uow_events.errors import name_of
from uow_events.mediator.aggregates.aggregate_method import AggregateMethod
from uow_events.messages import Command
from uow_events.signatures import Parameter, conflicts

Source: TypeAlias = str
ITSELF: Source = ""


@dataclass(frozen=True, slots=True)
class Arguments:
    """Where each argument of a call comes from: a field of the command, or ITSELF."""

    positional: tuple[Source, ...]
    named: Mapping[str, Source]

    async def call(self, method: Callable[..., Any], command: object, session: AsyncSession) -> Any:
        """Call a method, async or not.

        What is not async runs in the session's greenlet, so that attributes that are not loaded yet load by themselves.
        """
        positional = [_value(command, source) for source in self.positional]
        named = {name: _value(command, source) for name, source in self.named.items()}
        answer = await session.run_sync(lambda _: method(*positional, **named))
        return await answer if inspect.isawaitable(answer) else answer


def fields_of(method: AggregateMethod, command: type) -> dict[str, Any]:
    """Return the fields of a command with their types: what it, or a class above it, annotates.

    Raises:
        HandlerSignatureError: an annotation names what does not exist at run time.
    """
    try:
        hints = get_type_hints(command)
    except NameError as error:
        missing = f"the fields of {name_of(command)} name {error.name!r}, which does not exist at run time"
        raise method.refused(f"{missing}: import it outside of `if TYPE_CHECKING`") from error
    return {name: kind for name, kind in hints.items() if not name.startswith("_") and not _is_no_field(kind)}


def match_arguments(
    method: AggregateMethod,
    parameters: Iterable[Parameter],
    command: type,
    fields: Mapping[str, Any],
    identity: Collection[str] = (),
) -> Arguments:
    """Give each parameter its field; every field but those of the identity must be taken.

    Raises:
        HandlerSignatureError: a parameter has no field, a field no parameter, or their types differ.
    """
    positional: list[Source] = []
    named: dict[str, Source] = {}
    for parameter in parameters:
        source = _source(parameter, command, fields, identity)
        problem = _problem(parameter, source, command, fields)
        if problem is not None:
            raise method.refused(problem)
        if parameter.positional_only and source is not None:
            positional.append(source)
        elif source is not None:
            named[parameter.name] = source
    taken = {*positional, *named.values(), *identity}
    untaken = [field for field in fields if not taken & {field, ITSELF}]
    if untaken:
        raise method.refused(
            f"none of its parameters takes the field {untaken[0]!r} of {name_of(command)}: add one, or let it take the "
            "command itself"
        )
    return Arguments(tuple(positional), named)


def _source(parameter: Parameter, command: type, fields: Mapping[str, Any], identity: Collection[str]) -> Source | None:
    if _takes_itself(parameter.type, command):
        return ITSELF
    return parameter.name if parameter.name in fields and parameter.name not in identity else None


def _problem(parameter: Parameter, source: Source | None, command: type, fields: Mapping[str, Any]) -> str | None:
    here = f"its parameter {parameter.name!r}"
    if source is None:
        if parameter.name in fields:
            return f"{here} asks for the identity, which the aggregate has itself"
        may_miss = parameter.has_default and not parameter.positional_only
        return None if may_miss else f"{here} is no field of {name_of(command)}"
    if source and conflicts(parameter.type, fields[source]):
        there = f"that field of {name_of(command)} is {name_of(fields[source])}"
        return f"{here} takes {name_of(parameter.type)}, but {there}"
    return None


def _takes_itself(kind: Any, command: type) -> bool:
    kind = get_origin(kind) or kind
    return isinstance(kind, type) and issubclass(kind, Command) and issubclass(command, kind)


def _is_no_field(kind: Any) -> bool:
    return kind is ClassVar or get_origin(kind) is ClassVar or isinstance(kind, InitVar)


def _value(command: object, source: Source) -> Any:
    return getattr(command, source) if source else command
