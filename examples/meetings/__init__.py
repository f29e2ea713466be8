"""A small application on uow_events: people join meetings, and everything that follows happens in one transaction."""
