"""What helps to test applications and brokers of one's own (extra `testing`)."""

from uow_events.testing.broker_contract import Arrived, BrokerContract, make_message

__all__ = ["Arrived", "BrokerContract", "make_message"]
