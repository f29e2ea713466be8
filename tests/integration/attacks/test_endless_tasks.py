"""Work that starts the next of its kind for ever keeps nothing of what has ended."""

import asyncio
import gc
from weakref import WeakSet

from tests.integration.conftest import App
from tests.integration.messages import Do
from uow_events import UnitOfWork


async def test_a_command_that_sends_the_next_one_after_its_commit_forgets_its_unit_of_work(app: App) -> None:
    units, over, tasks = WeakSet[UnitOfWork](), asyncio.Event(), set[asyncio.Task[object]]()
    runs = 0

    async def body(unit: UnitOfWork) -> None:
        nonlocal runs
        runs += 1
        units.add(unit)
        unit.after_commit(over.set if runs == 10 else sends_the_next)

    def sends_the_next() -> None:
        task = asyncio.create_task(app.mediator.send(Do()))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    await app.run(body)
    await over.wait()
    await asyncio.gather(*tasks)
    gc.collect()
    assert runs == 10
    assert len(units) <= 2
