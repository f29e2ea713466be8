"""`python -m uow_events.cli` is the `uow-events` command."""

from uow_events.cli.entry import main

main()
