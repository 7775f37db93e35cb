from __future__ import annotations

import io
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from fleet.report.text import print_text, render_text
from fleet.results import KeyResult, RunReport, SiteResult, Status, Usage, Verdict
from tests.report.made import RUN_ID, broken, ended, healthy, run, switched, url
from tests.report.strategies import hostile_reports, patient


def words(report: RunReport, *, verbose: bool = False, width: int = 100) -> str:
    """Return the report with every stretch of blanks as one, so that tests read sentences."""
    return " ".join(render_text(report, verbose=verbose, width=width).split())


def test_the_first_line_names_the_run_and_the_last_the_next_command() -> None:
    lines = render_text(run([healthy("a")]), next_command="fleet plan").splitlines()
    assert lines[0].split() == ["Run", RUN_ID]
    assert lines[-1].split() == ["Next", "fleet", "plan"]


def test_without_a_command_the_gravest_cause_is_offered_to_be_explained() -> None:
    results = [
        broken("a", "net.dns", "x"),
        broken("b", "net.dns", "x"),
        broken("c", "site.server_error", "x"),
    ]
    last = render_text(run(results)).splitlines()[-1]
    assert last.split() == ["Next", "fleet", "explain", "site.server_error"]


def test_a_healthy_run_offers_nothing_by_itself() -> None:
    assert "Next" not in render_text(run([healthy("a")]))


def test_the_headline_tells_operation_parameters_time_and_length() -> None:
    text = words(run([healthy("a")]))
    assert 'Asked modules.activate modules=["protect"]' in text
    assert "Started 2026-11-23 23:14:05 UTC, took 12.4 s" in text


@pytest.mark.parametrize(
    ("seconds", "interrupted", "sentence"),
    [
        pytest.param(75.0, "SIGINT", "UTC, interrupted by SIGINT after 1 min 15 s", id="signal"),
        pytest.param(None, "SIGTERM", "UTC, interrupted by SIGTERM ", id="signal without end"),
        pytest.param(None, None, "UTC, no end is recorded", id="killed"),
        pytest.param(7_260.0, None, "UTC, took 2 h 01 min", id="long"),
    ],
)
def test_the_headline_tells_how_the_run_ended(
    seconds: float | None, interrupted: str | None, sentence: str
) -> None:
    report = run([healthy("a")], seconds=seconds, interrupted=interrupted)
    assert sentence in words(report)


def busy_healthy_run(*, read_only: bool) -> RunReport:
    """Return 5,000 healthy sites with as much to tell as there can be."""
    told = {f"fact-{at}": {"value": at} for at in range(15)}
    keys = tuple(KeyResult(f"key-{at}", Verdict.CHANGED, 0, 1, 1) for at in range(15))
    notes = tuple(f"note {at}" for at in range(9))
    status = Status.UNCHANGED if read_only else Status.CHANGED
    return run(
        (
            SiteResult(
                f"s{at}",
                url(f"s{at}"),
                status,
                keys=() if read_only else keys,
                data=told,
                notes=notes,
            )
            for at in range(5_000)
        ),
        read_only=read_only,
    )


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("read_only", [True, False], ids=["query", "change"])
def test_five_thousand_healthy_sites_take_under_25_lines(width: int, read_only: bool) -> None:
    report = busy_healthy_run(read_only=read_only)
    text = render_text(report, width=width, next_command="fleet report -o json")
    assert len(text.splitlines()) < 25
    assert "5,000 sites" in text
    assert "more (-v shows them)" in text


def test_failures_come_before_changes_and_grave_ones_first() -> None:
    text = render_text(
        run([switched("a"), broken("b", "net.dns", "x"), broken("c", "proto.truncated", "y")])
    )
    order = [text.index(word) for word in ("proto.truncated", "net.dns", "Changed")]
    assert order == sorted(order)


def test_sites_with_the_same_trouble_are_told_once() -> None:
    results = [
        broken(name, "net.timeout", f"{url(name)}/wp-json/ was silent; {name}.example is slow.")
        for name in ("alpha", "beta", "gamma")
    ]
    text = words(run(results))
    assert "3 sites unreachable net.timeout" in text
    assert "details: <address>/wp-json/ was silent; <host> is slow." in text
    assert "sites: alpha, beta, gamma" in text
    assert "what to do: Try the site in a browser" in text


def test_a_single_site_keeps_its_address_in_the_message() -> None:
    assert "Look at https://alpha.example." in words(
        run([broken("alpha", "net.dns", "Look at https://alpha.example.")])
    )


