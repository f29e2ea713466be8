"""A cluster of Kafka in this process: librdkafka's mock of one, and what is in its topics."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from tests.brokers.attributes import of_message
from uow_events.testing import Arrived


@contextmanager
def cluster() -> Iterator[list[str]]:
    """Yields the bootstrap servers of a mock cluster, which lives as long as the client that made it."""
    from confluent_kafka import Producer

    owner = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 3, "log_level": 0})
    brokers = owner.list_topics(timeout=30).brokers.values()
    yield [f"{broker.host}:{broker.port}" for broker in brokers]
    del owner


async def get_all(servers: list[str], topic: str) -> list[ConsumerRecord]:
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        await consumer._client.add_topic(topic)
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[ConsumerRecord] = []
        while len(found) < sum(ends.values()):
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                found += records
        return found
    finally:
        await consumer.stop()


async def arrived(servers: list[str], topic: str) -> Sequence[Arrived]:
    return [of_kafka(record) for record in await get_all(servers, topic)]


def of_kafka(record: ConsumerRecord) -> Arrived:
    headers = {name: value.decode() for name, value in record.headers}
    key = None if record.key is None else record.key.decode()
    return of_message(record.value, headers, "ce_", key=key)
