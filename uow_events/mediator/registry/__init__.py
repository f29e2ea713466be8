"""What is handled by whom: the registry, the forms in which handlers are registered, and the routes they make."""

from uow_events.mediator.registry.command_handler import CommandHandler
from uow_events.mediator.registry.query_handler import QueryHandler
from uow_events.mediator.registry.registry import Registry
from uow_events.mediator.registry.route import Route

__all__ = ["CommandHandler", "QueryHandler", "Registry", "Route"]