def test_a_name_inside_another_word_is_not_taken_for_the_site() -> None:
    results = [broken(name, "net.dns", "the fact is bad") for name in ("act", "b")]
    text = words(run(results))
    assert "2 sites unreachable net.dns" in text
    assert "details: the fact is bad" in text


def test_messages_that_differ_everywhere_stay_one_cause() -> None:
    results = [broken(f"s{at}", "net.timeout", f"Silent for {at} ms.") for at in range(40)]
    text = words(run(results))
    assert "40 sites unreachable net.timeout" in text
    assert "Silent for 0 ms. (1 site)" in text
    assert "and 38 other wordings" in text


def test_two_different_messages_are_two_causes() -> None:
    results = [broken("a", "net.dns", "No such host."), broken("b", "net.dns", "Server failed.")]
    assert words(run(results)).count("1 site unreachable net.dns") == 2


def test_a_message_that_repeats_the_meaning_is_left_out() -> None:
    meaning = "The host name could not be resolved."
    assert words(run([broken("a", "net.dns", meaning)])).count(meaning) == 1


def test_a_cause_without_a_kind_is_told_in_its_own_words() -> None:
    paused = SiteResult("a", url("a"), Status.SKIPPED, message="Paused in the inventory.")
    text = words(run([paused]))
    assert "1 site skipped details: Paused in the inventory. sites: a" in text


def test_the_sites_own_words_are_labelled_quoted_and_inert() -> None:
    said = 'Go to "x"\n\x1b[2J[red]now[/red]'
    text = render_text(run([broken("a", "jetpack.refused", "Refused.", said)]))
    assert "site said:  \"Go to 'x'\\n\\x1b[2J[red]now[/red]\"" in text


def test_many_sites_are_named_by_the_first_few_and_all_where_asked() -> None:
    report = run([broken(f"s{at:02}", "net.dns", "x") for at in range(40)])
    assert "sites: s00, s01, s02, s03 + 36 more" in words(report)
    assert "s04, s05" in words(report, verbose=True)
    assert "more" not in words(report, verbose=True).partition("what to do")[0]


def test_five_causes_of_forty_failures_stay_short() -> None:
    kinds = ("net.dns", "net.timeout", "tls.expired", "block.waf", "auth.session")
    bad = [broken(f"b{at}", kinds[at % 5], f"{url(f'b{at}')} fails.", "no") for at in range(40)]
    text = render_text(run([*bad, *(switched(f"s{at}") for at in range(4_960))]), width=80)
    assert "40 of 5,000 sites need attention" in text
    assert len(text.splitlines()) < 50


def test_equal_changes_collapse_to_one_line() -> None:
    text = words(run([switched(f"s{at}") for at in range(143)]))
    assert "Changed modules.protect: false -> true x 143 sites Total" in text


def test_up_to_three_sites_of_a_change_are_named() -> None:
    assert "false -> true x 2 sites (a, b)" in words(run([switched("a"), switched("b")]))


@pytest.mark.parametrize(
    ("befores", "afters", "line"),
    [
        pytest.param(range(9), [0] * 9, "k: (various) -> 0 x 9 sites", id="before differs"),
        pytest.param(range(9), range(9), "k: (various) -> (various) x 9 sites", id="both"),
        pytest.param([1, 1, 2, 2], [3] * 4, "k: 1 -> 3 x 2 sites (s0, s1) k: 2 -> 3", id="few"),
    ],
)
def test_values_that_differ_everywhere_stay_one_line(
    befores: list[int], afters: list[int], line: str
) -> None:
    pairs = enumerate(zip(befores, afters, strict=True))
    results = [
        ended(f"s{at}", Status.CHANGED, KeyResult("k", Verdict.CHANGED, was, now, now))
        for at, (was, now) in pairs
    ]
    assert line in words(run(results))


def test_a_refused_key_is_told_with_its_kind_reason_and_sites() -> None:
    key = KeyResult(
        "modules.monitor", Verdict.REJECTED, False, True, False, "jetpack.plan", "Not in the plan."
    )
    text = words(run([ended("a", Status.BLOCKED, key)]))
    assert "Could not be set modules.monitor: to true (rejected) x 1 site (a)" in text
    assert "jetpack.plan: Not in the plan." in text


def test_a_lost_answer_is_not_called_a_refusal() -> None:
    key = KeyResult("k", Verdict.UNKNOWN, False, True, kind="write.unconfirmed")
    text = words(run([ended("a", Status.UNKNOWN, key)]))
    assert "k: to true (sent, result not known) x 1 site (a) write.unconfirmed" in text


