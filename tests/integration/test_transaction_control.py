"""G5: a handler cannot end the transaction, whichever way it tries (traps 4, 20, 21, 22)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import DDL, event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session

from tests.integration.conftest import App
from tests.integration.messages import Do, Told
from tests.integration.waiting import a_backend_waits
from tests.models import Base, Meeting, Note
from tests.postgres.admin import Admin
from uow_events import (
    Mediator,
    Outbox,
    Registry,
    SessionOwnershipError,
    TransactionAbortedError,
    TransactionControlError,
    UnitOfWork,
    UnitOfWorkClosedError,
    UnsupportedBindError,
)

Attempt = Callable[[AsyncSession], Awaitable[object]]


async def enter_and_leave(manager: Any) -> None:
    async with manager:
        pass


async def begin_on_connection(session: AsyncSession) -> None:
    await (await session.connection()).begin()


async def sync_begin(session: AsyncSession) -> None:
    await session.run_sync(lambda inner: inner.begin())


async def commit_core_transaction(session: AsyncSession) -> None:
    connection = await session.connection()
    transaction = connection.sync_connection.get_transaction()  # type: ignore[union-attr]
    await session.run_sync(lambda _: transaction.commit())


async def roll_back_core_transaction(session: AsyncSession) -> None:
    connection = await session.connection()
    transaction = connection.sync_connection.get_transaction()  # type: ignore[union-attr]
    await session.run_sync(lambda _: transaction.rollback())


async def connection_attempt(session: AsyncSession, name: str) -> None:
    await getattr(await session.connection(), name)()


ATTEMPTS: dict[str, tuple[str, Attempt]] = {
    "commit": ("session.commit()", lambda s: s.commit()),
    "rollback": ("session.rollback()", lambda s: s.rollback()),
    "close": ("session.close()", lambda s: s.close()),
    "reset": ("session.reset()", lambda s: s.reset()),
    "invalidate": ("session.invalidate()", lambda s: s.invalidate()),
    "begin": ("session.begin()", lambda s: enter_and_leave(s.begin())),
    "async with": ("session.close()", enter_and_leave),
    "sync commit": ("session.commit()", lambda s: s.run_sync(lambda inner: inner.commit())),
    "sync rollback": ("session.rollback()", lambda s: s.run_sync(lambda inner: inner.rollback())),
    "sync close": ("session.close()", lambda s: s.run_sync(lambda inner: inner.close())),
    "sync begin": ("session.begin()", sync_begin),
    "sync prepare": ("session.prepare()", lambda s: s.run_sync(lambda inner: inner.prepare())),
    "session transaction commit": (
        "transaction.commit()",
        lambda s: s.run_sync(lambda inner: inner.get_transaction().commit()),  # type: ignore[union-attr]
    ),
    "session transaction rollback": (
        "transaction.rollback()",
        lambda s: s.run_sync(lambda inner: inner.get_transaction().rollback()),  # type: ignore[union-attr]
    ),
    "core commit": ("transaction.commit()", commit_core_transaction),
    "core rollback": ("transaction.rollback()", roll_back_core_transaction),
    "connection commit": ("connection.commit()", lambda s: connection_attempt(s, "commit")),
    "connection rollback": ("connection.rollback()", lambda s: connection_attempt(s, "rollback")),
    "connection close": ("connection.close()", lambda s: connection_attempt(s, "close")),
    "connection begin": ("connection.begin()", begin_on_connection),
    "COMMIT": ("The SQL statement COMMIT", lambda s: s.execute(text("COMMIT"))),
    "ROLLBACK": ("The SQL statement ROLLBACK", lambda s: s.execute(text(" /* a */ rollback ;"))),
    "BEGIN": ("The SQL statement BEGIN", lambda s: s.execute(text("-- x\nbegin"))),
    "DDL": ("The SQL statement COMMIT", lambda s: s.execute(DDL("COMMIT"))),
    "autocommit": (
        "session.connection() with isolation_level AUTOCOMMIT",
        lambda s: s.connection(execution_options={"isolation_level": "AUTOCOMMIT"}),
    ),
}


async def driver_sql(session: AsyncSession) -> None:
    await (await session.connection()).exec_driver_sql("COMMIT")


async def two_phase(session: AsyncSession) -> None:
    connection = await session.connection()
    await session.run_sync(lambda _: connection.sync_connection.begin_twophase())  # type: ignore[union-attr]


ATTEMPTS["driver SQL"] = ("The SQL statement COMMIT", driver_sql)
ATTEMPTS["two-phase"] = ("connection.begin_twophase()", two_phase)


@pytest.mark.parametrize("way", ATTEMPTS)
@pytest.mark.parametrize("caught", [False, True], ids=["raised", "caught"])
async def test_a_handler_cannot_end_the_transaction(app: App, way: str, caught: bool) -> None:
    operation, attempt = ATTEMPTS[way]

    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="before"))
        unit.record(Told("x"))
        await unit.session.flush()
        try:
            await attempt(unit.session)
        except TransactionControlError:
            if not caught:
                raise
        return "success"

    with pytest.raises(TransactionControlError) as raised:
        await app.run(body)
    assert raised.value.operation == operation
    assert str(raised.value) == (
        f"{operation} is not allowed inside a unit of work, which commits or rolls back as a whole: remove the call "
        "(flush() sends pending changes, begin_nested() opens a savepoint). The unit of work rolls back"
    )
    await app.assert_nothing_stored()


async def test_a_commit_inside_a_flush_hook_is_refused(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        event.listen(unit.session.sync_session, "before_flush", lambda session, *_: session.commit())
        unit.session.add(Note(text="x"))
        await unit.session.flush()
        return None

    with pytest.raises(TransactionControlError):
        await app.run(body)
    await app.assert_nothing_stored()


async def test_savepoints_are_free_to_use(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        async with unit.session.begin_nested():
            unit.session.add(Note(text="kept"))
        savepoint = await unit.session.begin_nested()
        unit.session.add(Note(text="undone"))
        await unit.session.flush()
        await savepoint.rollback()
        await unit.session.execute(text("SAVEPOINT mine"))
        await unit.session.execute(text("ROLLBACK TO SAVEPOINT mine"))
        await unit.session.execute(text("RELEASE SAVEPOINT mine"))
        return None

    await app.run(body)
    assert await app.notes() == ["kept"]


async def test_all_ways_to_execute_stay_usable(app: App) -> None:
    one = text("SELECT 1")

    async def body(unit: UnitOfWork) -> object:
        session, connection = unit.session, await unit.session.connection()
        return [
            await session.scalar(one),
            (await session.scalars(one)).one(),
            await session.run_sync(lambda inner: inner.scalars(one).one()),
            await connection.scalar(one),
            (await connection.scalars(one)).one(),
            await session.run_sync(lambda inner: inner.connection().scalars(one).one()),
            (await connection.exec_driver_sql("SELECT 1")).scalar(),
            [row[0] async for row in await session.stream(one)],
        ]

    assert await app.run(body) == [1, 1, 1, 1, 1, 1, 1, [1]]


async def test_a_commit_on_the_raw_driver_connection_is_no_success(app: App) -> None:
    """Trap 20: no event of SQLAlchemy sees it; what was stored cannot be taken back, but nobody hears of success."""

    async def body(unit: UnitOfWork) -> object:
        raw = await (await unit.session.connection()).get_raw_connection()
        unit.session.add(Note(text="stored by hand"))
        await unit.session.flush()
        await raw.driver_connection.execute("ROLLBACK")  # type: ignore[union-attr]
        unit.record(Told("x"))
        return "success"

    with pytest.raises(TransactionAbortedError) as raised:
        await app.run(body)
    assert "the transaction was ended behind the session's back" in str(raised.value)
    await app.assert_nothing_stored()


async def use(session: AsyncSession) -> object:
    return await session.scalar(text("SELECT 1"))


async def add(session: AsyncSession) -> None:
    session.add(Note(text="late"))


USES: dict[str, Attempt] = {
    "execute": use,
    "scalars": lambda s: s.scalars(text("SELECT 1")),
    "stream": lambda s: s.stream(text("SELECT 1")),
    "get": lambda s: s.get(Note, 1),
    "add": add,
    "delete": lambda s: s.delete(Note(id=1, text="x")),
    "merge": lambda s: s.merge(Note(id=1, text="x")),
    "flush": lambda s: s.flush(),
    "commit": lambda s: s.commit(),
    "rollback": lambda s: s.rollback(),
    "close": lambda s: s.close(),
    "begin": lambda s: enter_and_leave(s.begin()),
    "begin_nested": lambda s: enter_and_leave(s.begin_nested()),
    "connection": lambda s: s.connection(),
    "sync": lambda s: s.run_sync(lambda inner: inner.execute(text("SELECT 1"))),
}


@pytest.mark.parametrize("way", USES)
@pytest.mark.parametrize("ended", ["committed", "rolled back"])
async def test_every_use_of_the_session_after_the_end_is_refused(app: App, way: str, ended: str) -> None:
    """Trap 22: a closed session begins anew and keeps a connection."""
    kept: list[AsyncSession] = []

    async def body(unit: UnitOfWork) -> object:
        kept.append(unit.session)
        await use(unit.session)
        if ended == "rolled back":
            raise KeyError("end")
        return None

    if ended == "committed":
        await app.run(body)
    else:
        with pytest.raises(KeyError):
            await app.run(body)
    with pytest.raises(UnitOfWorkClosedError, match="has ended"):
        await USES[way](kept[0])
    await app.assert_nothing_stored()


async def test_a_connection_kept_beyond_the_end_is_refused(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        return await unit.session.connection()

    connection: Any = await app.run(body)
    with pytest.raises(UnitOfWorkClosedError):
        await connection.execute(text("SELECT 1"))


async def test_a_failing_gathers_sibling_is_awaited_before_the_rollback(app: App, admin: Admin) -> None:
    """Traps 3 and 22: the sibling's statement is in flight when the handler fails."""
    started = asyncio.Event()
    outcome: list[object] = []
    blocker = await app.engine.connect()
    await blocker.execute(text("LOCK TABLE attendance IN ACCESS EXCLUSIVE MODE"))

    async def slow(session: AsyncSession) -> None:
        started.set()
        outcome.append(await session.scalar(text("SELECT count(*) FROM attendance")))
        outcome.append(await asyncio.gather(use(session), return_exceptions=True))

    async def fails() -> None:
        await started.wait()
        await a_backend_waits(admin, app)
        asyncio.get_running_loop().call_soon(lambda: asyncio.create_task(blocker.rollback()))
        raise KeyError("mine")

    siblings: list[asyncio.Task[None]] = []

    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="x"))
        await unit.session.flush()
        siblings.append(asyncio.create_task(slow(unit.session)))
        await asyncio.gather(siblings[0], fails())
        return None

    with pytest.raises(KeyError, match="mine"):
        await app.run(body)
    await siblings[0]
    await blocker.close()
    assert isinstance(outcome[0], int)
    assert isinstance(outcome[1][0], UnitOfWorkClosedError)  # type: ignore[index]
    await app.assert_nothing_stored()


