"""Random scripts against a model: what is stored, answered, raised and called back must be the same."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import URL

from tests.properties.messages import ATTEMPTS
from tests.properties.model import Model
from tests.properties.outcomes import Unforeseen, is_answer, outcome
from tests.properties.stage import Stage, by_send
from tests.properties.steps import Script
from tests.properties.strategies import scripts

SHORT = 12
EXAMPLES = int(os.environ.get("UOW_EVENTS_PROPERTY_EXAMPLES", SHORT))
PROFILE = settings(
    max_examples=EXAMPLES,
    derandomize=EXAMPLES == SHORT,
    stateful_step_count=6,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class Transactions(RuleBasedStateMachine):
    """Sends scripts, numbered from 1, and compares after each."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        self.application = stage.application
        self.model = Model()
        self.sent = 0
        self.scripts: dict[str, Script] = {}

    @rule(script=scripts())
    def send(self, script: Script) -> None:
        path = self.next_path()
        self.compare([(self.application.send(path, script), partial(Model.outcome_of, path=path, script=script))])

    @rule(script=scripts())
    def open(self, script: Script) -> None:
        path = self.next_path()
        self.compare([(self.application.open(path, script), partial(Model.outcome_of, path=path, script=script))])

    @rule(script=scripts(), conflicts=st.integers(0, ATTEMPTS))
    def send_with_retries(self, script: Script, conflicts: int) -> None:
        path = self.next_path()
        expected = partial(Model.outcome_of_attempts, path=path, script=script, conflicts=conflicts)
        self.compare([(self.application.send_with_retries(path, script, conflicts), expected)])

    @rule(script=scripts(), key=st.sampled_from("ab"), again=st.booleans())
    def send_once(self, script: Script, key: str, again: bool) -> None:
        done = self.model.keys.get(key) if again else None
        path = done or self.next_path()
        script = self.scripts.setdefault(path, script)
        expected = partial(Model.outcome_of, path=path, script=script, key=key)
        self.compare([(self.application.send_once(path, script, key), expected)])

    @rule(scripts=st.lists(scripts(), min_size=2, max_size=4))
    def send_at_once(self, scripts: Sequence[Script]) -> None:
        sends = [(self.next_path(), script) for script in scripts]
        self.compare(
            [(self.application.send(*send), partial(Model.outcome_of, path=send[0], script=send[1])) for send in sends]
        )

    def next_path(self) -> str:
        self.sent += 1
        return str(self.sent)

    def compare(self, sends: Sequence[tuple[Coroutine[Any, Any, str], Callable[[Model], str]]]) -> None:
        model = self.model.copy()
        try:
            expected = [expect(model) for _, expect in sends]
        except Unforeseen:
            for send, _ in sends:
                send.close()
            return
        failed_before, self.model = self.model.failures, model
        ended = self.stage.run(at_once(send for send, _ in sends))
        if self.stage.is_ordered or model.failures == failed_before:
            assert ended == expected
            self.compare_all()
        else:
            assert list(map(is_answer, ended)) == list(map(is_answer, expected))
            self.forget()

    def compare_all(self) -> None:
        model, stored = self.model, self.stage.run(self.stage.stored())
        assert self.stage.same(by_send(self.application.done), by_send(model.done))
        assert stored[:2] == (sorted(model.notes), sorted(model.meetings))
        assert self.stage.same(stored.outbox, by_send(model.outbox))
        assert stored.keys == sorted(model.keys)

    def forget(self) -> None:
        """Start anew where handlers ran at once and one failed: how far the others had come is nobody's promise."""
        self.stage.run(self.stage.stored())
        self.stage.run(self.stage.clear())
        self.model = Model()

    def teardown(self) -> None:
        self.stage.run(self.stage.clear())


async def at_once(sends: Iterable[Coroutine[Any, Any, str]]) -> list[str]:
    return await asyncio.gather(*map(outcome, sends))


@pytest.mark.postgres
@pytest.mark.filterwarnings("ignore:Session's state has been changed on a non-active transaction")
@pytest.mark.parametrize("concurrency", [1, 4])
def test_database_and_model_are_equal(database_url: URL, concurrency: int) -> None:
    with Stage(database_url, concurrency) as stage:
        run_state_machine_as_test(lambda: Transactions(stage), settings=PROFILE)
