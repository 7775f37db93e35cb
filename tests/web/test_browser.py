"""The dashboard in a real browser: it loads, filters, follows a live run, and text stays text."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import anyio
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Page,
    ViewportSize,
    async_playwright,
    expect,
)

from fleet.front.simulated import simulated_fleet
from fleet.front.web.access import Access
from fleet.front.web.labels import Labels
from fleet.results import Status
from tests.web.conftest import Serves
from tests.web.made import HOSTILE, audited, site
from tests.web.test_safety import TOKEN, Started

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.chromium,
    pytest.mark.timeout(120),
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
PHONE = ViewportSize(width=390, height=844)
DESKTOP = ViewportSize(width=1280, height=900)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        await started.close()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page on which nothing may go wrong unseen: no script error, no breach of the policy."""
    opened = await browser.new_page()
    said: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            said.append(message.text)

    opened.on("console", heard)
    opened.on("pageerror", lambda error: said.append(str(error)))
    yield opened
    assert said == []


@pytest.fixture
async def filled(journal_file: Path) -> None:
    results = [site(f"site-{number:03}", good=["modules.a"]) for number in range(70)]
    results += [
        site("river-shop", "modules.a", "modules.b"),
        site("far-shop", status=Status.UNREACHABLE, kind="net.timeout"),
    ]
    await audited(journal_file, "run-1", *results)
    await audited(journal_file, "run-2", *results[:40], site("river-shop", "modules.b"))


def base(client: object) -> str:
    return str(getattr(client, "_base_url", "")).rstrip("/")


async def test_a_visitor_finds_a_site_by_typing(serves: Serves, filled: None, page: Page) -> None:
    async with serves() as client:
        await page.goto(base(client))
        await expect(page.get_by_role("heading", name="Sites")).to_be_visible()
        await page.get_by_label("Name or address").press_sequentially("river")
        await expect(page.locator("#grid tbody tr")).to_have_count(1)
        await expect(page.locator("#grid")).to_contain_text("1 of 72 sites")
        assert "q=river" in page.url
        assert await page.get_by_label("Name or address").input_value() == "river"
        await page.get_by_role("link", name="river-shop").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("river-shop")
        await expect(page.get_by_text("modules.b").first).to_be_visible()
        await page.go_back()
        await expect(page.locator("#grid tbody tr")).to_have_count(1)


async def test_a_visitor_filters_by_result_and_pages_on(
    serves: Serves, filled: None, page: Page
) -> None:
    async with serves() as client:
        await page.goto(base(client))
        await page.get_by_label("Last result").select_option("unreachable")
        await expect(page.locator("#grid tbody tr")).to_have_count(1)
        await page.get_by_label("Last result").select_option("")
        await expect(page.locator("#grid tbody tr")).to_have_count(50)
        await page.get_by_role("link", name="Next page").click()
        await expect(page.locator("#grid tbody tr")).to_have_count(22)


async def test_everything_works_without_scripts(
    serves: Serves, filled: None, browser: Browser
) -> None:
    async with serves() as client:
        context = await browser.new_context(java_script_enabled=False)
        page = await context.new_page()
        await page.goto(base(client))
        await page.get_by_label("Name or address").fill("river")
        await page.get_by_role("button", name="Filter").click()
        await expect(page.locator("#grid tbody tr")).to_have_count(1)


@pytest.mark.parametrize("path", ["/", "/sites/alpha", "/runs/run-1", "/drift"])
async def test_security_24_a_hostile_site_stays_text_in_a_browser(
    serves: Serves, journal_file: Path, page: Page, path: str
) -> None:
    words = {"message": HOSTILE, "said": HOSTILE, "kind": "net.dns"}
    await audited(journal_file, "run-1", site("alpha", HOSTILE, status=Status.FAILED, **words))
    async with serves() as client:
        await page.goto(base(client) + path)
        await page.wait_for_load_state("networkidle")
        assert "owned" not in await page.title()
        assert await page.locator("main img, main script, main textarea").count() == 0
        await expect(page.locator("main")).to_contain_text("<script>document.title='owned'")


async def test_a_live_run_of_another_process_is_followed_to_its_end(
    serves: Serves, journal_file: Path, page: Page, tmp_path: Path
) -> None:
    async with (
        serves() as client,
        simulated_fleet(tmp_path, 40, faults=True, latency=0.1) as made_up,
    ):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "fleet", "run", "stats.collect", "-q", "-c", "6", "--per-host", "6"),
            *("-i", str(made_up.inventory)),
            env={**os.environ, **made_up.environ, "FLEET_STORE": str(journal_file)},
            stdout=asyncio.subprocess.DEVNULL,
        )
        with anyio.fail_after(60):
            await page.goto(base(client) + "/runs")
            while await page.locator("tbody tr").count() == 0:
                await page.reload()
            await page.locator("tbody tr a").first.click()
            await expect(page.get_by_role("status").first).to_contain_text("running")
            counts: set[str] = set()
            while "running" in await page.locator("#live .state").inner_text():
                counts.add(await page.locator("#live .figures b").inner_text())
            code = await process.wait()
        assert len(counts) > 2, "the page did not move while the run went on"
        await expect(page.locator("#live .state")).to_contain_text("finished")
        await expect(page.locator("#live .figures")).to_contain_text("40 of 40 sites")
        assert not await page.locator("#live").get_attribute("hx-trigger")
        first = page.locator("#live tbody tr").first
        assert "unchanged" not in await first.inner_text()
        assert code == 3


