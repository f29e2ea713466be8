"""The `uow-events` command."""

from uow_events.cli.entry import main

__all__ = ["main"]
