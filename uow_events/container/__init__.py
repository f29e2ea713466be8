"""The container behind a two-method protocol; the only house that imports Lagom.

Lagom keeps the definitions; classes without one are built here, since Lagom hides a constructor's own TypeError, takes
a generic alias for a class, and gives [] for `list[X]` and None for an unbound `X | None` without a word.
"""

from uow_events.container.choosing import resolver_of
from uow_events.container.lagom_resolver import Container, LagomResolver
from uow_events.resolver import Blueprint, Inspectable, Resolver

__all__ = ["Blueprint", "Container", "Inspectable", "LagomResolver", "Resolver", "resolver_of"]
