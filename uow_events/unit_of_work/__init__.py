"""WHERE it is atomic: the unit of work, its session, what is recorded in it."""

from uow_events.unit_of_work.aggregate import AggregateRoot
from uow_events.unit_of_work.callbacks import Callback
from uow_events.unit_of_work.record_queue import RecordQueue
from uow_events.unit_of_work.recorder import Recorder
from uow_events.unit_of_work.sessions import Bind, Sessions
from uow_events.unit_of_work.unit_of_work import Pipeline, UnitOfWork

__all__ = ["AggregateRoot", "Bind", "Callback", "Pipeline", "RecordQueue", "Recorder", "Sessions", "UnitOfWork"]
