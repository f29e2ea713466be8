"""Messages of brokers that take effect once per consumer: the rows that remember them, and their failures."""

from uow_events.mediator.inbox.inbox import Inbox
from uow_events.mediator.inbox.purging import purge_consumed_messages
from uow_events.mediator.inbox.rows import AlreadyConsumed, ConsumedRow

__all__ = ["AlreadyConsumed", "ConsumedRow", "Inbox", "purge_consumed_messages"]