def test_drift_is_told_as_what_would_change() -> None:
    key = KeyResult("modules.protect", Verdict.DRIFT, False, True, False)
    text = words(run([ended("a", Status.DRIFT, key)], read_only=True))
    assert "Differs from what is wanted modules.protect: false -> true x 1 site (a)" in text


def test_keys_that_were_right_are_told_only_where_asked() -> None:
    report = run([ended("a", Status.UNCHANGED, KeyResult("k", Verdict.UNCHANGED, 7, 7, 7))])
    assert "Already as wanted k: 7 x 1 site (a)" in words(report, verbose=True)
    assert "k:" not in words(report)


def test_sites_that_were_not_started_are_counted_and_named() -> None:
    report = run([switched("a"), *(ended(f"s{at}", Status.NOT_STARTED) for at in range(9))])
    text = words(report)
    assert "9 sites were not started s0, s1, s2, s3 + 5 more" in text
    assert "10 sites: 1 changed, 9 not started" in text
    assert "1 site was not started" in words(run([ended("a", Status.NOT_STARTED)]))


def test_equal_notes_are_told_once() -> None:
    results = [
        ended(name, Status.UNCHANGED, notes=(f"{url(name)} has plain permalinks.", ""))
        for name in ("a", "b")
    ]
    text = words(run([*results, ended("c", Status.UNCHANGED, notes=("c is old.",))]))
    assert "Worth knowing 2 sites (a, b) <address> has plain permalinks." in text
    assert "1 site (c) c is old." in text


def test_the_totals_name_what_there_is_in_a_fixed_order() -> None:
    report = run([broken("b", "net.dns", "x"), switched("c"), healthy("a")])
    assert "Total 3 sites: 1 unchanged, 1 changed, 1 unreachable" in words(report)
    assert "Total 0 sites Used" in words(run([]))


def test_the_cost_is_told() -> None:
    results = [
        SiteResult("a", url("a"), Status.CHANGED, usage=Usage(1_200, 1, 2, 2_500_000, 3.0)),
        SiteResult("b", url("b"), Status.CHANGED, usage=Usage(34, 0, 0, 0, 3.0)),
    ]
    cost = "Used 1,234 requests, 2 logins, 1 write, 2.5 MB received"
    assert f"{cost}, 12.4 s" in words(run(results))
    assert words(run(results, seconds=None)).endswith(cost)


def test_long_words_and_wide_letters_stay_inside_the_page() -> None:
    said = "x" * 150 + " " + "日本語" * 15
    for line in render_text(run([broken("a", "net.dns", "m", said)]), width=60).splitlines():
        cells = sum(2 if unicodedata.east_asian_width(char) == "W" else 1 for char in line)
        assert cells <= 60


@patient
@given(hostile_reports, st.booleans(), st.integers(20, 120))
def test_no_hostile_text_acts_on_a_terminal_or_a_ci_log(
    report: RunReport, verbose: bool, width: int
) -> None:
    text = render_text(report, verbose=verbose, width=width)
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not {unicodedata.category(char) for char in text.replace("\n", "")} & hidden
    assert "##[" not in text
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())


def printed(report: RunReport, console_width: int, *, terminal: bool) -> str:
    out = io.StringIO()
    color = "truecolor" if terminal else None
    console = Console(
        file=out,
        width=console_width,
        force_terminal=terminal,
        color_system=color,  # type: ignore[arg-type]
    )
    print_text(console, report, next_command="fleet plan")
    return out.getvalue()


def test_colour_changes_nothing_that_is_said() -> None:
    report = run([broken("a", "net.dns", "[bold]x[/bold] :smile:", "12 'y'"), switched("b")])
    coloured = printed(report, 80, terminal=True)
    bare = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert bare != coloured
    plain = render_text(report, width=80, next_command="fleet plan")
    assert [line.rstrip() for line in bare.splitlines()] == plain.splitlines()


def test_without_a_terminal_there_is_no_colour_and_the_usual_width() -> None:
    report = run([broken("a", "net.timeout", "x")])
    assert printed(report, 40, terminal=False) == render_text(report, next_command="fleet plan")


def test_letters_the_terminal_does_not_know_are_escaped() -> None:
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    print_text(console, run([broken("a", "net.dns", "Café")]))
    assert b"Caf\\xe9" in raw.getvalue()
