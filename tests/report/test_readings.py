from __future__ import annotations

from collections.abc import Sequence

import pytest

from fleet.report.leaves import Leaf, leaves
from fleet.report.readings import Summary
from fleet.report.text import render_text
from fleet.results import RunReport
from tests.report.made import healthy, run


def summary(found: Sequence[Leaf], sites: int) -> str:
    so_far = Summary()
    for leaf in found:
        so_far.add(leaf)
    return so_far.words(sites)


def told(report: RunReport, *, width: int = 100, verbose: bool = False) -> list[str]:
    """Return the lines between the heading of the readings and the totals."""
    lines = render_text(report, width=width, verbose=verbose).splitlines()
    top = next(at for at, line in enumerate(lines) if line.startswith("Read from"))
    end = next(at for at, line in enumerate(lines) if line.startswith("Total"))
    return [line for line in lines[top + 1 : end] if line]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(True, "true", id="bool"),
        pytest.param(None, "null", id="null"),
        pytest.param(12_345, "12,345", id="integer"),
        pytest.param(1234.5, "1,234.5", id="fraction"),
        pytest.param(2.0, "2", id="whole fraction"),
        pytest.param(10**30, "1" + "0" * 30, id="number too large to add up"),
        pytest.param(float("nan"), "null", id="no number"),
        pytest.param("", "(empty)", id="empty text"),
        pytest.param("  ", "(empty)", id="blanks"),
        pytest.param([], "(empty)", id="empty list"),
        pytest.param({}, "(empty)", id="empty mapping"),
        pytest.param(["a", 1, None], "a, 1, null", id="list of plain values"),
        pytest.param(["x" * 50, "y" * 50], "2 items", id="list too long to show"),
        pytest.param([1] * 21, "21 items", id="list of too many"),
        pytest.param([{"a": 1}], "1 item", id="list of mappings"),
        pytest.param({"value": 7}, "7", id="reading"),
        pytest.param({"value": [1, 2], "reason": None}, "1, 2", id="reading of a list"),
        pytest.param({"value": None, "reason": "off"}, "no value: off", id="reading without value"),
        pytest.param({"value": None, "reason": ""}, "null", id="reading without reason"),
        pytest.param("\x1b[2J", "\\x1b[2J", id="hostile"),
    ],
)
def test_a_value_is_told_in_a_few_words(value: object, text: str) -> None:
    (leaf,) = leaves({"key": value})
    assert (leaf.path, leaf.text) == ("key", text)


def test_nested_values_get_dotted_paths_in_their_order() -> None:
    data = {"b": {"y": 1, "x": {"deep": True}}, "a": "z", "c": {"value": 1, "size": "MB"}}
    paths = [leaf.path for leaf in leaves(data)]
    assert paths == ["b.y", "b.x.deep", "a", "c.value", "c.size"]


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        pytest.param({"value": 12, "unit": "attacks blocked"}, "12 attacks blocked", id="number"),
        pytest.param({"value": "never", "unit": "downtime"}, "never (downtime)", id="text"),
        pytest.param({"value": 12, "unit": None}, "12", id="no unit"),
        pytest.param({"value": {"id": 3}, "unit": "site"}, "3", id="a mapping has none itself"),
    ],
)
def test_a_reading_is_told_with_its_unit(reading: dict[str, object], words: str) -> None:
    (leaf,) = leaves({"protect": reading})
    assert leaf.words == words


def test_lists_of_mappings_are_opened_where_asked() -> None:
    data = {"plugins": [{"name": "Akismet"}, {"name": "Jetpack"}]}
    found = [(leaf.path, leaf.text) for leaf in leaves(data, lists=True)]
    assert found == [("plugins.1.name", "Akismet"), ("plugins.2.name", "Jetpack")]


def test_data_nested_without_end_is_cut_off() -> None:
    value: object = 1
    for _ in range(900):
        value = {"a": value}
    (leaf,) = leaves({"a": value})
    assert leaf.text == "(nested too deeply to report)"