async def test_two_statements_at_once_are_refused_at_once(app: App) -> None:
    """Trap 5: an error on a cold pool, none on a warm one, without the guard."""

    async def body(unit: UnitOfWork) -> object:
        return await asyncio.gather(use(unit.session), use(unit.session), return_exceptions=True)

    first, second = await app.run(body)  # type: ignore[misc]
    assert first == 1
    assert isinstance(second, SessionOwnershipError)
    assert str(second) == (
        "session.scalar() was called on a session while session.scalar() is still running on it in another task: "
        "await one after the other, or give the second task a unit of work of its own"
    )


async def test_one_statement_after_the_other_from_several_tasks_is_fine(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        return [await asyncio.wait_for(asyncio.create_task(use(unit.session)), 20) for _ in range(3)]

    assert await app.run(body) == [1, 1, 1]


async def test_a_task_left_running_on_the_session_fails_the_commit(app: App) -> None:
    left: list[asyncio.Task[object]] = []
    blocker = await app.engine.connect()
    await blocker.execute(text("LOCK TABLE note IN ACCESS EXCLUSIVE MODE"))
    unit = UnitOfWork(app.engine, commit_timeout=timedelta(milliseconds=50))
    with pytest.raises(SessionOwnershipError, match=r"The commit was called on a session while session.execute\(\)"):
        async with unit:
            await use(unit.session)
            left.append(asyncio.create_task(unit.session.execute(text("SELECT * FROM note"))))
            await asyncio.sleep(0)
    with pytest.raises(Exception):  # noqa: B017 - its connection was taken away
        await left[0]
    await blocker.close()
    await app.assert_nothing_stored()


def with_info(engine: AsyncEngine, **options: Any) -> async_sessionmaker[AsyncSession]:
    return async_sessionmaker(engine, **options)


async def test_an_autocommit_engine_is_refused(engine: AsyncEngine) -> None:
    """Trap 21."""
    expected = (
        "The {} given as bind cannot carry a unit of work: with AUTOCOMMIT nothing can be rolled back; "
        "use a transactional isolation level"
    )
    born_so = create_async_engine(engine.url, isolation_level="AUTOCOMMIT")
    for bind in (born_so, engine.execution_options(isolation_level="AUTOCOMMIT")):
        with pytest.raises(UnsupportedBindError) as raised:
            Mediator(bind, Registry())
        assert str(raised.value) == expected.format("AsyncEngine")
    await born_so.dispose()


async def test_several_binds_two_phase_and_no_engine_are_refused(engine: AsyncEngine) -> None:
    faults = {
        "it has several binds, and so several transactions; give it one engine": with_info(
            engine, binds={Meeting: engine}
        ),
        "two-phase commit is not supported; leave out twophase=True": with_info(engine, twophase=True),
        "it is not bound to an AsyncEngine, from which each unit takes a connection": async_sessionmaker(),
    }
    for problem, maker in faults.items():
        with pytest.raises(UnsupportedBindError) as raised:
            Mediator(maker, Registry())
        assert str(raised.value) == f"The async_sessionmaker given as bind cannot carry a unit of work: {problem}"


async def test_a_session_that_reaches_a_second_engine_is_refused(engine: AsyncEngine) -> None:
    second = create_async_engine(engine.url)

    class Routing(Session):
        def get_bind(self, mapper: Any = None, **kwargs: Any) -> Any:
            return second.sync_engine if kwargs.get("clause") is not None else super().get_bind(mapper, **kwargs)

    with pytest.raises(UnsupportedBindError, match="its session uses a second connection"):
        async with UnitOfWork(async_sessionmaker(engine, sync_session_class=Routing)) as unit:
            unit.session.add(Note(text="x"))
            await unit.session.connection()
            await unit.session.execute(text("SELECT 1"))
    await second.dispose()


async def test_a_users_own_session_classes_are_kept(engine: AsyncEngine) -> None:
    class MySync(Session):
        pass

    class Mine(AsyncSession):
        sync_session_class = MySync

    registry = Registry()

    @registry.command_handler(Do)
    async def handle(command: Do, mine: Mine, plain: AsyncSession) -> object:
        mine.add(Note(text="x"))
        return mine is plain and isinstance(mine.sync_session, MySync)

    maker = async_sessionmaker(engine, class_=Mine, expire_on_commit=True)
    assert await Mediator(maker, registry, notifications=Outbox()).send(Do()) is True


async def test_objects_stay_readable_after_the_commit(engine: AsyncEngine) -> None:
    async with UnitOfWork(async_sessionmaker(engine, expire_on_commit=True)) as unit:
        note = Note(text="readable")
        unit.session.add(note)
    assert (note.text, note.id) == ("readable", 1)
    assert Base.metadata.tables
