from __future__ import annotations

from fleet.report.layout import table

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
