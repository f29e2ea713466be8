"""dishka in Lagom's place: `Mediator(engine, registry, container=DishkaResolver(make_container(...)))`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from sqlalchemy.ext.asyncio import AsyncSession

from uow_events.errors import InvalidArgumentError, MissingExtraError, UnresolvableDependencyError, kind_of
from uow_events.mediator import Mediator
from uow_events.messages import MessageContext
from uow_events.resolver import Resolver
from uow_events.signatures import IN_A_CIRCLE, arguments_for, class_of_alias, constructor_of, without_none
from uow_events.unit_of_work import Recorder, UnitOfWork

try:
    from dishka import Container, Provider, Scope
    from dishka.exception_base import DishkaError
    from dishka.exceptions import NoFactoryError
except ModuleNotFoundError as error:
    raise MissingExtraError("uow_events.integrations.dishka", "dishka") from error

T = TypeVar("T")
OF_THE_UNIT = (AsyncSession, UnitOfWork, Recorder, MessageContext, Mediator)


def unit_of_work_provider() -> Provider:
    """Return the provider that lets factories and classes of dishka ask for what belongs to the running unit of work.

    In the scope REQUEST these are AsyncSession, UnitOfWork, Recorder, MessageContext and Mediator.
    """
    provider = Provider(scope=Scope.REQUEST)
    for kind in OF_THE_UNIT:
        provider.from_context(provides=kind)
    return provider


class DishkaResolver:
    """A Resolver over a dishka container, of which each unit of work enters the next scope: REQUEST.

    What dishka has a factory for comes from there, with its lifetime; other classes, such as handlers, are built from
    their constructors, anew each time. The scope is closed at the unit's very end, after the commit or the rollback;
    errors of its finalizers are logged.

    Raises:
        InvalidArgumentError: the container is not what `dishka.make_container()` returns.
    """

    def __init__(self, container: Container) -> None:
        if not isinstance(cast("object", container), Container):
            expected = f"what dishka.make_container() returns, and is {kind_of(container)}"
            raise InvalidArgumentError("container", expected)
        self._scope = _Scope(container, {}, set())

    def resolve(self, dependency: type[T]) -> T:
        """Return an object of a type, outside of any unit of work; same errors as in one."""
        return self._scope.resolve(dependency)

    def child(self, instances: Mapping[type, object]) -> Resolver:
        """Return the container of one unit of work: dishka's next scope, with these objects as its context."""
        return self._scope.child(instances)


class _Scope:
    """One scope of dishka; `unknown` are types that dishka said to have no factory for, in any scope of this kind."""

    def __init__(self, container: Container, instances: Mapping[type, object], unknown: set[Any]) -> None:
        self._container = container
        self._instances = instances
        self._unknown = unknown
        self._unknown_below: set[Any] = set()

    def resolve(self, dependency: type[T]) -> T:
        try:
            return cast("T", self._resolve(dependency))
        except RecursionError as error:
            raise UnresolvableDependencyError(dependency, *IN_A_CIRCLE) from error

    def child(self, instances: Mapping[type, object]) -> Resolver:
        context: dict[Any, Any] = dict(instances)
        inner = self._container(context=context).__enter__()  # older versions give the container only when entered
        return _Scope(inner, {**self._instances, **instances}, self._unknown_below)

    def close(self) -> None:
        """Run the finalizers of what was built in this scope."""
        self._container.close()

    def _resolve(self, dependency: Any) -> Any:
        kind = without_none(dependency)
        if kind in self._instances:
            return self._instances[kind]
        if kind not in self._unknown:
            try:
                return self._container.get(kind)
            except NoFactoryError as error:
                if error.requested.type_hint != kind:
                    raise _unresolvable(kind, error) from error
                self._unknown.add(kind)
            except DishkaError as error:
                raise _unresolvable(kind, error) from error
        plain = class_of_alias(kind)
        return self._resolve(plain) if plain is not kind else self._construct(dependency, kind)

    def _construct(self, dependency: Any, kind: Any) -> Any:
        try:
            parameters = constructor_of(kind)
        except UnresolvableDependencyError as error:
            raise UnresolvableDependencyError(
                dependency, error.problem, error.remedy, is_known=error.is_known
            ) from error.__cause__
        positional, named = arguments_for(parameters, self._resolve)
        return kind(*positional, **named)


def _unresolvable(kind: object, error: DishkaError) -> UnresolvableDependencyError:
    remedy = "its own error, the cause of this one, says what is missing"
    return UnresolvableDependencyError(kind, f"dishka refused it ({type(error).__name__})", remedy, is_known=True)
