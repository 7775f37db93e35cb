"""Faults: where and how often they strike, and what a client sees of each."""

from __future__ import annotations

import gzip

import pytest

from fleet.simulator import Fault, SimRequest, SimSite, SiteSpec, World
from fleet.simulator.faults import KINDS
from tests.simulator.browser import Browser, administrator

READ = "module/all"


def visit(world: World, fault: Fault, era: str = "16.1") -> tuple[SimSite, Browser]:
    """Return a site whose fault starts after the login."""
    site = world.add(SiteSpec("shop", era=era, modules=()))
    browser = administrator(site, world)
    site.faults.add(fault)
    return site, browser


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="no fault is called 'rain'"):
        Fault("rain")


HTML = "text/html; charset=UTF-8"
JSON = "application/json; charset=UTF-8"
ASKED = "/shop/wp-json/jetpack/v4/module/all"


@pytest.mark.parametrize(
    ("kind", "status", "header", "text"),
    [
        ("server_error", 500, ("Content-Type", "text/html"), "500"),
        ("bad_gateway", 502, ("Content-Type", "text/html"), "502"),
        ("unavailable", 503, ("Content-Type", "text/html"), "503"),
        ("maintenance", 503, ("Retry-After", "600"), "unavailable"),
        ("rate_limit", 429, ("Retry-After", "1"), "Too many"),
        ("html", 200, ("Content-Type", HTML), "Coming soon"),
        ("redirect_origin", 301, ("Location", f"http://elsewhere.example{ASKED}"), ""),
        ("redirect_https", 301, ("Location", f"https://127.0.0.1:8080{ASKED}"), ""),
        ("redirect_loop", 302, ("Location", f"http://127.0.0.1:8080{ASKED}"), ""),
        ("waf", 403, ("cf-mitigated", "challenge"), "Just a moment"),
        ("no_rest", 404, ("Content-Type", "text/html"), "404"),
    ],
)
def test_answers_that_replace_the_sites_own(
    world: World, kind: str, status: int, header: tuple[str, str], text: str
) -> None:
    site, browser = visit(world, Fault(kind))
    answer = browser.get(READ)
    assert answer.status == status
    assert answer.header(header[0]) == header[1]
    assert text in answer.text
    site.faults.clear()
    assert browser.get(READ).status == 200


def test_maintenance_speaks_json_when_asked_to(world: World) -> None:
    _, browser = visit(world, Fault("maintenance", value=30))
    answer = browser.ask("GET", "/", headers={"Accept": "application/json"})
    assert (answer.status, answer.header("Retry-After")) == (503, "30")
    assert answer.json()["code"] == "wp_die"  # type: ignore[index]


def test_restricted_rest_is_open_to_users_only(world: World) -> None:
    _, browser = visit(world, Fault("rest_restricted"))
    assert browser.get(READ).status == 200
    stranger = Browser(world, "shop").ask("GET", "/wp-json/")
    assert (stranger.status, stranger.header("Content-Type")) == (401, JSON)
    assert stranger.json()["code"] == "rest_login_required"  # type: ignore[index]


def test_missing_rest_spares_the_other_pages(world: World) -> None:
    _, browser = visit(world, Fault("no_rest"))
    assert browser.ask("GET", "/?rest_route=/").status == 404
    assert browser.ask("GET", "/").header("Link") is None
    assert browser.ask("GET", "/wp-login.php").status == 200


@pytest.mark.parametrize("kind", ["expire_nonce", "expire_session"])
def test_nonces_and_sessions_run_out_after_some_requests(world: World, kind: str) -> None:
    _, browser = visit(world, Fault(kind, after=2, times=1))
    assert [browser.get("settings").status for _ in range(4)] == [200, 200, 403, 403]
    ajax = browser.ask("GET", "/wp-admin/admin-ajax.php?action=rest-nonce")
    assert ajax.status == (200 if kind == "expire_nonce" else 400)


def test_faults_strike_where_when_and_how_they_are_told(world: World) -> None:
    fault = Fault("server_error", where="/jetpack/v4/module/*", methods=("POST",), times=1)
    _, browser = visit(world, fault)
    assert browser.get("module/all").status == 200
    assert browser.post("settings", {}).status == 200
    assert browser.post("module/latex/active", {}).status == 500
    assert browser.post("module/latex/active", {}).status == 200


def test_chances_are_the_same_for_the_same_seed() -> None:
    runs = []
    for _ in range(2):
        world = World(seed=3)
        world.add(SiteSpec("shop", faults=(Fault("server_error", chance=0.5),)))
        browser = Browser(world, "shop")
        runs.append([browser.get("connection").status for _ in range(30)])
    assert runs[0] == runs[1]
    assert {200, 500} == set(runs[0])


