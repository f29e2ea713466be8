"""`uow-events relay`: relays as processes, with progress, health and logs."""

from uow_events.cli.relaying.command import relay

__all__ = ["relay"]
