"""The page: one file, whole for a parser, small, and inert whatever sites say."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections import Counter
from html.parser import HTMLParser

import pytest
from hypothesis import given

from fleet.report.charts import columns_chart, share_chart, spark_chart
from fleet.report.html import write_html
from fleet.results import KeyResult, RunReport, SiteResult, Status, Usage, Verdict
from tests.report.made import broken, run, switched, url
from tests.report.strategies import hostile_reports, patient
from tests.report.test_formats import every_status, hostile_run

VOID = {"meta", "br", "input", "link", "hr", "img"}


class Page(HTMLParser):
    """A parser that fails where tags are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.rows: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        values = dict(attrs)
        if tag == "tr" and "data-status" in values:
            self.rows.append(values["data-status"] or "")
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


def page(report: RunReport, **options: int) -> str:
    sink = io.StringIO()
    write_html(report, sink, **options)
    return sink.getvalue()


def many(sites: int, keys: int = 40) -> RunReport:
    results = [
        SiteResult(
            f"site-{at:05}",
            url(f"site-{at:05}"),
            Status.DRIFT,
            keys=tuple(
                KeyResult(f"modules.module-{key}", Verdict((list(Verdict))[key % 3]), 1, 2, 3)
                for key in range(keys)
            ),
            usage=Usage(4, 0, 1, 9_000, 0.8),
        )
        for at in range(sites)
    ]
    return run(results, read_only=True)


def harmless(text: str) -> Page:
    found = Page(text)
    assert found.tags["script"] == 1
    assert not [each for each in found.attributes if each[1].startswith("on") or each[1] == "style"]
    assert not [each for each in found.attributes if each[1] in ("href", "src", "srcset", "action")]
    return found


def test_the_page_tells_every_site_and_the_totals() -> None:
    report = every_status()
    found = harmless(page(report))
    assert Counter(found.rows) == {status.value: count for status, count in report.totals.items()}
    tiles = {
        word.replace(" ", "_"): int(count)
        for count, word in re.findall(r"<li><b>(\d+)</b>.*?</svg>([a-z ]+)</span>", page(report))
    }
    assert tiles == {status.value: count for status, count in report.totals.items()}


def test_hostile_words_stay_words() -> None:
    text = page(hostile_run())
    harmless(text)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


@patient
@given(hostile_reports)
def test_no_text_breaks_out_of_the_page(report: RunReport) -> None:
    harmless(page(report))


def test_only_the_style_and_script_of_the_page_itself_may_run() -> None:
    text = page(every_status())
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', text)
    for tag in ("style", "script"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src &#39;sha256-{digest}&#39;" in policy
    assert policy.startswith("default-src &#39;none&#39;")
    assert "http:" not in re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)


def test_a_thousand_sites_with_forty_keys_take_less_than_five_megabytes() -> None:
    assert len(page(many(1000)).encode()) < 5_000_000


def test_of_a_large_fleet_the_gravest_are_listed_and_the_others_counted() -> None:
    healthy = [switched(f"well-{at}") for at in range(30)]
    bad = [broken(f"bad-{at}", "net.dns", "No such host.") for at in range(15)]
    text = page(run([*healthy, *bad]), sites=20)
    assert Counter(harmless(text).rows) == {"unreachable": 15, "changed": 5}
    assert "The gravest 20 of 45 sites are listed." in text
    assert "The other 25 are counted in the totals: 25 changed." in text


@pytest.mark.timeout(300)
def test_the_page_of_a_large_fleet_stays_small() -> None:
    assert len(page(many(3000)).encode()) < 20_000_000


def test_charts_say_what_they_show() -> None:
    assert 'aria-label="2 not started, 1 failed"' in share_chart(
        {"not_started": 2, "changed": 0, "failed": 1}
    )
    assert 'aria-label="nothing"' in share_chart({})
    assert columns_chart([], "none").count("<rect") == 0
    assert columns_chart([3, -1, 0], "x").count('height="100.0"') == 1
    assert spark_chart([1], "one is no line") == ""
    assert "<path" in spark_chart([1, 1], "flat")
    assert "&lt;" in columns_chart([1], "<b>")