@pytest.mark.parametrize(("kind", "applied"), [("reset_before", False), ("reset_after", True)])
def test_a_lost_connection_may_hide_an_applied_write(
    world: World, kind: str, applied: bool
) -> None:
    site, browser = visit(world, Fault(kind, times=1))
    answer = browser.post("module/latex/active", {"active": True})
    assert answer.drop
    assert site.requests[-1].status == 0
    assert ("latex" in site.active_modules) == applied
    assert bool(site.ledger) == applied


@pytest.mark.parametrize(
    ("kind", "status", "applied"),
    [("lie_unchanged", 200, False), ("lie_applied", 400, True)],
)
def test_answers_may_lie_about_a_write(world: World, kind: str, status: int, applied: bool) -> None:
    site, browser = visit(world, Fault(kind))
    assert browser.post("settings", {"latex": True}).status == status
    assert ("latex" in site.active_modules) == applied
    assert bool(site.ledger) == applied
    assert browser.get("settings").status == 200
    assert browser.post("settings", {}).status == status


def test_a_write_may_be_taken_back_later(world: World) -> None:
    site, browser = visit(world, Fault("revert", value=2))
    assert browser.post("settings", {"latex": True}).status == 200
    assert browser.post("settings", {}).status == 200
    assert site.active_modules == {"latex"}
    browser.get("settings")
    assert site.active_modules == set()
    assert site.pending_reverts == []


def test_bodies_may_be_spoilt(world: World) -> None:
    site, browser = visit(world, Fault("php_notice"))
    whole = browser.get("connection")
    assert whole.text.startswith("<br />")
    site.faults.clear()
    site.faults.add(Fault("bom"))
    assert browser.get("connection").body.startswith(b"\xef\xbb\xbf{")
    site.faults.add(Fault("truncated_json"))
    with pytest.raises(ValueError, match=r"."):
        browser.get("connection").json()


def test_the_network_may_be_slow_or_give_up(world: World) -> None:
    site, browser = visit(world, Fault("slow", value=2.5))
    assert browser.get("connection").delay == 2.5
    site.faults.add(Fault("drip", value=0.1))
    site.faults.add(Fault("truncate", value=10))
    site.faults.add(Fault("long_header"))
    answer = browser.get("connection")
    assert (answer.drip, answer.cut) == (0.1, 10)
    assert len(answer.header("X-Policy") or "") == 9000


def test_bodies_may_be_far_too_big(world: World) -> None:
    site, browser = visit(world, Fault("oversized", value=5000))
    assert len(browser.get("connection").body) == 5000
    site.faults.clear()
    site.faults.add(Fault("gzip_bomb", value=1_000_000))
    answer = browser.get("connection")
    assert answer.header("Content-Encoding") == "gzip"
    assert len(answer.body) < 5000
    assert len(gzip.decompress(answer.body)) == 1_000_000
    assert browser.get("connection").body is answer.body


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_can_strike(world: World, kind: str) -> None:
    value = 1000 if kind in ("oversized", "gzip_bomb") else 0
    world.add(SiteSpec("shop", faults=(Fault(kind, where="*", value=value),)))
    browser = Browser(world, "shop")
    answers = [browser.log_in(), browser.get("settings"), browser.post("settings", {})]
    clean = World()
    clean.add(SiteSpec("shop"))
    browser = Browser(clean, "shop")
    usual = [browser.log_in(), browser.get("settings"), browser.post("settings", {})]
    assert [(a.status, a.body, a.headers, a.delay, a.drip, a.cut) for a in answers] != [
        (a.status, a.body, a.headers, a.delay, a.drip, a.cut) for a in usual
    ]


def test_a_request_for_no_site_is_a_404(world: World) -> None:
    world.add(SiteSpec("shop"))
    assert world.handle(SimRequest("GET", "/")).status == 404
    moved = world.handle(SimRequest("GET", "/shop", headers=(("Host", "a.example"),)))
    assert moved.header("Location") == "http://a.example/shop/"


def test_sites_have_names_of_their_own_and_known_releases(world: World) -> None:
    world.add(SiteSpec("shop"))
    assert [site.spec.name for site in world] == ["shop"]
    with pytest.raises(ValueError, match="already"):
        world.add(SiteSpec("shop"))
    with pytest.raises(ValueError, match=r"'9\.9'"):
        world.add(SiteSpec("other", era="9.9"))
    with pytest.raises(KeyError):
        world.site("other")
