"""WHERE it goes: the broker protocol and its implementations."""

from uow_events.brokers.broker import Broker
from uow_events.brokers.faststream import FastStreamBroker
from uow_events.brokers.in_memory import InMemoryBroker
from uow_events.brokers.message import BrokerMessage

__all__ = ["Broker", "BrokerMessage", "FastStreamBroker", "InMemoryBroker"]