def test_a_few_sites_with_a_few_values_become_a_table() -> None:
    report = run(
        [healthy("alpha", hits=5, plan="free"), healthy("beta", hits=1_200)], read_only=True
    )
    assert told(report) == [
        "  site    hits  plan",
        "  alpha      5  free",
        "  beta   1,200  -",
    ]


def test_a_few_sites_with_many_values_are_told_one_by_one() -> None:
    facts = {f"connection.fact-number-{at}": at for at in range(9)}
    lines = told(run([healthy("alpha", **facts), healthy("beta", **facts)], read_only=True))
    assert lines[0] == "  alpha"
    assert lines[1] == "    connection.fact-number-0  0"
    assert lines[10] == "  beta"


def test_a_site_with_very_many_values_is_cut_short_unless_all_are_wanted() -> None:
    report = run([healthy("a", **{f"key-{at}": at for at in range(300)})], read_only=True)
    assert told(report)[-1] == "    + 181 more (-v shows them)"
    assert ["key-299", "299"] in [line.split() for line in told(report, verbose=True)]


def test_a_long_value_is_broken_below_its_beginning() -> None:
    facts = {"k": "word " * 15, **{f"padding-{at}": "x" * 20 for at in range(4)}}
    lines = told(run([healthy("a", **facts)], read_only=True), width=60)
    column = lines[1].index("word")
    assert lines[2].startswith(" " * column + "word")


def test_many_sites_are_summed_up_per_value() -> None:
    sites = [
        healthy(
            f"s{at}",
            active=at > 1,
            hits={"value": at, "unit": "views"}
            if at < 16
            else {"value": None, "reason": "module inactive"},
            title=f"Site {at}",
            version="16.1",
        )
        for at in range(20)
    ]
    assert [" ".join(line.split()) for line in told(run(sites, read_only=True))] == [
        "active true x 18; false x 2",
        "hits sum 120 views (0 to 15 on 16 sites); no value: module inactive x 4",
        "title 20 different values",
        "version 16.1 on all",
    ]


@pytest.mark.parametrize(
    ("texts", "sites", "words"),
    [
        pytest.param(["a"] * 3, 4, "a x 3; not told x 1", id="silent sites are counted"),
        pytest.param(list("aabbcde"), 7, "a x 2; b x 2; c x 1; 2 other values", id="rare ones"),
        pytest.param(list("abc"), 3, "a x 1; b x 1; c x 1", id="a few different ones"),
    ],
)
def test_a_summary_counts_the_most_frequent_values(
    texts: list[str], sites: int, words: str
) -> None:
    assert summary([Leaf("k", text) for text in texts], sites) == words


def test_fractions_are_added_up_without_noise() -> None:
    assert summary([Leaf("k", "", 0.1)] * 10, 10) == "sum 1 (0.1 to 0.1 on 10 sites)"


def test_data_of_a_run_that_changes_is_not_told() -> None:
    assert "Read from" not in render_text(run([healthy("a", hits=1)], read_only=False))


def test_a_query_that_read_nothing_says_nothing() -> None:
    assert "Read from" not in render_text(run([healthy("a")], read_only=True))


def test_what_all_sites_have_in_common_stands_below_the_table() -> None:
    sites = [healthy(name, hits=at, plan="free") for at, name in enumerate(("a", "b", "c"))]
    assert told(run(sites, read_only=True))[-1] == "  on all: plan: free"


def test_missing_values_are_explained_below_the_table() -> None:
    gone = {"value": None, "reason": "the module is not active"}
    lines = told(run([healthy("a", hits=gone), healthy("b", hits=7)], read_only=True))
    assert lines[1].split() == ["a", "-"]
    assert lines[-1] == "  - means the module is not active (hits)"


def test_a_wide_table_of_several_sites_is_cut_into_tables_that_fit() -> None:
    sites = [
        healthy(name, **{f"fact-number-{at}": f"{name}{at}" for at in range(9)})
        for name in ("alpha", "beta", "gamma")
    ]
    lines = told(run(sites, read_only=True))
    assert sum(line.startswith("  site") for line in lines) == 2
    assert all(any(f"alpha{at}" in line for line in lines) for at in range(9))
