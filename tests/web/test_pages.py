"""What the pages show, asked for over the wire."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fleet.front.web.labels import Labels
from fleet.results import Status
from tests.web.conftest import Serves
from tests.web.made import HOSTILE, audited, site

PAGES = ["/", "/drift", "/runs", "/compare"]


def names(page: str) -> list[str]:
    """Return the sites that a page lists, in order."""
    return re.findall(r'<th scope="row"><a href="/sites/([^"]+)">', page)


@pytest.mark.parametrize("path", PAGES)
async def test_an_empty_journal_has_pages_that_say_so(serves: Serves, path: str) -> None:
    async with serves() as client, client.get(path) as answer:
        assert answer.status == 200
        assert 'class="empty"' in await answer.text()


async def test_the_grid_shows_every_site_and_what_is_wrong(
    serves: Serves, journal_file: Path
) -> None:
    lost = site("bravo", status=Status.UNREACHABLE, kind="net.timeout", message="no answer")
    await audited(journal_file, "run-1", site("alpha", "modules.protect"), lost, site("charlie"))
    async with serves() as client, client.get("/") as answer:
        page = await answer.text()
    assert names(page) == ["alpha", "bravo", "charlie"]
    assert "3 of 3 sites" in page
    for word in ("unreachable", "net.timeout", "no answer", "1 open"):
        assert word in page


async def test_sites_are_filtered_by_text_status_drift_and_label(
    serves: Serves, journal_file: Path
) -> None:
    lost = site("bravo", status=Status.FAILED, kind="net.dns")
    await audited(journal_file, "run-1", site("alpha", "modules.protect"), lost, site("charlie"))
    labels = Labels({"alpha": {"client": "acme"}, "charlie": {"client": "acme"}, "bravo": {}})
    cases = {
        "/?q=ALPH": ["alpha"],
        "/?status=failed&status=unchanged": ["bravo", "charlie"],
        "/?drift=open": ["alpha"],
        "/?labels=client%3Dacme": ["alpha", "charlie"],
        "/?labels=client%3Dacme&q=char": ["charlie"],
        "/?q=nobody": [],
        "/?status=nonsense&order=nonsense": ["alpha", "bravo", "charlie"],
    }
    async with serves(labels=labels) as client:
        for address, expected in cases.items():
            async with client.get(address) as answer:
                assert names(await answer.text()) == expected, address


async def test_a_selector_that_is_none_is_explained(serves: Serves, journal_file: Path) -> None:
    await audited(journal_file, "run-1", site("alpha"))
    labels = Labels({"alpha": {}})
    async with serves(labels=labels) as client, client.get("/?labels=((") as answer:
        page = await answer.text()
    assert answer.status == 200
    assert 'role="alert"' in page
    assert names(page) == []


@pytest.mark.parametrize("order", ["site", "status", "newest", "oldest"])
async def test_following_next_shows_every_site_once(
    serves: Serves, journal_file: Path, order: str
) -> None:
    statuses = [Status.UNCHANGED, Status.FAILED, Status.BLOCKED]
    every = [f"site-{number:03}" for number in range(120)]
    results = [site(name, status=statuses[at % 3]) for at, name in enumerate(every)]
    await audited(journal_file, "run-1", *results)
    found: list[str] = []
    address = f"/?order={order}"
    async with serves() as client:
        while address:
            async with client.get(address) as answer:
                page = await answer.text()
            found += names(page)
            more = re.search(r'<a href="([^"]+)" rel="next">', page)
            address = more[1].replace("&amp;", "&") if more else ""
    assert sorted(found) == every


async def test_a_run_shows_what_needs_a_person_first_and_pages_on(
    serves: Serves, journal_file: Path
) -> None:
    good = [site(f"good-{number:03}") for number in range(70)]
    bad = [site("zulu", status=Status.FAILED, kind="net.dns"), site("yankee", "modules.protect")]
    await audited(journal_file, "run-1", *good, *bad)
    async with serves() as client:
        async with client.get("/runs/run-1") as answer:
            page = await answer.text()
        more = re.search(r'<a href="([^"]+)" rel="next">', page)
        assert more
        async with client.get(more[1].replace("&amp;", "&")) as answer:
            rest = await answer.text()
    assert names(page)[:3] == ["zulu", "yankee", "good-000"]
    assert len(names(page)) == 50
    assert names(rest) == [each.site for each in good[48:]]
    assert "net.dns" in page
    assert "hx-trigger" not in page.partition('id="live"')[2].partition(">")[0]


async def test_a_run_that_goes_on_is_followed_until_it_ends(
    serves: Serves, journal_file: Path
) -> None:
    await audited(journal_file, "run-1", site("alpha"), finished=False)
    async with serves() as client, client.get("/runs/run-1/live") as answer:
        part = await answer.text()
    assert 'hx-get="/runs/run-1/live" hx-trigger="every 1s"' in part
    assert "running" in part
    assert "<html" not in part


async def test_a_site_has_its_drift_results_and_history(serves: Serves, journal_file: Path) -> None:
    await audited(journal_file, "run-1", site("alpha", "modules.protect"))
    await audited(
        journal_file,
        "run-2",
        site("alpha", status=Status.FAILED, kind="net.dns", message="no such host", said="hm"),
        kind="run",
    )
    async with serves() as client:
        async with client.get("/sites/alpha") as answer:
            page = await answer.text()
        async with client.get("/sites/nobody") as answer:
            assert answer.status == 404
    for word in ("modules.protect", "run-1", "run-2", "net.dns", "no such host", "<q>hm</q>"):
        assert word in page


async def test_drift_is_shown_by_key_and_by_site(serves: Serves, journal_file: Path) -> None:
    await audited(
        journal_file, "run-1", site("alpha", "modules.a", "modules.b"), site("bravo", "modules.b")
    )
    async with serves() as client:
        async with client.get("/drift") as answer:
            page = await answer.text()
        async with client.get("/drift?key=modules.a") as answer:
            one = await answer.text()
    assert "3 differences on 2 sites" in page
    assert names(page) == ["alpha", "alpha", "bravo"]
    assert names(one) == ["alpha"]


async def test_two_runs_are_compared(serves: Serves, journal_file: Path) -> None:
    await audited(journal_file, "run-1", site("alpha", "modules.a", good=["modules.b"]))
    await audited(journal_file, "run-2", site("alpha", "modules.b", good=["modules.a"]))
    async with serves() as client:
        async with client.get("/compare?a=run-1&b=run-2") as answer:
            page = await answer.text()
        async with client.get("/compare?a=run-1&b=gone") as answer:
            assert answer.status == 404
    new, fixed = page.partition(">New")[2].partition(">Fixed")[::2]
    assert "modules.b" in new
    assert "modules.a" not in new
    assert "modules.a" in fixed.partition("Still open")[0]


async def test_security_24_what_a_site_says_stays_text_on_every_page(
    serves: Serves, journal_file: Path
) -> None:
    words = {"message": HOSTILE, "said": HOSTILE, "kind": "net.dns"}
    await audited(journal_file, "run-1", site("alpha", HOSTILE, status=Status.FAILED, **words))
    async with serves() as client:
        for path in ("/", "/sites/alpha", "/runs/run-1", "/runs/run-1/live", "/drift"):
            async with client.get(path, params={"q": ""}) as answer:
                page = await answer.text()
            assert answer.status == 200
            assert "&lt;script&gt;document" in page
            assert "<script>document" not in page
            assert "<img" not in page
            assert "\u202e" not in page
            assert "\x1b" not in page
            assert "{{ 7*7 }}" in page


async def test_what_a_visitor_types_stays_text(serves: Serves, journal_file: Path) -> None:
    await audited(journal_file, "run-1", site("alpha"))
    async with serves() as client:
        async with client.get("/", params={"q": '"><script>x</script>'}) as answer:
            assert "<script>x" not in await answer.text()
        async with client.get("/drift", params={"key": "<script>x</script>"}) as answer:
            assert "<script>x" not in await answer.text()
