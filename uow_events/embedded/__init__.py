"""PostgreSQL without set-up: a server for demos, notebooks and tests, gone without a trace afterwards."""

from uow_events.embedded.postgres import EmbeddedPostgres

__all__ = ["EmbeddedPostgres"]
