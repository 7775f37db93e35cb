"""Modules: what can be switched where, what the answers say, what the ledger keeps."""

from __future__ import annotations

import pytest

from fleet.simulator import SimSite, SiteSpec, World
from tests.simulator.browser import Browser, administrator


def entry(browser: Browser, slug: str) -> dict[str, object]:
    data = browser.get(f"module/all?_fields={slug}").json()
    assert isinstance(data, dict)
    found = data[slug]
    assert isinstance(found, dict)
    return found


def visit(world: World, **more: object) -> tuple[SimSite, Browser]:
    site = world.add(SiteSpec("shop", **more))  # type: ignore[arg-type] # a test's shorthand
    return site, administrator(site, world)


def test_a_connected_site_switches_modules_and_keeps_a_ledger(world: World) -> None:
    site, browser = visit(world, modules=())
    assert browser.post("module/monitor/active", {"active": True}).status == 200
    assert browser.post("module/monitor/active", {"active": True}).status == 200
    assert site.active_modules == {"monitor"}
    assert [applied.changes for applied in site.ledger] == [(("modules.monitor", False, True),)]
    assert site.ledger[0].user == "fleet-bot"
    assert browser.post("module/monitor/active", {"active": False}).status == 200
    assert site.active_modules == set()


def test_a_fresh_site_has_the_modules_that_start_by_themselves(world: World) -> None:
    site, _ = visit(world)
    assert {"protect", "stats", "notes"} <= site.active_modules
    assert "sitemaps" not in site.active_modules


@pytest.mark.parametrize(
    ("plan", "slug", "code"),
    [
        ("free", "search", "not_supported"),
        ("security", "wordads", "success"),
        ("complete", "search", "success"),
        ("complete", "vaultpress", "success"),
    ],
)
def test_the_plan_decides_what_may_be_switched_on(
    world: World, plan: str, slug: str, code: str
) -> None:
    site, browser = visit(world, plan=plan, modules=())
    data = browser.post(f"module/{slug}/active", {"active": True}).json()
    assert isinstance(data, dict)
    assert data["code"] == code
    works = code == "success" and slug != "vaultpress"
    assert (slug in site.active_modules) == works


def test_bulk_and_settings_refuse_what_the_plan_lacks_in_their_own_way(world: World) -> None:
    site, browser = visit(world, modules=())
    bulk = browser.post("module/all/active", {"modules": ["sitemaps", "search"]})
    assert bulk.status == 424
    settings = browser.post("settings", {"carousel": True, "search": True})
    assert settings.status == 400
    assert site.active_modules == {"sitemaps", "carousel"}
    assert entry(browser, "search")["unavailable_reason"] == "Not in the plan"


@pytest.mark.parametrize(("forced", "word"), [(True, "active"), (False, "inactive")])
def test_forced_modules_only_claim_to_change(world: World, forced: bool, word: str) -> None:
    site, browser = visit(world, modules=(), forced={"monitor": forced})
    answer = browser.post("module/monitor/active", {"active": not forced})
    assert answer.status == (400 if forced else 200)
    assert ("monitor" in site.active_modules) == forced
    assert entry(browser, "monitor")["override"] == word
    assert entry(browser, "monitor")["activated"] is forced


def test_a_module_forced_on_makes_settings_complain(world: World) -> None:
    _, browser = visit(world, modules=(), forced={"monitor": True})
    assert browser.post("settings", {"monitor": False}).status == 400


def test_without_a_connection_nothing_seems_active(world: World) -> None:
    site, browser = visit(world, connection="unconnected", modules=("sitemaps",))
    assert entry(browser, "sitemaps")["activated"] is False
    assert browser.get("settings?_fields=sitemaps").json() == {"sitemaps": True}
    assert browser.post("module/latex/active", {"active": True}).status == 424
    assert browser.post("module/sitemaps/active", {"active": True}).status == 200
    assert site.active_modules == {"sitemaps"}


