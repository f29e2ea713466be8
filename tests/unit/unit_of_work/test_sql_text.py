"""SQL text that would end or begin the transaction is found however it is written; savepoints are none of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uow_events.unit_of_work.sql_text import transaction_control

CONTROL = {
    "COMMIT": "COMMIT",
    "commit": "COMMIT",
    "CoMmIt WORK": "COMMIT",
    "COMMIT;": "COMMIT",
    "COMMIT AND CHAIN": "COMMIT",
    "COMMIT PREPARED 'x'": "COMMIT",
    "commit--": "COMMIT",
    "commit/* */": "COMMIT",
    "END": "END",
    "end transaction": "END",
    "ROLLBACK": "ROLLBACK",
    "rollback work": "ROLLBACK",
    "ROLLBACK AND CHAIN": "ROLLBACK",
    "ROLLBACK PREPARED 'x'": "ROLLBACK",
    "ABORT": "ABORT",
    "BEGIN": "BEGIN",
    "BEGIN ISOLATION LEVEL SERIALIZABLE": "BEGIN",
    "START TRANSACTION": "START TRANSACTION",
    "start \n transaction read only": "START TRANSACTION",
    "PREPARE TRANSACTION 'x'": "PREPARE TRANSACTION",
    "ROLLBACK TOTAL": "ROLLBACK",
    "-- x\rROLLBACK": "ROLLBACK",
    "PREPARE/**/TRANSACTION 'x'": "PREPARE TRANSACTION",
    "START -- x\n TRANSACTION": "START TRANSACTION",
}
HARMLESS = [
    "",
    " ;; ",
    "-- COMMIT",
    "/* COMMIT */",
    "/* COMMIT",
    "/* /* */ COMMIT */ SELECT 1",
    "SELECT 1",
    "SELECT 'COMMIT'",
    "COMMITTED",
    "commit_log",
    "ENDPOINT",
    "BEGINNING",
    "ABORTED",
    "SAVEPOINT a",
    "RELEASE a",
    "RELEASE SAVEPOINT a",
    "ROLLBACK TO a",
    "ROLLBACK/**/TO a",
    "/* open",
    "ENDE",
    "ENDÉ",
    "rollback to savepoint a",
    "ROLLBACK WORK TO a",
    "ROLLBACK TRANSACTION TO SAVEPOINT a",
    "PREPARE statement AS SELECT 1",
    "EXECUTE statement",
    "EXPLAIN SELECT 1",
]
NOISE = st.lists(
    st.sampled_from(
        [" ", "\n", "\t", "\r\n", ";", "-- a note; COMMIT\n", "/* x */", "/* /* nested */ COMMIT */", "/**/"]
    )
).map("".join)


@pytest.mark.parametrize(("statement", "words"), CONTROL.items())
def test_what_ends_or_begins_a_transaction_is_found(statement: str, words: str) -> None:
    assert transaction_control(statement) == words


@pytest.mark.parametrize("statement", HARMLESS)
def test_everything_else_passes(statement: str) -> None:
    assert transaction_control(statement) is None


@given(NOISE, st.sampled_from(sorted(CONTROL)))
def test_no_comment_before_it_hides_it(noise: str, statement: str) -> None:
    assert transaction_control(noise + statement) == CONTROL[statement]


@given(NOISE, st.sampled_from(HARMLESS))
def test_no_comment_makes_anything_else_of_it(noise: str, statement: str) -> None:
    assert transaction_control(noise + statement) is None


@given(st.text(), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_looked_at_without_an_error(before: str, after: str) -> None:
    transaction_control(before + "/*" + after)
