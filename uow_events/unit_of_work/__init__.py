"""WHERE it is atomic: the unit of work, its session, what is recorded in it."""

from uow_events.unit_of_work.aggregate import AggregateRoot
from uow_events.unit_of_work.callbacks import Callback
from uow_events.unit_of_work.commit_outcome import CommitLookup
from uow_events.unit_of_work.deadline import Deadline
from uow_events.unit_of_work.hidden_parameters import hide_parameters
from uow_events.unit_of_work.log_filter import ContextFilter
from uow_events.unit_of_work.option_checks import check_runs_once, seconds_of
from uow_events.unit_of_work.pipeline import Pipeline
from uow_events.unit_of_work.record_queue import RecordQueue
from uow_events.unit_of_work.recorder import Recorder
from uow_events.unit_of_work.retry_policy import RetryPolicy
from uow_events.unit_of_work.retryable import is_retryable
from uow_events.unit_of_work.sessions import Bind, Sessions
from uow_events.unit_of_work.transaction_options import (
    DEFAULTS,
    INHERITED,
    IsolationLevel,
    ResolvedOptions,
    Settings,
    TransactionOptions,
    check_are_options,
)
from uow_events.unit_of_work.undoable import UndoableWork, undoable
from uow_events.unit_of_work.unit_of_work import UnitOfWork

__all__ = [
    "AggregateRoot",
    "Bind",
    "Callback",
    "CommitLookup",
    "ContextFilter",
    "DEFAULTS",
    "Deadline",
    "INHERITED",
    "IsolationLevel",
    "Pipeline",
    "RecordQueue",
    "Recorder",
    "ResolvedOptions",
    "RetryPolicy",
    "Sessions",
    "Settings",
    "TransactionOptions",
    "UndoableWork",
    "UnitOfWork",
    "check_are_options",
    "check_runs_once",
    "hide_parameters",
    "is_retryable",
    "seconds_of",
    "undoable",
]
