"""A message's headers: CloudEvents 1.0 attributes in binary mode, beside the sender's own."""

from collections.abc import Callable

from uow_events.brokers.message import BrokerMessage

CONTENT_TYPE = "datacontenttype"
PARTITION_KEY = "partitionkey"
ATTRIBUTES = frozenset(
    {
        "specversion",
        "id",
        "source",
        "type",
        "time",
        "subject",
        "dataschema",
        "datacontentencoding",
        "correlationid",
        "causationid",
        "typeversion",
    }
)
"""The attributes of CloudEvents 1.0 and of its Correlation extension, but for the content type."""


def to_headers(
    message: BrokerMessage, prefix: str, *, has_key: bool = True, encode: Callable[[str], str] = str
) -> dict[str, str]:
    """Return the headers as they go beside the bytes; attributes come before a sender's header of the same name.

    Each attribute has the prefix that the CloudEvents binding of the broker prescribes, the content type stands in
    `content-type`, and the key is the attribute `partitionkey` of the Partitioning extension. The sender's own headers
    (`traceparent` is one) keep their names.
    """
    stored = message.headers
    attributes = {name: value for name, value in stored.items() if name in ATTRIBUTES}
    if has_key and message.key is not None:
        attributes[PARTITION_KEY] = message.key
    headers = {name: value for name, value in stored.items() if name not in ATTRIBUTES and name != CONTENT_TYPE}
    headers |= {prefix + name: encode(value) for name, value in attributes.items()}
    if CONTENT_TYPE in stored:
        headers["content-type"] = stored[CONTENT_TYPE]
    return headers
