"""The tables of ``docs/security.md``: which test shows a row of the two matrices, or why none."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["DOCUMENT", "FAULTS", "THREATS", "Row", "named_after_rows", "named_tests", "tables"]

FAULTS = 70
THREATS = 44
"""Rows of the two matrices."""

TESTS = Path(__file__).parents[1]
DOCUMENT = TESTS.parent / "docs" / "security.md"
_ROW = re.compile(r"\| (\d+) \| ([^|]+) \| (.+) \|")
_TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
_NAMED = re.compile(r"test_(fault|security)((?:_\d\d)+)_")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table.

    Args:
        what: The fault or the threat.
        tests: (file below ``tests/``, function) of each test that is named.
        reason: What else is said; where no test is named, why.
    """

    what: str
    tests: tuple[tuple[str, str], ...]
    reason: str


def tables() -> dict[str, dict[int, Row]]:
    """Return the rows by number, of ``fault`` and of ``security``."""
    text = DOCUMENT.read_text(encoding="utf-8")
    parts = {"fault": "## Faults", "security": "## Threats"}
    found = {}
    for kind, heading in parts.items():
        body = text.partition(f"\n{heading}\n")[2].partition("\n## ")[0]
        rows = [row.groups() for row in map(_ROW.fullmatch, body.splitlines()) if row]
        found[kind] = {
            int(number): Row(
                what,
                tuple((file, name) for file, name in _TEST.findall(cell)),
                _TEST.sub("", cell).replace("<br>", " ").strip(),
            )
            for number, what, cell in rows
        }
        assert len(found[kind]) == len(rows), f"a row of {heading} is there twice"
    return found


@cache
def named_tests(file: str) -> frozenset[str]:
    """Return the tests of a file below ``tests/``; none where there is no such file."""
    path = TESTS / file
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.Module([], [])
    return frozenset(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    )


def named_after_rows() -> Mapping[tuple[str, int], list[str]]:
    """Return the tests that are named after a row, by the row."""
    found: dict[tuple[str, int], list[str]] = {}
    for path in TESTS.rglob("test_*.py"):
        file = str(path.relative_to(TESTS))
        for name in named_tests(file):
            if row := _NAMED.match(name):
                for number in re.findall(r"\d\d", row[2]):
                    found.setdefault((row[1], int(number)), []).append(f"{file}::{name}")
    return found
