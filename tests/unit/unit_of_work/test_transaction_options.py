"""TransactionOptions: what is refused, and what is inherited."""

from datetime import timedelta
from typing import Any

import pytest

from uow_events import InvalidArgumentError, MessageContext, ResolvedOptions, RetryPolicy, TransactionOptions
from uow_events.unit_of_work import DEFAULTS
from uow_events.unit_of_work.local_settings import local_settings

SECOND = timedelta(seconds=1)
TIME = "a timedelta from 1 millisecond to 24 days, or None, and is "
PAIRS = "The argument settings must be a mapping of str to str"
OWN = "TransactionOptions has fields (isolation_level, read_only, timeout, lock_timeout, statement_timeout)"

REFUSED = [
    ({"isolation_level": "CHAOS"}, "'CHAOS': PostgreSQL has no other"),
    ({"isolation_level": 1}, "1: PostgreSQL has no other"),
    ({"isolation_level": "AUTOCOMMIT"}, "'AUTOCOMMIT': with AUTOCOMMIT nothing can be rolled back"),
    (
        {"isolation_level": "READ UNCOMMITTED"},
        "'READ UNCOMMITTED': PostgreSQL takes READ UNCOMMITTED for READ COMMITTED; say that",
    ),
    ({"read_only": "yes"}, "The argument read_only must be True, False or None, and is 'yes'"),
    ({"retry": 3}, "The argument retry must be a RetryPolicy or None, and is 3"),
    ({"timeout": 5}, f"The argument timeout must be {TIME}5"),
    ({"timeout": timedelta(0)}, f"The argument timeout must be {TIME}datetime.timedelta(0)"),
    ({"lock_timeout": -SECOND}, f"The argument lock_timeout must be {TIME}{-SECOND!r}"),
    ({"statement_timeout": timedelta(microseconds=999)}, f"{TIME}datetime.timedelta(microseconds=999)"),
    ({"statement_timeout": timedelta(days=25)}, f"The argument statement_timeout must be {TIME}{timedelta(days=25)!r}"),
    (
        {"timeout": SECOND, "lock_timeout": SECOND},
        "The argument lock_timeout must be shorter than timeout, 0:00:01, within which the whole command must end, and "
        "is 0:00:01",
    ),
    (
        {"timeout": SECOND, "statement_timeout": 2 * SECOND},
        "The argument statement_timeout must be shorter than timeout, 0:00:01, within which the whole command must "
        "end, and is 0:00:02",
    ),
    ({"settings": ["app.tenant"]}, f"{PAIRS}, or a plain function that returns one, and is a list"),
    ({"settings": {"": "x"}}, f"{PAIRS}; the name '' is none: it must have 1 to 255 characters, and has 0"),
    ({"settings": {3: "x"}}, f"{PAIRS}; the name 3 is none: it must be a str, and is a int"),
    ({"settings": {"app.tenant": 42}}, f"{PAIRS}; the value of 'app.tenant' is none: it must be a str, and is a int"),
    (
        {"settings": {"app.tenant": "secret\0"}},
        f"{PAIRS}; the value of 'app.tenant' is none: it holds NUL or a lone surrogate, which cannot be stored as text",
    ),
    *(
        ({"settings": {name: "1"}}, f"must be settings of the application's own: for {name!r}, {OWN}")
        for name in ("lock_timeout", "Statement_Timeout", "transaction_isolation", "transaction_timeout")
    ),
]


@pytest.mark.parametrize(("options", "message"), REFUSED, ids=[str(options) for options, _ in REFUSED])
def test_what_cannot_work_is_refused_when_the_options_are_made(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        TransactionOptions(**options)
    assert str(raised.value).endswith(message)
    assert "secret" not in str(raised.value)


def test_a_level_that_is_refused_is_told_the_others() -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        TransactionOptions(isolation_level="AUTOCOMMIT")  # type: ignore[arg-type]
    assert str(raised.value) == (
        "The argument isolation_level must be one of READ COMMITTED, REPEATABLE READ, SERIALIZABLE, and is "
        "'AUTOCOMMIT': with AUTOCOMMIT nothing can be rolled back"
    )


def test_what_is_not_given_is_inherited_and_none_switches_off() -> None:
    mediators = TransactionOptions(timeout=9 * SECOND, lock_timeout=SECOND, retry=RetryPolicy())
    own = TransactionOptions(isolation_level="SERIALIZABLE", lock_timeout=None, read_only=False)
    assert own.over(mediators).over(DEFAULTS) == ResolvedOptions(
        isolation_level="SERIALIZABLE", read_only=False, timeout=9 * SECOND, retry=RetryPolicy()
    )
    assert TransactionOptions().over(DEFAULTS) == DEFAULTS


def test_options_that_contradict_each_other_only_together_are_refused_when_they_meet() -> None:
    with pytest.raises(InvalidArgumentError, match="lock_timeout must be shorter than timeout, 0:00:01"):
        TransactionOptions(timeout=SECOND).over(TransactionOptions(lock_timeout=5 * SECOND))


def test_a_mapping_of_settings_is_as_it_was_given_whatever_becomes_of_it() -> None:
    settings = {"app.tenant": "7"}
    options = TransactionOptions(settings=settings)
    settings["lock_timeout"] = "0"
    assert local_settings(options.over(DEFAULTS), MessageContext()) == {"app.tenant": "7"}


def test_limits_become_milliseconds_rounded_up() -> None:
    options = ResolvedOptions(lock_timeout=timedelta(microseconds=1001), statement_timeout=timedelta(days=24))
    assert local_settings(options, MessageContext()) == {"lock_timeout": "2", "statement_timeout": "2073600000"}


def test_a_callable_gets_the_context_and_its_errors_pass_as_they_are() -> None:
    context = MessageContext(headers={"tenant": "7"})
    options = ResolvedOptions(settings=lambda context: {"app.tenant": context.headers["tenant"]})
    assert local_settings(options, context) == {"app.tenant": "7"}
    with pytest.raises(KeyError, match="tenant"):
        local_settings(options, MessageContext())


def test_what_a_callable_returns_is_checked_as_a_mapping_is() -> None:
    async def later(context: MessageContext) -> dict[str, str]:
        return {}

    for settings in (later, lambda context: None, lambda context: {"statement_timeout": "0"}):
        with pytest.raises(InvalidArgumentError):
            local_settings(ResolvedOptions(settings=settings), MessageContext())  # type: ignore[arg-type]
