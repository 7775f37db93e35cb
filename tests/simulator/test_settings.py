"""Settings: every key reads back what was written, or does what its key is known for."""

from __future__ import annotations

import pytest

from fleet.simulator import SimResponse, SimSite, SiteSpec, World
from fleet.simulator.eras import ERAS as RELEASES
from fleet.simulator.settings import options_of
from tests.simulator.browser import EDITOR, Browser, administrator

ERAS = ("6.1", "8.9", "11.5", "13.9", "15.1", "16.1")
COUNTS = {"6.1": 121, "8.9": 111, "11.5": 125, "13.9": 142, "15.1": 147, "16.1": 153}
COMMANDS = {
    "post_by_email_address", "jetpack_protect_key", "custom", "sharing_delete_service", "roles",
    "search_auto_config", "jetpack_protect_global_whitelist", "jetpack_waf_ip_allow_list",
    "sharing_services", "onboarding", "wordpress_api_key", "google_analytics_tracking_id",
    "unignore_phrase", "lang_id", "count_roles", "show", "context", "subscription_options",
    "wpcom_newsletter_categories", "jetpack_subscriptions_reply_to", "jetpack_wga",
    "advanced_seo_title_formats", "jetpack_seo_ai_crawler_overrides",
}  # fmt: skip


def visit(world: World, **more: object) -> tuple[SimSite, Browser]:
    site = world.add(SiteSpec("shop", **more))  # type: ignore[arg-type] # a test's shorthand
    return site, administrator(site, world)


def code(response: SimResponse) -> object:
    data = response.json()
    return data.get("code") if isinstance(data, dict) else data


def settings(browser: Browser) -> dict[str, object]:
    data = browser.get("settings").json()
    assert isinstance(data, dict)
    return data


def declared(browser: Browser) -> dict[str, dict[str, object]]:
    data = browser.ask("GET", "/wp-json/jetpack/v4").json()
    assert isinstance(data, dict)
    for endpoint in data["routes"]["/jetpack/v4/settings"]["endpoints"]:
        if "POST" in endpoint["methods"]:
            args = endpoint["args"]
            assert isinstance(args, dict)
            return args
    raise AssertionError("settings cannot be written")


def other_value(arg: dict[str, object], present: object) -> object:
    """Return an allowed value that differs from the present one."""
    if arg["type"] == "boolean":
        return not present
    if arg["type"] == "integer":
        return 21
    choices = arg.get("enum")
    if isinstance(choices, list):
        return next(choice for choice in choices if choice != present)
    return "abc123"


@pytest.mark.parametrize("era", ERAS)
def test_every_plain_key_reads_back_what_was_written(world: World, era: str) -> None:
    _, browser = visit(world, era=era, plan="complete", modules=())
    before = settings(browser)
    args = {key: arg for key, arg in declared(browser).items() if key not in COMMANDS}
    body = {key: other_value(arg, before[key]) for key, arg in args.items()}
    body.pop("vaultpress")
    old = [key for key, value in body.items() if value is False and before[key] is True]
    answer = browser.post("settings", body)
    assert answer.status == 200, answer.text
    after = settings(browser)
    wrong = {key: after[key] for key, value in body.items() if after[key] != value}
    forgetful = era in ("6.1", "8.9", "11.5")
    assert wrong.keys() <= (set(old) if forgetful else set())


@pytest.mark.parametrize("era", ERAS)
def test_the_number_of_keys_is_that_of_the_release(world: World, era: str) -> None:
    _, browser = visit(world, era=era)
    assert len(settings(browser)) == COUNTS[era]


