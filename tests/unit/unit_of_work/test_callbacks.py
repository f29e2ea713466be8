import asyncio
import logging

import pytest
from sqlalchemy.exc import StatementError

from uow_events.unit_of_work.callbacks import Callbacks
from uow_events.unit_of_work.savepoints import Savepoint

LIMIT = 20.0


def fail() -> None:
    raise ValueError("boom")


async def test_callbacks_run_once_in_the_order_they_were_registered() -> None:
    callbacks, ran = Callbacks("after the commit"), list[str]()

    async def later() -> None:
        ran.append("async")

    callbacks.add(lambda: ran.append("plain"), None)
    callbacks.add(later, None)
    assert await callbacks.run()
    assert not await callbacks.run()
    await callbacks.run_all(LIMIT)
    assert ran == ["plain", "async"]


async def test_callbacks_of_a_savepoint_go_with_it() -> None:
    callbacks, ran = Callbacks("after the commit"), list[str]()
    outer, kept = Savepoint(None), Savepoint(None)
    callbacks.add(lambda: ran.append("inner"), Savepoint(outer))
    callbacks.add(lambda: ran.append("outer"), outer)
    callbacks.add(lambda: ran.append("kept"), kept)
    outer.undo()
    assert await callbacks.run()
    assert ran == ["kept"]


async def test_callbacks_that_all_went_with_a_savepoint_are_none() -> None:
    callbacks, gone = Callbacks("before the commit"), Savepoint(None)
    callbacks.add(fail, gone)
    gone.undo()
    assert not await callbacks.run()


async def test_what_a_callback_registers_waits_for_the_next_run() -> None:
    callbacks, ran = Callbacks("before the commit"), list[str]()
    callbacks.add(lambda: callbacks.add(lambda: ran.append("second"), None), None)
    assert await callbacks.run()
    assert ran == []
    assert await callbacks.run()
    assert ran == ["second"]


async def test_before_the_commit_the_first_error_leaves() -> None:
    callbacks, ran = Callbacks("before the commit"), list[str]()
    callbacks.add(fail, None)
    callbacks.add(lambda: ran.append("second"), None)
    with pytest.raises(ValueError, match="^boom$"):
        await callbacks.run()
    assert ran == []


async def test_afterwards_errors_are_logged_and_the_rest_runs(caplog: pytest.LogCaptureFixture) -> None:
    callbacks, ran = Callbacks("after the commit"), list[str]()
    callbacks.add(fail, None)
    callbacks.add(lambda: ran.append("second"), None)
    await callbacks.run_all(LIMIT)
    assert ran == ["second"]
    assert caplog.record_tuples == [
        ("uow_events", logging.ERROR, "A callback failed after the commit; the outcome of the transaction stands")
    ]
    assert caplog.records[0].exc_info is not None


async def test_a_cancellation_of_the_task_is_never_swallowed() -> None:
    reached, never = asyncio.Event(), asyncio.Event()

    async def waits() -> None:
        reached.set()
        await never.wait()

    callbacks = Callbacks("after the commit")
    callbacks.add(waits, None)
    task = asyncio.create_task(callbacks.run_all(LIMIT))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancelled_error_that_a_callback_merely_met_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    callbacks, ran = Callbacks("after the commit"), list[str]()

    async def meets_one() -> None:
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        await future

    callbacks.add(meets_one, None)
    callbacks.add(lambda: ran.append("second"), None)
    await callbacks.run_all(LIMIT)
    assert ran == ["second"]
    assert len(caplog.records) == 1


async def test_a_callback_that_hangs_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    callbacks, ran = Callbacks("after the commit"), list[str]()
    callbacks.add(asyncio.Event().wait, None)
    callbacks.add(lambda: ran.append("second"), None)
    await callbacks.run_all(0.01)
    assert ran == ["second"]
    assert len(caplog.records) == 1


async def test_those_after_a_rollback_run_whatever_their_savepoint() -> None:
    callbacks, ran, gone = Callbacks("after the rollback"), list[str](), Savepoint(None)
    callbacks.add(lambda: ran.append("compensation"), gone)
    gone.undo()
    await callbacks.run_all(LIMIT, of_undone=True)
    assert ran == ["compensation"]


async def test_what_a_failed_statement_was_given_stays_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    callbacks = Callbacks("after the commit")

    def write() -> None:
        number = str(4000 + 111)  # in no line of the traceback
        raise StatementError("failed", "INSERT INTO card VALUES (:n)", {"n": number}, ValueError("refused"))

    callbacks.add(write, None)
    await callbacks.run_all(LIMIT)
    assert "[SQL parameters hidden due to hide_parameters=True]" in caplog.text
    assert "4111" not in caplog.text