async def test_a_token_is_asked_for_once_and_an_audit_can_be_started(
    serves: Serves, filled: None, page: Page
) -> None:
    audits = Started()
    async with serves(access=Access(TOKEN), audits=audits) as client:
        await page.goto(base(client))
        await page.get_by_label("Token").fill(TOKEN)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", name="Sites")).to_be_visible()
        assert TOKEN not in page.url
        assert await page.evaluate("document.cookie") == ""
        await page.get_by_role("button", name="Start an audit").click()
        await expect(page.get_by_role("heading", name="Runs")).to_be_visible()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert audits.count == 1


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_axe_finds_nothing_serious_and_no_page_is_wider_than_its_window(
    serves: Serves, filled: None, browser: Browser, scheme: Scheme
) -> None:
    labels = Labels({"river-shop": {"client": "acme"}})
    paths = (
        *("/", "/?q=nobody", "/sites/river-shop", "/runs", "/runs/run-1", "/drift"),
        *("/drift?key=modules.b", "/compare", "/compare?a=run-1&b=run-2", "/nowhere"),
    )
    wrong: list[str] = []
    async with serves(labels=labels) as client:
        for size in (PHONE, DESKTOP):
            context = await browser.new_context(viewport=size, color_scheme=scheme, bypass_csp=True)
            page = await context.new_page()
            for path in paths:
                await page.goto(base(client) + path)
                found = await Axe().run(page)
                wrong += [
                    f"{path} {size['width']} {each['id']}: {each['nodes'][0]['html'][:200]}"
                    for each in found.response["violations"]
                    if each["impact"] in ("serious", "critical")
                ]
                wide = await page.evaluate("document.documentElement.scrollWidth")
                if wide > size["width"]:
                    wrong.append(f"{path}: {wide} px wide at {size['width']}")
    assert wrong == []


CUT_OFF = """() => [...document.querySelectorAll('.card, td, th')]
  .filter(each => each.scrollWidth > each.clientWidth + 1 && each.clientWidth)
  .map(each => each.textContent.trim().slice(0, 40))"""
UNNAMED = """() => [...document.querySelectorAll('table.stack td')].filter(each =>
  each.textContent.trim() && getComputedStyle(each, '::before').display === 'none'
).map(each => each.textContent.trim())"""
ON_PAPER = """() => [...document.querySelectorAll('time')]
  .map(each => getComputedStyle(each, '::after').content)"""
LOOKS = ("/", "/runs", "/runs/run-2", "/drift", "/compare?a=run-1&b=run-2", "/sites/river-shop")


@pytest.fixture
async def wordy(journal_file: Path) -> None:
    """Two runs with keys and messages as long as real ones."""
    words = {"message": "the site is in maintenance: WordPress is being updated", "kind": "net.x"}
    results = [
        site("river-shop", "settings.sharing_label", "jetpack.min_version"),
        site("lantern-clinic", status=Status.UNREACHABLE, **words),
        site("estuary-choir", good=["modules.sitemaps"]),
    ]
    await audited(journal_file, "20261125-0430-aaaa", *results)
    await audited(journal_file, "run-1", *results)
    await audited(journal_file, "run-2", *results)


@pytest.mark.parametrize("path", LOOKS)
async def test_nothing_is_cut_off_and_every_value_has_its_name(
    serves: Serves, wordy: None, page: Page, path: str
) -> None:
    async with serves() as client:
        await page.goto(base(client) + path)
        for width in (390, 600, 800, 901, 1280):
            await page.set_viewport_size(ViewportSize(width=width, height=900))
            assert await page.evaluate(CUT_OFF) == [], width
            if width <= 900:
                assert await page.evaluate(UNNAMED) == [], width


@pytest.mark.parametrize("path", LOOKS)
async def test_paper_gets_tables_and_times_that_still_mean_something_tomorrow(
    serves: Serves, wordy: None, page: Page, path: str
) -> None:
    async with serves() as client:
        await page.emulate_media(media="print", color_scheme="dark")
        await page.set_viewport_size(ViewportSize(width=700, height=1000))
        await page.goto(base(client) + path)
        assert await page.evaluate(CUT_OFF) == []
        for head in await page.locator("thead").all():
            assert await head.is_visible()
            assert (await head.bounding_box() or {"x": -1})["x"] >= 0
        times = await page.evaluate(ON_PAPER)
        assert all(each.endswith(' UTC"') for each in times), times
        await expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
        if "compare" in path:
            await expect(page.get_by_text("Run run-1, and run-2 after it.")).to_be_visible()
