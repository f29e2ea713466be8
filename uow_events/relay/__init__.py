"""WHO delivers it: the relay, which takes rows of the outbox to a broker."""

from uow_events.relay.backoff import Backoff
from uow_events.relay.relay import Relay
from uow_events.relay.status import RelayStatus

__all__ = ["Backoff", "Relay", "RelayStatus"]
