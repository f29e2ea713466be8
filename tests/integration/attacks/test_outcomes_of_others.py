"""An inner transaction whose outcome is unknown says nothing of the outer one, which has rolled back for certain."""

import asyncio
from contextlib import suppress

import pytest
from sqlalchemy import text

from tests.integration.conftest import App
from tests.integration.messages import Do, Inner
from tests.integration.waiting import a_backend_waits, a_check_that_waits
from tests.models import Attendance, Note
from tests.postgres.admin import Admin
from uow_events import CommitOutcomeUnknownError, RetryPolicy, RollbackOnlyError, TransactionOptions, UnitOfWork


async def test_the_outer_one_says_so_and_runs_its_callbacks(app: App, admin: Admin) -> None:
    meeting, other = await a_check_that_waits(app)
    pids, ended = list[int](), list[str]()

    async def inner(unit: UnitOfWork) -> object:
        pids.append(await unit.session.scalar(text("SELECT pg_backend_pid()")) or 0)
        unit.session.add(Attendance(meeting_id=meeting.id, who="me"))
        unit.after_rollback(lambda: ended.append("inner"))
        return None

    async def outer(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="outer"))
        unit.after_rollback(lambda: ended.append("outer"))
        return await app.mediator.send(Inner(), propagation="requires_new")

    app.bodies[Inner] = inner
    sending = asyncio.create_task(app.run(outer))
    await a_backend_waits(admin, app)
    await admin.kill(pids[0])
    with pytest.raises(CommitOutcomeUnknownError) as raised:
        await sending
    await other.close()
    assert ended == ["outer"]
    assert raised.value.__notes__ == ["uow_events: Do (App._do) failed; everything was rolled back"]
    await app.assert_nothing_stored()


async def test_it_is_not_run_again_either_where_the_error_was_caught(app: App) -> None:
    app.options["transaction"] = TransactionOptions(retry=RetryPolicy(on=Exception))
    runs = list[str]()

    async def joined(unit: UnitOfWork) -> object:
        raise CommitOutcomeUnknownError("of a transaction beside it")

    async def body(unit: UnitOfWork) -> object:
        runs.append("run")
        with suppress(CommitOutcomeUnknownError):
            await app.mediator.send(Inner())
        return None

    app.bodies |= {Do: body, Inner: joined}
    with pytest.raises(RollbackOnlyError):
        await app.mediator.send(Do())
    assert runs == ["run"]
