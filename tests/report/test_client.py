"""A client's month: what is said, in which words, and that hostile words stay words."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from fleet.errors import KINDS
from fleet.report.client import ClientReport, Gathering
from fleet.report.client_formats import CLIENT_FORMATS, Brand
from fleet.report.inert import inert
from fleet.report.markdown import LIMIT
from fleet.report.wording import changed_words, risk_words, trouble_words
from fleet.results import KeyResult, RunReport, SiteResult, Status, Verdict
from tests.report.made import broken, ended, healthy, switched, url
from tests.report.strategies import hostile_reports, patient
from tests.report.test_formats import HOSTILE, MARKDOWN, hostile_run
from tests.report.test_html import Page

SINCE = datetime(2026, 10, 1, tzinfo=UTC)
UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
JARGON = re.compile(r"[a-z]+_[a-z]+|\b(HTTP|REST|API|nonce|WAF|kind|key|journal|drift)\b")


def drifting(name: str, key: str = "modules.protect") -> SiteResult:
    return ended(name, Status.DRIFT, KeyResult(key, Verdict.DRIFT, False, True, False))


def month(*runs: list[SiteResult], sites: str = "abc") -> ClientReport:
    gathering = Gathering({name: url(name) for name in sites})
    for day, results in enumerate(runs):
        at = SINCE + timedelta(days=day)
        gathering.add_run((result, at) for result in results)
    return gathering.report("Acme", SINCE, UNTIL)


def written(name: str, report: ClientReport, brand: Brand | None = None) -> str:
    sink = io.StringIO()
    CLIENT_FORMATS[name](report, brand or Brand(), sink)
    return sink.getvalue()


def test_what_is_said_last_stands() -> None:
    report = month(
        [drifting("a"), broken("b", "net.dns", "No such host."), healthy("x")],
        [switched("a"), healthy("b")],
    )
    assert [site.state for site in report.sites] == ["well", "well", "unseen"]
    assert (report.risks, report.undone) == ((), ())
    (work,) = report.work
    assert (work.site, work.words, work.before, work.after) == (
        "a",
        "Switched on protection against password guessing",
        False,
        True,
    )


def test_what_is_open_and_what_was_not_done_is_told_with_its_reason() -> None:
    refused = KeyResult("modules.waf", Verdict.REJECTED, False, True, False, "jetpack.override")
    report = month(
        [drifting("a"), ended("b", Status.BLOCKED, refused), broken("c", "tls.expired", "Old.")]
    )
    (risk,) = report.risks
    assert risk.words == "Protection against password guessing: off, should be on."
    key, site = report.undone
    assert (key.site, key.words) == ("b", "Switch on the firewall")
    assert key.why == "The hosting company decides on this; it cannot be changed from outside."
    assert (site.site, site.why) == (
        "c",
        "The certificate behind the padlock of the site is not in order.",
    )
    assert [each.state for each in report.sites] == ["open", "open", "trouble"]


def test_figures_have_a_trend() -> None:
    read = [{"protect": {"value": value, "unit": "attacks blocked"}} for value in (10, 40)]
    report = month(*([healthy("a", **data)] for data in read))
    (figure,) = report.figures
    assert (figure.name, figure.values, figure.change) == ("Attacks blocked", (10, 40), 30)
    page = written("html", report)
    assert "+30 in this month" in page
    assert 'aria-label="a: 10 to 40"' in page
    assert "Attacks blocked: 40 (+30 in this month)" in written("text", report)


@pytest.mark.parametrize("kind", KINDS)
def test_each_error_kind_has_words_for_a_client(kind: str) -> None:
    words = trouble_words(kind, Status(KINDS[kind].ends))
    assert words.endswith(".")
    assert kind not in words
    assert not JARGON.search(words)
    if kind != "internal.bug":
        assert words != trouble_words("", Status(KINDS[kind].ends)) or kind.startswith("net.")


@pytest.mark.parametrize("status", [status for status in Status if not status.good])
def test_each_status_has_words_for_a_client(status: Status) -> None:
    assert not JARGON.search(trouble_words(None, status))


@pytest.mark.parametrize(
    ("key", "before", "after", "words"),
    [
        ("modules.sitemaps", True, False, "Switched off site maps for search engines"),
        ("modules.new-thing", False, True, "Switched on the feature “new thing”"),
        ("settings.show_ads", True, False, "Switched off “show ads”"),
        ("settings.sharing_label", None, "Tell", "Changed “sharing label” from nothing to “Tell”"),
        ("settings.count", 1, 5, "Changed “count” from 1 to 5"),
    ],
)
def test_a_change_is_a_sentence(key: str, before: object, after: object, words: str) -> None:
    assert changed_words(key, before, after) == words


@pytest.mark.parametrize(
    ("key", "found", "wanted", "words"),
    [
        ("jetpack.min_version", "4.3", "6.0", "Jetpack is at version 4.3; 6.0 was agreed."),
        ("plugins.akismet", None, "active", "The plugin akismet: nothing; “active” was agreed."),
        ("settings.a_b", 1, 2, "“a b” is 1; 2 was agreed."),
        (
            "exceptions.modules.monitor",
            "2026-01-01",
            "renewed or removed",
            "An agreed exception has run out and needs a decision (exceptions, modules, monitor).",
        ),
    ],
)
def test_a_risk_is_a_sentence(key: str, found: object, wanted: object, words: str) -> None:
    assert risk_words(key, found, wanted) == words


def test_the_numbers_agree_in_all_formats() -> None:
    report = month([switched("a"), drifting("b"), broken("c", "net.dns", "No such host.")])
    document: dict[str, Any] = json.loads(written("json", report))
    assert document["schema"] == "jetfleet/client-report/1"
    assert (document["changes"], len(document["risks"]), len(document["not_done"])) == (1, 1, 1)
    summary = (
        "We looked after 3 websites and made 1 change, each of them checked afterwards."
        " 1 of them is in order; 2 points are open."
    )
    for name in ("text", "md", "html"):
        assert summary in written(name, report)
    for name in ("text", "html"):
        assert not JARGON.search(
            re.sub(r"(?s)<(style|script).*?</\1>|<[^>]*>", "", written(name, report))
        )


def client_of(report: RunReport) -> ClientReport:
    gathering = Gathering({site.site: site.url for site in report.results})
    gathering.add_run((site, SINCE) for site in report.results)
    return gathering.report(report.operation, SINCE, UNTIL)


def harmless(report: ClientReport, brand: Brand) -> None:
    page = written("html", report, brand)
    found = Page(page)
    assert found.tags["script"] == 1
    assert not [each for each in found.attributes if each[1].startswith("on") or each[1] == "href"]
    json.loads(written("json", report, brand))
    markdown = written("md", report, brand)
    assert len(markdown) < LIMIT
    for token in MARKDOWN.parse(markdown):
        for child in token.children or ():
            assert child.type in (
                "text",
                "text_special",
                "strong_open",
                "strong_close",
                "softbreak",
            )
            assert not re.search(r"@(?!\u200b)|:(?!\u200b)//", child.content)
    for name in CLIENT_FORMATS:
        text = written(name, report, brand).replace("\n", "").replace("\u200b", "")
        assert inert(text, len(text) * 10) == text


@patient
@given(hostile_reports)
def test_no_text_of_a_site_acts_in_a_client_report(report: RunReport) -> None:
    harmless(client_of(report), Brand())


def test_hostile_words_stay_words() -> None:
    for text in HOSTILE:
        harmless(client_of(hostile_run()), Brand(title=text, intro=text, agency=text))


def test_the_brand_is_shown() -> None:
    brand = Brand("Care", "Dear all.", "Studio", "#7a2f8f", "data:image/png;base64,AAAA")
    page = written("html", month([]), brand)
    assert '<img class="logo" src="data:image/png;base64,AAAA" alt="Studio">' in page
    assert ":root{--brand:#7a2f8f}" in page
    assert "<h1>Care</h1>" in page
    assert "<p>Dear all.</p>" in page


def test_markdown_of_a_large_client_is_cut() -> None:
    sites = [f"site-{at:04}" for at in range(3000)]
    gathering = Gathering({name: url(name) for name in sites})
    gathering.add_run((drifting(name), SINCE) for name in sites)
    report = gathering.report("Acme", SINCE, UNTIL)
    assert len(written("md", report)) < LIMIT
    assert "and 2,940 more" in written("md", report)
    assert "And 2,600 further points." in written("html", report)
