"""Finds the driver of a FastStream broker, and imports it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from uow_events.brokers.faststream.driver import Driver
from uow_events.brokers.faststream.limits import Limits
from uow_events.errors import InvalidArgumentError, MissingExtraError

_MODULES = {
    ("faststream.kafka", "KafkaBroker"): "kafka",
    ("faststream.rabbit", "RabbitBroker"): "rabbitmq",
    ("faststream.nats", "NatsBroker"): "nats",
    ("faststream.redis", "RedisBroker"): "redis",
}
"""By FastStream's package and class: the driver's module, which has the name of the extra."""
_EXPECTED = "a KafkaBroker, RabbitBroker, NatsBroker or RedisBroker of FastStream"


def driver_of(broker: object, limits: Limits, options: Mapping[str, Any]) -> Driver:
    """Return the driver for a broker.

    Raises:
        InvalidArgumentError: it is no broker of FastStream that this package knows, or not one for these options.
        MissingExtraError: its client is not installed.
    """
    name = _module_of(type(broker))
    if name is None:
        raise InvalidArgumentError("broker", f"{_EXPECTED}, and is a {type(broker).__name__}")
    if options and name != "rabbitmq":
        raise InvalidArgumentError("exchange", f"left out for a {type(broker).__name__}: it is for a RabbitBroker")
    try:
        module = import_module(f"uow_events.brokers.faststream.{name}")
    except ImportError as error:
        raise MissingExtraError(f"FastStreamBroker({type(broker).__name__})", name) from error
    driver: Driver = module.DRIVER(broker, limits, **options)
    return driver


def _module_of(kind: type) -> str | None:
    for base in kind.__mro__:
        package = ".".join(base.__module__.split(".")[:2])
        if (package, base.__name__) in _MODULES:
            return _MODULES[package, base.__name__]
    return None
