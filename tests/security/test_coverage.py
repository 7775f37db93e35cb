"""No row of the two matrices is forgotten, and what is said to be tested is."""

from __future__ import annotations

import re

import pytest

from fleet.redaction import MASK, SHORTEST
from tests.security.coverage import DOCUMENT, FAULTS, THREATS, named_after_rows, named_tests, tables

TABLES = tables()
ROWS = [(kind, number) for kind, rows in TABLES.items() for number in rows]
APART = ("does not apply: ", "does not apply yet: ", "not built yet: ")


@pytest.mark.parametrize(("kind", "count"), [("fault", FAULTS), ("security", THREATS)])
def test_every_row_is_in_its_table(kind: str, count: int) -> None:
    assert sorted(TABLES[kind]) == list(range(1, count + 1))


@pytest.mark.parametrize(("kind", "number"), ROWS)
def test_a_row_names_tests_that_exist_or_a_reason(kind: str, number: int) -> None:
    row = TABLES[kind][number]
    missing = [f"{file}::{name}" for file, name in row.tests if name not in named_tests(file)]
    assert missing == []
    if not row.tests:
        reason = next(
            (row.reason[len(word) :] for word in APART if row.reason.startswith(word)), ""
        )
        assert len(reason.split()) >= 3, f"{row.what}: say why there is no test"


def test_a_row_with_tests_named_after_it_says_so() -> None:
    silent = [
        f"{kind} {number}: {tests[0]}"
        for (kind, number), tests in named_after_rows().items()
        if number not in TABLES[kind] or not TABLES[kind][number].tests
    ]
    assert silent == []


@pytest.mark.parametrize(("kind", "number"), ROWS)
def test_a_row_that_is_tested_has_a_test_of_its_name(kind: str, number: int) -> None:
    names = [name for _, name in TABLES[kind][number].tests]
    own = re.compile(rf"test_{kind}(_\d\d)*_{number:02}_")
    assert not names or any(own.match(name) for name in names)


def test_the_page_tells_the_numbers_of_the_code() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert re.search(rf"has {SHORTEST}\s+characters", text)
    assert f"`{MASK}`" in text
