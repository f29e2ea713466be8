"""Brokers by FastStream; its packages are imported when a FastStreamBroker is made, not before."""

from uow_events.brokers.faststream.broker import FastStreamBroker

__all__ = ["FastStreamBroker"]
