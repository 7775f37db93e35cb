from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from fleet.report.layout import fold, hung, table, times

ROWS = [
    ("harbour-cafe", "the site is in maintenance: WordPress is being updated", "2 days"),
    ("fjord", "modules.monitor", "1 hour"),
]


def test_a_table_without_a_terminal_has_a_line_for_each_row() -> None:
    assert table(ROWS) == [
        "harbour-cafe  the site is in maintenance: WordPress is being updated  2 days",
        "fjord         modules.monitor                                         1 hour",
    ]


def test_a_table_is_folded_within_its_widest_column() -> None:
    assert table(ROWS, 52) == [
        "harbour-cafe  the site is in maintenance:     2 days",
        "              WordPress is being updated",
        "fjord         modules.monitor                 1 hour",
    ]


def test_a_table_that_fits_is_left_as_it_is() -> None:
    assert table(ROWS, 200) == table(ROWS)
    assert table([], 80) == []


def test_a_table_too_narrow_for_its_columns_goes_on_below_the_first_ones() -> None:
    """A cell of a few words stays whole; nothing is as wide as before, and nothing is lost."""
    rows = [("20261125-0430-u94u", "2026-11-25 04:30", "34 drift, 1 unreachable", "root@vm")]
    assert table(rows, 50) == [
        "20261125-0430-u94u  2026-11-25 04:30",
        "                    34 drift, 1 unreachable",
        "                    root@vm",
    ]
    rows = [("cafe", "jetpack.offline: monitor needs WordPress.com", "open 4 minutes", "again" * 5)]
    assert table(rows, 40) == [
        "cafe  jetpack.offline: monitor needs",
        "      WordPress.com  open 4 minutes",
        "      againagainagainagainagain",
    ]


def test_a_line_is_broken_between_words_and_goes_on_below_its_last_column() -> None:
    assert hung("fits", 40) == ["fits"]
    assert hung("net.reset      The connection broke off in the middle", 40) == [
        "net.reset      The connection broke off",
        "               in the middle",
    ]
    assert hung("fleet: there is no such kind; did you mean another?", 40) == [
        "fleet: there is no such kind; did you",
        "       mean another?",
    ]
    assert hung("  indented words that are too many for it", 30) == [
        "  indented words that are too",
        "  many for it",
    ]
    assert hung("words that are too many for one line", 30) == [
        "words that are too many for",
        "  one line",
    ]


def test_a_word_that_somebody_may_copy_stays_whole() -> None:
    place = "/srv/fleets/acme/inventory.yaml:17:5"
    assert hung(f"  auth.password   env:PASSWORD   site, {place}", 44) == [
        "  auth.password   env:PASSWORD   site,",
        f"    {place}",
    ]
    assert hung(f"see {place * 2}", 40) == ["see", f"  {place * 2}"]


@given(st.lists(st.text("ab漢.  ", max_size=30), max_size=6), st.integers(20, 80))
def test_a_broken_line_loses_nothing(parts: list[str], width: int) -> None:
    line = "  ".join(parts).rstrip()
    found = hung(line, width)
    assert re.sub(r"\s", "", "".join(found)) == re.sub(r"\s", "", line)
    assert all(cell_len(each) <= width or " " not in each.strip() for each in found)


def test_a_count_stays_with_its_noun() -> None:
    text = "false -> true " + times("4 sites (harbour-cafe, fjord-shop)")
    assert fold(text, 21) == ["false -> true", "x 4 sites", "(harbour-cafe,", "fjord-shop)"]
