"""WHO handles it: handlers, their registry, and the mediator that runs each command in one transaction."""

from uow_events.mediator.command_handler import CommandHandler
from uow_events.mediator.mediator import Mediator
from uow_events.mediator.registry import Registry

__all__ = ["CommandHandler", "Mediator", "Registry"]
