"""What users entered stays out of logs, however deep an error is hidden."""

from sqlalchemy.exc import DBAPIError, StatementError

from uow_events.unit_of_work.hidden_parameters import hide_parameters


def failed() -> StatementError:
    return DBAPIError("SELECT :secret", {"secret": "hush"}, Exception("driver"))


def test_the_errors_that_an_error_came_of_hide_their_parameters_too() -> None:
    causes = [failed() for _ in range(4)]
    error = KeyError("mine")
    error.__cause__, error.__context__ = causes[0], causes[1]
    causes[1].__context__ = ExceptionGroup("two", [causes[2], ValueError()])
    causes[2].__cause__ = causes[3]
    causes[3].__context__ = error
    assert all("hush" in str(cause) for cause in causes)
    hide_parameters(error)
    assert not any("hush" in str(cause) for cause in causes)
