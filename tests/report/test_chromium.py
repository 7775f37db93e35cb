"""Reports in a real browser: nothing is loaded, only our script runs, filters and sorting work."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from fleet.report.client_formats import CLIENT_FORMATS, Brand
from fleet.report.html import write_html
from fleet.results import RunReport, Status
from tests.report.made import broken, healthy
from tests.report.test_client import client_of, drifting, month
from tests.report.test_formats import every_status, hostile_run
from tests.report.test_html import many

CHROMIUM = shutil.which("chromium")
AXE = files("axe_playwright_python").joinpath("axe.min.js")

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
    pytest.mark.timeout(180),
    # The driver is a process of its own, whose pipes are closed after the loop that made them.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


class Watched:
    """A page and everything it asked for or complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.said: list[str] = []
        page.on("request", self._ask)
        page.on("console", self._say)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", lambda dialog: self.said.append(dialog.message))

    def _ask(self, request: Request) -> None:
        self.asked.append(request.url)

    def _say(self, message: ConsoleMessage) -> None:
        self.said.append(message.text)


def opened(browser: Browser, folder: Path, text: str, width: int = 1280, dark: str = "") -> Watched:
    file = folder / "report.html"
    file.write_text(text, encoding="utf-8")
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    watched = Watched(context.new_page())
    watched.page.goto(file.as_uri())
    return watched


def page_of(report: RunReport) -> str:
    sink = io.StringIO()
    write_html(report, sink)
    return sink.getvalue()


def client_page(report: RunReport | None = None) -> str:
    sink = io.StringIO()
    made = (
        client_of(report)
        if report
        else month(
            [
                drifting("a"),
                broken("b", "net.dns", "x"),
                healthy("c", protect={"value": 1, "unit": "u"}),
            ],
            [healthy("c", protect={"value": 5, "unit": "u"})],
        )
    )
    CLIENT_FORMATS["html"](made, Brand("Care", "Dear all.", "Studio", "#7a2f8f"), sink)
    return sink.getvalue()


def rows(page: Page, table: str = "sites") -> list[str]:
    return page.locator(f"#{table} tbody tr:visible th").all_inner_texts()


@pytest.mark.parametrize("text", [page_of(hostile_run()), client_page(hostile_run())])
def test_hostile_words_run_nothing_and_load_nothing(
    browser: Browser, tmp_path: Path, text: str
) -> None:
    watched = opened(browser, tmp_path, text)
    assert watched.asked == [(tmp_path / "report.html").as_uri()]
    assert watched.said == []
    assert watched.page.locator("script").count() == 1
    assert watched.page.locator("a, img, iframe, object, embed").count() == 0
    assert "<script>alert(1)</script>" in watched.page.locator("main").inner_text()


def test_sites_are_found_by_word_and_by_status(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, page_of(every_status())).page
    assert len(rows(page)) == len(every_status().results)
    page.get_by_label("Find a site, a kind or a word").fill("NET.DNS")
    assert [row.split()[0] for row in rows(page)] == ["dns"]
    page.get_by_label("Find a site, a kind or a word").fill("")
    page.get_by_label("Status").select_option(Status.CHANGED.value)
    assert sorted(row.split()[0] for row in rows(page)) == ["more", "s-changed"]
    assert page.locator("[data-filters=sites] [role=status]").inner_text() == "2 of 12 shown"


def test_sites_are_sorted_by_the_keyboard(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, page_of(every_status())).page
    button = page.locator("#sites thead button").first
    button.focus()
    page.keyboard.press("Enter")
    names = rows(page)
    assert names == sorted(names)
    assert page.locator("#sites thead th").first.get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Enter")
    assert rows(page) == names[::-1]


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("text", [page_of(hostile_run()), client_page()])
def test_a_page_is_no_wider_than_its_screen(
    browser: Browser, tmp_path: Path, text: str, width: int
) -> None:
    page = opened(browser, tmp_path, text, width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_thousand_sites_open_and_filter_at_once(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, page_of(many(1000))).page
    page.get_by_label("Find a site", exact=True).fill("site-00999")
    assert rows(page, "matrix") == ["site-00999"]


def test_a_page_prints_without_its_controls(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, page_of(every_status())).page
    page.emulate_media(media="print")
    assert not page.locator(".filters").first.is_visible()
    assert page.pdf().startswith(b"%PDF-")


@pytest.mark.parametrize("dark", ["", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("text", [page_of(every_status()), page_of(many(5)), client_page()])
def test_axe_finds_nothing(
    browser: Browser, tmp_path: Path, text: str, width: int, dark: str
) -> None:
    context = opened(browser, tmp_path, text, width, dark).page
    # Evaluated by the debugger, which no policy of the page restrains.
    context.evaluate(AXE.read_text(encoding="utf-8"))
    found = context.evaluate("axe.run().then(found => found.violations)")
    assert [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found] == []