@pytest.mark.parametrize("era", ERAS)
def test_every_key_refuses_null_and_applies_nothing_else(world: World, era: str) -> None:
    site, browser = visit(world, era=era)
    for key, arg in declared(browser).items():
        if arg.get("type") == "boolean":
            answer = browser.post("settings", {"carousel": True} | {key: None})
            assert (answer.status, code(answer)) == (400, "rest_invalid_param"), key
    assert site.ledger == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("carousel_display_exif", "true"),
        ("carousel_background_color", "mauve"),
        ("jetpack_portfolio_posts_per_page", 0),
        ("jetpack_portfolio_posts_per_page", True),
        ("sharing_label", 5),
        ("jetpack_protect_key", "a-b"),
        ("google", "<b>"),
        ("google", 5),
        ("jetpack-twitter-cards-site-tag", "much too long a name"),
        ("show", ["nothing"]),
        ("roles", ["king"]),
        ("sharing_services", {"visible": ["x"]}),
        ("sharing_services", "x"),
        ("custom", {"sharing_name": "x"}),
        ("sharing_delete_service", "x"),
        ("subscription_options", {"unknown": 1}),
        ("jetpack_subscriptions_reply_to", "nobody"),
        ("wpcom_newsletter_categories", "1"),
        ("jetpack_wga", "x"),
        ("advanced_seo_title_formats", []),
        ("wordads_custom_adstxt", None),
    ],
)
def test_a_bad_value_is_refused_whole(world: World, key: str, value: object) -> None:
    site, browser = visit(world)
    answer = browser.post("settings", {"sitemaps": True, key: value})
    if value is None:
        assert answer.status == 200
    else:
        assert code(answer) == "rest_invalid_param"
        assert site.ledger == []


@pytest.mark.parametrize(
    ("key", "posted", "read"),
    [
        ("sharing_label", "<i>Pass & on</i>'s", "&lt;i&gt;Pass &amp; on&lt;/i&gt;&#039;s"),
        ("highlander_comment_form_prompt", " <b>Say</b>  so ", "Say so"),
        ("jetpack-twitter-cards-site-tag", "@harbour", "harbour"),
        ("google", '<meta name="v" content="c0de" />', "c0de"),
        ("wordads_custom_adstxt", "a <b>b</b>\nc ", "a b\nc"),
        ("roles", [], ["administrator"]),
        ("show", ["post", "unknown"], ["post"]),
        ("version", "7", 7),
        ("wpcom_newsletter_categories", [3, "4"], [3, 4]),
        ("wpcom_newsletter_categories", [], []),
        ("jetpack_protect_global_whitelist", "10.0.0.1\n10.0.0.2, 10.1.0.0/16",
         {"local": ["10.0.0.1", "10.0.0.2", "10.1.0.0/16"]}),
        ("jetpack_protect_global_whitelist", "no address", {"local": []}),
        ("jetpack_waf_ip_allow_list", "10.0.0.9", "10.0.0.9"),
        ("search_auto_config", True, False),
        ("carousel_display_exif", 1, True),
    ],
)  # fmt: skip
def test_values_come_back_as_the_key_keeps_them(
    world: World, key: str, posted: object, read: object
) -> None:
    _, browser = visit(world)
    assert browser.post("settings", {key: posted}).status == 200
    assert settings(browser)[key] == read


def test_texts_of_subscriptions_are_merged(world: World) -> None:
    _, browser = visit(world)
    browser.post("settings", {"subscription_options": {"welcome": "Hello"}})
    browser.post("settings", {"subscription_options": {"invitation": "Come"}})
    shown = settings(browser)["subscription_options"]
    assert isinstance(shown, dict)
    assert (shown["welcome"], shown["invitation"]) == ("Hello", "Come")


def test_sharing_services_are_lists_to_write_and_objects_to_read(world: World) -> None:
    _, browser = visit(world)
    lists = {"visible": ["mastodon"], "hidden": []}
    assert browser.post("settings", {"sharing_services": lists}).status == 200
    shown = settings(browser)["sharing_services"]
    assert isinstance(shown, dict)
    assert list(shown["visible"]) == ["mastodon"]
    assert shown["hidden"] == []
    again = browser.post("settings", {"sharing_services": lists})
    assert (again.status, code(again)) == (400, "some_updated")


def test_custom_services_pile_up_and_can_be_deleted(world: World) -> None:
    site, browser = visit(world)
    service = {"sharing_name": "a", "sharing_url": "b", "sharing_icon": "c"}
    first = browser.post("settings", {"custom": service}).json()
    browser.post("settings", {"custom": service})
    assert isinstance(first, dict)
    stored = site.options["custom"]
    assert isinstance(stored, dict)
    assert len(stored) == 2
    name = first["custom"]["id"]
    assert browser.post("settings", {"sharing_delete_service": name}).status == 200
    assert browser.post("settings", {"sharing_delete_service": name}).status == 400


