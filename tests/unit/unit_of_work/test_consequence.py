"""Errors that only say that something failed before keep that among their causes, once."""

from sqlalchemy.exc import InvalidRequestError, MissingGreenlet

from uow_events.unit_of_work.consequence import is_consequence, trace_back


def test_a_failure_becomes_the_last_of_the_causes_and_only_once() -> None:
    failure, between, consequence = ValueError(), KeyError(), InvalidRequestError()
    consequence.__cause__ = between
    for _ in range(2):
        trace_back(consequence, failure)
        assert consequence.__cause__ is between
        assert between.__cause__ is failure
        assert failure.__cause__ is None


def test_a_failure_is_no_cause_of_itself() -> None:
    failure = InvalidRequestError()
    trace_back(failure, failure)
    assert failure.__cause__ is None


def test_an_attribute_read_without_a_greenlet_is_a_mistake_of_its_own() -> None:
    assert is_consequence(InvalidRequestError())
    assert not is_consequence(MissingGreenlet())
