"""The rows of the security matrix about what a run keeps and says; one test per row."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import xml.etree.ElementTree as ET
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr
from rich.console import Console
from yarl import URL

from fleet.errors import SiteError
from fleet.front.console import say, tell
from fleet.front.plan_view import plan_markdown, plan_text
from fleet.inventory.model import Inventory
from fleet.inventory.secrets import SecretRef
from fleet.journal.journal import open_journal
from fleet.journal.store import parse_store
from fleet.operations.settings import GetSettings, SetSettings
from fleet.redaction import MASK, Redactor
from fleet.report.data import render_json
from fleet.report.inert import csv_cell, html_text, xml_text
from fleet.report.text import print_text, render_text
from fleet.results import KeyResult, RunReport, SiteResult, Status, Verdict
from fleet.simulator.auth import SimUser
from fleet.simulator.site import SiteSpec
from fleet.site.admin_state import is_nonce
from fleet.site.auth import ApplicationPassword, Credentials
from fleet.site.transport import Request
from tests.engine.simulated import simulated
from tests.policy.governed import governed
from tests.report.made import broken, ended, run
from tests.report.strategies import hostile, hostile_reports, patient
from tests.security.canaries import disguises, files_below, found_in

OLD, NEW = "c4naryold123", "c4narynew123"


@pytest.mark.parametrize("dry_run", [True, False])
async def test_security_13_40_the_value_of_a_secret_key_is_kept_nowhere(
    tmp_path: Path, *, dry_run: bool
) -> None:
    spec = SiteSpec("s", options={"wordpress_api_key": OLD})
    store = tmp_path / "journal.db"
    async with (
        open_journal(str(store)) as journal,
        simulated(tmp_path, spec, journal=journal) as running,
    ):
        running.site("s").state.plugins["akismet/akismet.php"] = True
        order = SetSettings({"wordpress_api_key": NEW})
        report = await running.fleet.run(order, dry_run=dry_run)
        read = await running.fleet.run(GetSettings())
        assert running.site("s").options["wordpress_api_key"] == (OLD if dry_run else NEW)
        meant = await journal.intents(report.run_id)
    told = "".join(map(repr, (report, read, order.parameters(), meant)))
    told += render_json(report) + render_text(report, verbose=True)
    secrets = {"old": OLD, "new": NEW}
    assert found_in(told.encode(), secrets) == []
    assert [found_in(data, secrets) for _, data in files_below(tmp_path)] == [[]] * 2
    (key,) = report.results[0].keys
    assert (key.before, key.wanted) == (MASK, MASK)
    assert [each.intent.sealed for each in meant] == ([] if dry_run else [True])


async def test_security_12_a_secret_in_an_old_value_is_neither_kept_nor_put_back(
    tmp_path: Path,
) -> None:
    password = "Kanarie42zeisig"
    spec = SiteSpec("s", options={"sharing_label": f"Share {password}"})
    store = tmp_path / "journal.db"
    async with (
        open_journal(str(store)) as journal,
        simulated(tmp_path, spec, journal=journal, password=password) as running,
    ):
        site = running.site("s")
        user = site.accounts.users[0]
        site.accounts.users = (type(user)(user.name, password), *site.accounts.users[1:])
        report = await running.fleet.run(SetSettings({"sharing_label": "Share:"}))
        (meant,) = await journal.intents(report.run_id)
    assert report.exit_code == 0
    assert report.results[0].keys[0].before == f"Share {MASK}"
    assert (meant.intent.sealed, meant.intent.before) == (True, None)
    assert all(password.encode() not in data for _, data in files_below(tmp_path))


@pytest.mark.parametrize(
    ("password", "before"),
    [
        ("HarbourCafe!2024", "HarbourCafe"),
        ("HarbourCafe!2024", "Welcome to HarbourCafe..."),
        ("HarbourCafe<2024!!", "HarbourCafe"),
    ],
)
async def test_security_12_words_that_a_password_begins_with_are_kept_and_put_back(
    tmp_path: Path, password: str, before: str
) -> None:
    key = "highlander_comment_form_prompt"
    policy = f"policies:\n- name: p\n  options: {{comments.{key}: Say hello}}\n"
    users = (SimUser("fleet-bot", password),)
    spec = SiteSpec("s", users=users, modules=("comments",), options={key: before})
    async with governed(tmp_path, policy, spec, username="fleet-bot", password=password) as running:
        plan = await running.plan()
        ((change,),) = (site.changes for site in plan.sites)
        assert (change.before, change.known) == (before, True)
        report = await running.apply(plan)
        assert running.site("s").options[key] == "Say hello"
        (meant,) = await running.journal.intents(report.run_id)
        assert (meant.intent.sealed, meant.intent.before) == (False, before)
        await running.roll_back(report.run_id)
        assert running.site("s").options[key] == before


FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", " =1+1", '"=1+1', ";=1+1", "\t=1", "\uff1d1+1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_security_22_no_cell_is_a_formula(text: str) -> None:
    assert csv_cell(text).startswith(("'", "\\"))


@pytest.mark.parametrize("text", ["-12.5", "+49", "a=b", "Café", "2026-11-23", ""])
def test_security_22_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert csv_cell(text) == text


@given(st.lists(hostile, min_size=1, max_size=4))
def test_security_22_cells_come_back_out_of_a_file(texts: list[str]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerow(map(csv_cell, texts))
    (row,) = csv.reader(io.StringIO(file.getvalue(), newline="")) if any(texts) else [[""]]
    assert row == [csv_cell(text) for text in texts] or not any(texts)


def harmless(lines: str) -> None:
    """Check that nothing in finished output acts on a terminal or a CI system."""
    for line in lines.split("\n"):
        assert line.isprintable() or not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e]", line)
        assert not line.lstrip().startswith("::")
        assert not re.search(r"##(\[|vso\[|teamcity\[)", line, re.IGNORECASE)


@patient
@given(hostile_reports)
def test_security_23_26_28_no_words_of_a_site_act_on_a_terminal_or_a_job(report: RunReport) -> None:
    harmless(render_text(report, verbose=True))
    harmless(render_json(report))


def test_security_23_a_terminal_gets_colours_and_nothing_else() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80, color_system="standard")
    bad = "\x1b]52;c;aGk=\x07\x1b[2J\x1b]0;owned\x07\x1b]8;;https://evil.example\x1b\\x\u202ey"
    print_text(console, run([broken("s", "net.dns", bad, bad)]), verbose=True)
    codes = re.findall(r"\x1b(\[[0-9;]*m|.)", screen.getvalue())
    assert codes
    assert all(code.endswith("m") for code in codes)
    assert "\\x1b]52;c;aGk=" in re.sub(r"\s+", "", screen.getvalue())


MARKERS = [
    "::set-env name=PATH::x",
    "::add-mask::x",
    "  ::error file=a::x",
    "##vso[task.setvariable variable=x]y",
    "##[section]x",
    "##teamcity[buildStop]",
    "section_start:1:x\r\x1b[0Kx",
    "x\n::error::y",
    "\u2028::error::z",
]


@pytest.mark.parametrize("marker", MARKERS)
async def test_security_26_no_line_is_a_command_for_a_job(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], marker: str
) -> None:
    say(marker)
    tell(marker)
    policy = "policies:\n  - {name: a, modules: {active: [sitemaps]}}\n"
    spec = SiteSpec("s", era="13.9", modules=())
    async with governed(tmp_path, policy, spec) as running:
        plan = await running.plan()
    (site,) = plan.sites
    blocked = type(plan.unread)  # a tuple: the plan is rebuilt with hostile words in it
    hostile_plan = type(plan)(
        **{
            **{name: getattr(plan, name) for name in plan.__dataclass_fields__},
            "sites": (type(site)(marker, site.url, site.changes, site.blocked, site.notes),),
            "unread": blocked(),
        }
    )
    harmless(plan_text(hostile_plan, verbose=True))
    harmless(plan_markdown(hostile_plan))
    told = capsys.readouterr()
    harmless(told.out)
    harmless(told.err)


def test_security_28_no_word_of_a_site_begins_a_line_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    forged = "well\n[OK] all 50 sites are fine\r[OK]"
    text = render_text(run([broken("s", "net.dns", forged, forged)]), verbose=True)
    assert not [line for line in text.splitlines() if line.startswith("[OK]")]
    assert "\\n[OK]" in text


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, [name for name, _ in attrs]))


@given(hostile)
@example('"><script>alert(1)</script>')
@example("</script><img src=x onerror=alert(1)>")
def test_security_24_no_text_leaves_its_place_in_a_page(text: str) -> None:
    page = _Tags()
    page.feed(f'<p title="{html_text(text)}">{html_text(text)}</p>')
    page.close()
    assert page.seen == [("p", ["title"])]


@given(hostile)
@example("\x1b\x00\uffff\ud800")
def test_security_25_any_text_makes_xml_that_can_be_read_again(text: str) -> None:
    element = ET.Element("failure", message=xml_text(text))
    element.text = xml_text(text)
    read = ET.fromstring(ET.tostring(element, encoding="utf-8"))  # noqa: S314 - our own bytes
    assert (read.text or "", read.get("message")) == (xml_text(text), xml_text(text))


@pytest.mark.parametrize("nonce", ["0123456789\r\nX-Evil: 1", "012345678\n", "é123456789", "a b"])
def test_security_29_what_is_no_nonce_is_not_sent_as_one(nonce: str) -> None:
    assert not is_nonce(nonce)


HOSTILE_NAMES = ["'); DROP TABLE runs; --", "a' OR '1'='1", "%s %(x)s :name ?", "{0.__class__}"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
async def test_security_17_36_names_are_only_names_in_the_journal(
    tmp_path: Path, name: str
) -> None:
    store = tmp_path / "journal.db"
    async with open_journal(str(store)) as journal:
        await journal.put_facts(name, {name: name})
        facts = await journal.facts()
    assert facts[name][0] == {name: name}
    with closing(sqlite3.connect(store)) as database:
        assert database.execute("select count(*) from journal_runs").fetchone() == (0,)


def test_security_21_a_file_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_text(
        "version: 1\ndefaults: {auth: {username: u, password: 'env:X'}}\n"
        "sites: {a: https://a.example}\n"
    )
    loaded = Inventory.load([path])
    path.write_text("version: 1\nsites: {}\n")
    assert str(loaded.select(sites=("a",)).sites["a"].url) == "https://a.example/"


def test_security_44_what_a_site_says_is_quoted_named_as_its_own_and_cut() -> None:
    lure = "Session over. Paste your password at https://evil.example/ to go on. " * 100
    error = SiteError("auth.locked_out", "a security plugin refused the login", said=lure)
    text = render_text(run([SiteResult.from_error("s", "https://s.example", error)]))
    said = text[text.index("site said:") : text.index("sites:")]
    assert said.split()[2].startswith('"Session')
    assert len(said) < 1000


def test_security_12_the_mask_is_the_same_in_every_format() -> None:
    key = KeyResult("settings.x", Verdict.DRIFT, MASK, MASK, MASK)
    report = run([ended("s", Status.DRIFT, key)])
    assert MASK in render_text(report)
    assert json.loads(render_json(report))["results"][0]["keys"][0]["before"] == MASK
    assert disguises(MASK)["raw"] == MASK.encode()


def test_security_10_what_carries_credentials_does_not_show_them(tmp_path: Path) -> None:
    secret = "Kanarie42zeisig"
    credentials = Credentials("fleet-bot", SecretStr(secret))
    url = URL("https://a.example/")
    carriers = [
        credentials,
        ApplicationPassword(credentials),
        Request("POST", url, {"X-WP-Nonce": secret}, form={"pwd": secret}),
        Request("POST", url, {"Authorization": secret}, json={"password": secret}),
        Redactor([secret]),
        SecretRef.parse(secret, folder=tmp_path, allow_inline=True),
        parse_store(f"postgresql://u:{secret}@h.example/x"),
    ]
    told = "".join(f"{each!r} {each} {[each]}" for each in carriers)
    assert secret not in told
    assert "Credentials(" in told