def test_the_mail_address_is_a_command(world: World) -> None:
    _, browser = visit(world)
    made = browser.post("settings", {"post_by_email_address": "create"}).json()
    assert isinstance(made, dict)
    assert settings(browser)["post_by_email_address"] == made["post_by_email_address"]
    assert browser.post("settings", {"post_by_email_address": "noop"}).status == 400
    assert browser.post("settings", {"post_by_email_address": "delete"}).status == 200
    assert settings(browser)["post_by_email_address"] == ""


def test_the_protect_key_is_made_only_with_a_connection(world: World) -> None:
    _, browser = visit(world)
    assert browser.post("settings", {"jetpack_protect_key": "create"}).status == 200
    assert browser.post("settings", {"jetpack_protect_key": "abc"}).status == 400


@pytest.mark.parametrize(("connection", "status"), [("connected", 200), ("unconnected", 500)])
def test_notifications_of_the_monitor_need_wordpress_com(
    world: World, connection: str, status: int
) -> None:
    _, browser = visit(world, connection=connection)
    body = {"monitor_receive_notifications": True, "wpl_default": "off"}
    answer = browser.post("settings", body)
    assert answer.status == status
    assert settings(browser)["wpl_default"] == ("off" if status == 200 else "on")


def test_the_akismet_key_needs_akismet(world: World) -> None:
    site, browser = visit(world)
    refused = browser.post("settings", {"wordpress_api_key": "abc123"})
    assert "wordpress_api_key: Akismet" in refused.text
    site.state.plugins["akismet/akismet.php"] = True
    assert browser.post("settings", {"wordpress_api_key": "abc123"}).status == 200
    assert browser.post("settings", {"wordpress_api_key": ""}).status == 200
    assert settings(browser)["wordpress_api_key"] == ""


def test_a_key_whose_module_is_gone_always_fails(world: World) -> None:
    _, browser = visit(world)
    answer = browser.post("settings", {"google_analytics_tracking_id": "UA1"})
    assert code(answer) == "some_updated"
    assert "google_analytics_tracking_id" not in settings(browser)


@pytest.mark.parametrize(("value", "bare"), [("en_US", False), ("", False)])
def test_the_language_ends_a_request_early_with_a_bare_value(
    world: World, value: str, bare: bool
) -> None:
    _, browser = visit(world)
    answer = browser.post("settings", {"lang_id": value, "wpl_default": "off"})
    assert answer.json() is bare
    assert settings(browser)["wpl_default"] == "on"
    assert browser.post("settings", {"lang_id": "de_DE"}).status == 200
    assert browser.post("settings", {"lang_id": value}).json() is True


def test_unknown_keys_are_named_and_the_rest_is_applied(world: World) -> None:
    site, browser = visit(world, modules=())
    answer = browser.post("settings", {"a": 1, "b": 2, "sitemaps": True, "wpl_default": "off"})
    assert (answer.status, code(answer)) == (400, "some_updated")
    assert "a, b" in answer.text
    changed = {key for key, _, _ in site.ledger[0].changes}
    assert changed == {"modules.sitemaps", "settings.wpl_default"}


@pytest.mark.parametrize(("era", "stored"), [("11.5", True), ("16.1", False)])
def test_old_releases_forget_an_unsaved_false(world: World, era: str, stored: bool) -> None:
    _, browser = visit(world, era=era)
    assert browser.post("settings", {"infinite_scroll": False}).status == 200
    assert settings(browser)["infinite_scroll"] is stored
    browser.post("settings", {"stb_enabled": False, "show_headline": False})
    assert settings(browser)["stb_enabled"] is False
    assert settings(browser)["show_headline"] is False


def test_options_of_one_module_know_only_their_own_keys(world: World) -> None:
    _, browser = visit(world, modules=("carousel",))
    good = {"carousel_display_exif": True}
    assert browser.post("settings/carousel", good).status == 200
    assert browser.post("module/carousel", {"wpl_default": "off"}).status == 400
    assert browser.post("settings/likes", {"wpl_default": "off"}).status == 409
    assert browser.post("settings/carousel", {"carousel_display_exif": "false"}).status == 200
    assert settings(browser)["carousel_display_exif"] is False


