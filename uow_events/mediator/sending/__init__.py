"""One message is sent: in a unit of work of its own, in the running one, or in one beside it."""

from uow_events.mediator.sending.consuming import Consuming
from uow_events.mediator.sending.requires_new import InnerTransactions
from uow_events.mediator.sending.sender import Sender
from uow_events.mediator.sending.units import Units

__all__ = ["Consuming", "InnerTransactions", "Sender", "Units"]
