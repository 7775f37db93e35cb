"""The simulator answers as real installs did, row by row, but for a short list of exceptions."""

from __future__ import annotations

import pytest

from tests.simulator.exceptions import EXCEPTIONS
from tests.simulator.replay import Replay, brief, load, load_brief, told

ERAS = ("16.1", "15.1", "11.5", "8.9", "4.3")


@pytest.mark.parametrize("era", ERAS)
def test_every_row_is_answered_as_recorded_or_is_an_exception(era: str) -> None:
    made, rows = load(era)
    replay = Replay(made)
    differing = {}
    for row in rows:
        seen = replay.seen(row, replay.send(row))
        if seen != told(row):
            differing[str(row["name"])] = (told(row), seen)
    expected = {name for where, name in EXCEPTIONS if where == era}
    unexpected = {name: pair for name, pair in differing.items() if name not in expected}
    assert unexpected == {}
    assert differing.keys() == expected, "an exception matches now: take it off the list"


@pytest.mark.parametrize("era", ERAS)
def test_the_tables_are_as_long_as_the_recordings(era: str) -> None:
    _, rows = load(era)
    assert len({row["name"] for row in rows}) == len(rows) > 200


@pytest.mark.parametrize("table", load_brief(), ids=["6.1", "13.9 plain", "15.1", "inactive"])
def test_sites_known_in_brief_answer_alike(table: dict[str, dict[str, object]]) -> None:
    answers = table["answers"]
    replay = Replay(table["site"])
    seen = {}
    for row in load("16.1")[1]:
        response = replay.send(row)
        if row["name"] in answers:
            seen[row["name"]] = brief(row, response)
    assert seen == answers
    assert len(seen) > 120