def test_the_oldest_release_knows_one_setting(world: World) -> None:
    _, browser = visit(world, era="4.3")
    snow = {"jetpack_holiday_snow_enabled": True}
    assert browser.post("settings", snow).status == 200
    assert code(browser.post("settings", snow)) == "setting_not_updated"
    assert settings(browser) == snow


def test_php_dies_over_the_allow_list_of_an_inactive_protect_in_6_1(world: World) -> None:
    _, browser = visit(world, era="6.1", modules=())
    body = {"jetpack_protect_global_whitelist": "10.0.0.1"}
    answer = browser.post("settings", body)
    assert (answer.status, answer.body) == (500, b"")
    browser.post("module/protect/active", {"active": True})
    assert browser.post("settings", body).status == 200


def test_some_keys_of_a_body_are_no_settings(world: World) -> None:
    _, browser = visit(world)
    assert browser.post("settings", {"slug": "x", "context": "edit", "0": 1}).status == 200


@pytest.mark.parametrize(
    ("body", "read"),
    [({"version": "ten"}, 0), ({"version": "12"}, 12), ({"version": -3}, -3)],
    ids=["no number", "number", "negative"],
)
def test_the_route_of_one_module_only_casts(
    world: World, body: dict[str, object], read: int
) -> None:
    _, browser = visit(world, modules=("stats",))
    assert browser.post("settings/stats", body).status == 200
    assert settings(browser)["version"] == read


def test_a_text_becomes_a_list_where_nothing_checks_it(world: World) -> None:
    _, browser = visit(world, modules=("sharedaddy",))
    assert browser.post("settings/sharedaddy", {"show": "post, index"}).status == 200
    assert settings(browser)["show"] == ["post", "index"]


def test_objects_of_the_wrong_shape_fail_where_nothing_checks_them(world: World) -> None:
    _, browser = visit(world, modules=("subscriptions", "sharedaddy"))
    assert browser.post("settings/subscriptions", {"subscription_options": "x"}).status == 400
    browser.post("settings/sharedaddy", {"sharing_services": "x"})
    assert settings(browser)["sharing_services"] == []


def test_the_allow_list_of_11_5_stands_alone(world: World) -> None:
    _, browser = visit(world, era="11.5")
    assert browser.post("settings", {"jetpack_waf_ip_allow_list": "10.0.0.1"}).status == 200
    shown = settings(browser)
    assert shown["jetpack_waf_ip_allow_list"] == "10.0.0.1"
    assert shown["jetpack_protect_global_whitelist"] == {"local": []}


@pytest.mark.parametrize(("era", "hidden"), [("15.1", False), ("16.1", True)])
def test_editors_do_not_see_address_lists_any_more(world: World, era: str, hidden: bool) -> None:
    world.add(SiteSpec("shop", era=era))
    browser = Browser(world, "shop")
    browser.log_in(EDITOR)
    assert ("jetpack_protect_global_whitelist" not in settings(browser)) == hidden


def test_secrets_and_commands_are_marked() -> None:
    options = options_of(RELEASES["16.1"])
    assert "secret" in options["wordpress_api_key"].traits
    assert "command" in options["jetpack_protect_key"].traits
    assert options["carousel_display_exif"].traits == frozenset()


@pytest.mark.parametrize("era", ["4.4", "4.5"])
def test_4_4_takes_settings_that_it_does_not_tell(world: World, era: str) -> None:
    site, browser = visit(world, era=era, modules=("carousel", "likes"))
    assert settings(browser) == {"jetpack_holiday_snow_enabled": False}
    assert browser.post("settings", {"likes": False, "carousel_display_exif": True}).status == 200
    assert (site.state.modules, site.options) == ({"carousel"}, {"carousel_display_exif": True})
    for body in ({"likes": False}, {"infinite_scroll": False}):
        assert code(browser.post("settings", body)) == "some_updated"
    nonce = {"X-WP-Nonce": browser.nonce}
    empty = browser.ask("POST", "/wp-json/jetpack/v4/settings", b"", nonce)
    assert code(empty) == "missing_options"
