"""A handler together with what its registration says about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_origin

from uow_events.errors import HandlerSignatureError, name_of
from uow_events.messages.binding import Binding, bind
from uow_events.messages.domain_event import DomainEvent
from uow_events.messages.fallback_handler import FallbackHandler
from uow_events.messages.handler_options import HandlerOptions
from uow_events.messages.notification_event import NotificationEvent
from uow_events.signatures import conflicts


def with_options(binding: Binding, options: HandlerOptions, base: type) -> Binding:
    """Return a binding with its options, and with its fallback reflected; `base` is that of its handler classes.

    Raises:
        HandlerSignatureError: the options do not fit what it handles, or the fallback is no handler of that.
    """
    message = get_origin(binding.message_type) or binding.message_type
    if not (isinstance(message, type) and issubclass(message, DomainEvent | NotificationEvent)):
        _check_answering(binding, options)
    if not isinstance(options.on_error, FallbackHandler):
        return replace(binding, options=options)
    fallback = _fallback_of(binding, options.on_error, base)
    own = HandlerOptions(inner_commit=options.inner_commit, records=options.records)
    return replace(binding, options=options, fallback=replace(fallback, options=own))


def _check_answering(binding: Binding, options: HandlerOptions) -> None:
    what = name_of(binding.message_type)
    if options.on_error == "continue":
        problem = f'with on_error="continue" nobody would answer {what}: give a FallbackHandler that does'
        raise HandlerSignatureError(binding.handler, problem)
    if options.phase == "after_commit":
        problem = f'phase="after_commit" is for event handlers, and nobody would answer {what}'
        raise HandlerSignatureError(binding.handler, problem)


def _fallback_of(binding: Binding, policy: FallbackHandler, base: type) -> Binding:
    if policy.handler == binding.handler:
        raise HandlerSignatureError(binding.handler, "it is its own fallback")
    fallback = bind(policy.handler, base)
    if not _takes_all(fallback.message_type, binding.message_type):
        problem = f"as the fallback of {binding.name} it must handle {name_of(binding.message_type)}, but it handles "
        raise HandlerSignatureError(policy.handler, problem + name_of(fallback.message_type))
    if conflicts(binding.returns, fallback.returns):
        problem = f"as the fallback of {binding.name} it must return {name_of(binding.returns)}, but it returns "
        raise HandlerSignatureError(policy.handler, problem + name_of(fallback.returns))
    return fallback


def _takes_all(taken: Any, message: Any) -> bool:
    both_classes = isinstance(taken, type) and isinstance(message, type)
    return issubclass(message, taken) if both_classes else taken == message