def test_switching_has_side_effects_on_options(world: World) -> None:
    site, browser = visit(world, modules=())
    browser.post("module/markdown/active", {"active": True})
    browser.post("module/gravatar-hovercards/active", {"active": True})
    assert site.options["wpcom_publish_posts_with_markdown"] is True
    key = "gravatar_disable_hovercards"
    seen = [site.options[key]]
    browser.post("module/gravatar-hovercards/active", {"active": False})
    assert [*seen, site.options[key]] == ["enabled", "disabled"]


def test_the_old_bulk_route_never_works_but_singles_do(world: World) -> None:
    site, browser = visit(world, era="4.3", modules=())
    assert browser.post("module/all/active", {"modules": ["latex"]}).status == 404
    assert browser.post("module/latex/active").status == 200
    assert site.active_modules == {"latex"}


def test_old_enumerations_refuse_even_their_own_values(world: World) -> None:
    _, browser = visit(world, era="4.3", modules=("carousel", "markdown"))
    colour = browser.post("module/carousel", {"carousel_background_color": "white"})
    assert colour.status == 400
    plain = browser.post("module/markdown", {"wpcom_publish_comments_with_markdown": True})
    assert plain.status == 200
    assert browser.post("module/markdown").status == 404


@pytest.mark.parametrize("era", ["4.3", "6.1", "8.9", "11.5", "13.9", "15.1", "16.1"])
def test_every_release_lists_its_modules_about_as_long_as_real_ones(world: World, era: str) -> None:
    _, browser = visit(world, era=era)
    answer = browser.get("module/all")
    data = answer.json()
    assert isinstance(data, dict)
    number = {"4.3": 37, "6.1": 43, "8.9": 42, "11.5": 46, "13.9": 42, "15.1": 43, "16.1": 46}
    assert len(data) == number[era]
    assert 40_000 < len(answer.body) < 90_000


@pytest.mark.parametrize(
    ("era", "present", "absent"),
    [
        ("4.3", {"jumpstart_desc"}, {"override", "plan_classes", "unavailable_reason", "disabled"}),
        ("8.9", {"override", "plan_classes"}, {"jumpstart_desc", "unavailable_reason"}),
        (
            "16.1",
            {"disabled", "unavailable_reason", "requires_user_connection"},
            {"jumpstart_desc"},
        ),
    ],
)
def test_entries_have_the_keys_of_their_release(
    world: World, era: str, present: set[str], absent: set[str]
) -> None:
    _, browser = visit(world, era=era)
    keys = entry(browser, "latex").keys()
    assert present <= keys
    assert not absent & keys
    assert entry(browser, "latex")["options"] == []


def test_jumpstart_switches_on_what_is_tagged_for_it(world: World) -> None:
    site, browser = visit(world, era="6.1", modules=())
    assert browser.get("jumpstart").json() == {"status": "new_connection"}
    assert browser.post("jumpstart", {"active": True}).status == 200
    assert {"carousel", "sso", "contact-form"} <= site.active_modules
    assert browser.get("jumpstart").json() == {"status": "jumpstart_activated"}
    assert browser.post("jumpstart", {"active": False}).status == 200


def test_jumpstart_fails_where_modules_need_a_connection(world: World) -> None:
    _, browser = visit(world, era="6.1", modules=(), connection="offline")
    assert browser.post("jumpstart", {"active": True}).status == 400


@pytest.mark.parametrize("era", ["4.3", "4.4", "4.5", "6.1"])
@pytest.mark.parametrize("connection", ["connected", "offline", "unconnected"])
def test_switching_off_looks_at_what_is_stored_alone(
    world: World, era: str, connection: str
) -> None:
    """What is in effect is hidden without WordPress.com; what is stored goes off once."""
    site, browser = visit(world, era=era, connection=connection, modules=("latex", "likes"))
    listed = browser.get("module/all").json()
    assert isinstance(listed, dict)
    assert listed["likes"]["activated"] is (connection == "connected")
    assert listed["latex"]["activated"] is (connection != "unconnected")
    answers = [browser.post("module/likes/active", {"active": False}) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 409]
    assert site.state.modules == {"latex"}
