"""Random scripts: mostly of steps that succeed, so that a failure has something to undo."""

from functools import cache
from typing import TypeAlias

from hypothesis import strategies as st

from tests.properties import steps
from tests.properties.steps import Script, Step

DEPTH = 3
LENGTH = 4
Steps: TypeAlias = st.SearchStrategy[Step]
by = st.sampled_from(["unit", "recorder", "handler", "callable", "aggregate", "aggregate before"])
how = st.sampled_from(["flushed", "pending", "core"])
propagation = st.sampled_from(["join", "nested", "requires_new"])


@st.composite
def scripts(draw: st.DrawFn, depth: int = DEPTH) -> Script:
    return draw(_scripts(depth))


@cache
def _scripts(depth: int) -> st.SearchStrategy[Script]:
    harmless = _writing() | (_recording(depth) if depth else st.builds(steps.Tell, by))
    surprising = (_nesting(depth) | _calling_back(depth) | _failing()) if depth else _failing()
    anything = st.lists(harmless | surprising, max_size=LENGTH).map(tuple)
    return anything | anything | _nesting(depth).map(_held_over) if depth else anything


def _held_over(step: Step) -> Script:
    """A step between two uses of one object: the second shows what a rollback in between left of it."""
    return (steps.Change(), step, steps.Change())


def _writing() -> Steps:
    return st.builds(steps.Write, how) | st.just(steps.Change())


def _recording(depth: int) -> Steps:
    body = scripts(depth - 1)
    return st.one_of(
        st.builds(steps.Tell, by),
        st.builds(steps.Emit, body, _without_session(depth - 1), by),
        st.builds(steps.EmitForLater, body, by),
        st.builds(steps.EmitAtRisk, body, _without_session(depth - 1), by),
        st.builds(steps.EmitOrElse, body, body, by),
        st.builds(steps.Announce, body, by),
    )


def _nesting(depth: int) -> Steps:
    body = scripts(depth - 1)
    nesting = st.one_of(
        st.builds(steps.Savepoint, body, st.booleans()),
        st.builds(steps.Send, body, propagation),
        st.builds(steps.SendOnce, body, propagation, st.booleans()),
        st.builds(steps.Open, body),
    )
    return nesting | _caught(nesting)


def _calling_back(depth: int) -> Steps:
    body = scripts(depth - 1)
    return st.one_of(
        st.builds(steps.BeforeCommit, body), st.builds(steps.AfterCommit, body), st.builds(steps.AfterRollback, body)
    )


def _failing() -> Steps:
    others = [steps.Fail(), steps.Conflict(), steps.Commit(), steps.FailAtCommit()]
    failing = st.builds(steps.Violate, how) | st.sampled_from(others)
    return failing | _caught(failing)


def _caught(strategy: Steps) -> Steps:
    return strategy.map(lambda step: steps.Caught((step,)))


@st.composite
def _without_session(draw: st.DrawFn, depth: int) -> Script:
    """What a handler without a session can do."""
    return draw(_scripts_without_session(depth))


@cache
def _scripts_without_session(depth: int) -> st.SearchStrategy[Script]:
    harmless: Steps = st.just(steps.Tell("handler"))
    if depth:
        harmless |= st.builds(steps.Emit, scripts(depth - 1), _without_session(depth - 1), st.just("handler"))
    return st.lists(harmless | st.just(steps.Fail()), max_size=2).map(tuple)
