"""The contract plugin: what Jetpack's routes answer, served by a real WordPress."""

from __future__ import annotations

import json
import re
import urllib.parse

import pytest

from tests.wordpress.site import EDITOR, WordPressSite
from tests.wordpress.stack import WordPressStack
from tests.wordpress.visitor import Visitor, signed_in, visiting

_STARTING = ["blocks", "contact-form", "verification-tools"]


@pytest.fixture
def site(wordpress: WordPressStack) -> WordPressSite:
    return wordpress.pretty


async def _module(visitor: Visitor, slug: str) -> dict[str, object]:
    answer = await visitor.get("/module/all")
    assert isinstance(answer.data, dict)
    module = answer.data[slug]
    assert isinstance(module, dict)
    return module


async def _setting(visitor: Visitor, key: str) -> object:
    answer = await visitor.get("/settings")
    assert isinstance(answer.data, dict)
    return answer.data[key]


async def test_capabilities_document_lists_keys_and_types(site: WordPressSite) -> None:
    async with visiting(site) as visitor:
        answer = await visitor.get("")

    assert isinstance(answer.data, dict)
    routes = answer.data["routes"]
    arguments = routes["/jetpack/v4/settings"]["endpoints"][0]["args"]
    assert arguments["sitemaps"]["type"] == "boolean"
    assert arguments["carousel_background_color"]["enum"] == ["black", "white"]
    assert "/jetpack/v4/module/(?P<slug>[a-z\\-]+)/active" in routes


async def test_connection_is_public_and_says_offline(site: WordPressSite) -> None:
    async with visiting(site) as visitor:
        answer = await visitor.get("/connection")

    assert isinstance(answer.data, dict)
    assert answer.data["isRegistered"] is False
    assert answer.data["offlineMode"]["isActive"] is True


async def test_module_list_has_state_and_options_of_each(site: WordPressSite) -> None:
    async with signed_in(site) as visitor:
        answer = await visitor.get("/module/all")
        sitemaps = await _module(visitor, "sitemaps")
        monitor = await _module(visitor, "monitor")
        carousel = await _module(visitor, "carousel")

    assert isinstance(answer.data, dict)
    assert len(answer.data) == 42
    assert (sitemaps["activated"], sitemaps["available"], sitemaps["options"]) == (False, True, [])
    assert (monitor["available"], monitor["unavailable_reason"]) == (False, "Offline mode")
    assert isinstance(carousel["options"], dict)
    assert carousel["options"]["carousel_display_comments"]["current_value"] is True


async def test_fields_narrow_the_module_list(site: WordPressSite) -> None:
    async with signed_in(site) as visitor:
        answer = await visitor.get("/module/all?_fields=blocks.activated,blocks.override")

    assert answer.data == {"blocks": {"activated": True, "override": False}}


async def test_single_module_does_not_tell_its_state(site: WordPressSite) -> None:
    async with signed_in(site) as visitor:
        known = await visitor.get("/module/sitemaps")
        unknown = await visitor.get("/module/no-such-module")
        head = await visitor.rest("HEAD", "/module/all")

    assert isinstance(known.data, dict)
    assert not {"module", "activated", "available", "override"} & known.data.keys()
    assert (unknown.status, unknown.code) == (404, "not_found")
    assert head.status == 404


@pytest.mark.parametrize(
    ("slug", "sent", "status", "code"),
    [
        pytest.param("sitemaps", {"active": True}, 200, "success", id="on"),
        pytest.param("blocks", {"active": True}, 200, "success", id="on again"),
        pytest.param("sitemaps", {}, 200, "success", id="on by default"),
        pytest.param("blocks", {"active": 0}, 200, "success", id="off"),
        pytest.param("sitemaps", {"active": False}, 409, "already_inactive", id="off again"),
        pytest.param("sitemaps", {"active": "true"}, 400, "rest_invalid_param", id="word"),
        pytest.param("monitor", {"active": True}, 424, "activation_failed", id="no connection"),
        pytest.param("search", {"active": True}, 424, "not_supported", id="no plan"),
        pytest.param("no-such-module", {"active": True}, 404, "not_found", id="unknown"),
        pytest.param("no_such", {"active": True}, 404, "rest_no_route", id="no slug at all"),
    ],
)
async def test_switch_answers_as_jetpack_does(
    site: WordPressSite, slug: str, sent: object, status: int, code: str
) -> None:
    async with signed_in(site) as visitor:
        answer = await visitor.post(f"/module/{slug}/active", sent)

    assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize(
    ("sent", "status", "code", "added"),
    [
        pytest.param(["sitemaps", "latex"], 200, "success", {"sitemaps", "latex"}, id="all"),
        pytest.param([], 200, "success", set(), id="none"),
        pytest.param(["latex", "nope"], 400, "rest_invalid_param", set(), id="one unknown"),
        pytest.param("latex", 400, "rest_invalid_param", set(), id="no list"),
        pytest.param(None, 400, "rest_invalid_param", set(), id="nothing"),
        pytest.param(["monitor", "latex"], 424, "activation_failed", {"latex"}, id="one fails"),
    ],
)
async def test_bulk_activation_activates_what_it_can_even_when_told_off(
    site: WordPressSite, sent: object, status: int, code: str, added: set[str]
) -> None:
    async with signed_in(site) as visitor:
        answer = await visitor.post("/module/all/active", {"modules": sent, "active": False})

    assert (answer.status, answer.code) == (status, code)
    assert site.active_modules() == sorted({*_STARTING, *added})


async def test_settings_store_modules_and_options(site: WordPressSite) -> None:
    sent = {"sitemaps": 1, "blocks": False, "carousel_display_exif": True, "show_thumbnails": "1"}

    async with signed_in(site) as visitor:
        answer = await visitor.post("/settings", sent)
        read = [await _setting(visitor, key) for key in sent]

    assert (answer.status, answer.code) == (200, "success")
    assert read == [True, False, True, True]
    assert site.active_modules() == ["contact-form", "sitemaps", "verification-tools"]
    assert site.option("carousel_display_exif") == "1"
    assert site.option("jetpack_relatedposts") == {"show_thumbnails": 1}


@pytest.mark.parametrize(
    ("key", "value", "read"),
    [
        pytest.param("carousel_background_color", "white", "white", id="enum"),
        pytest.param("jetpack_portfolio_posts_per_page", 25, 25, id="integer"),
        pytest.param("sharing_label", "Tom & <b>", "Tom &amp; &lt;b&gt;", id="escaped"),
        pytest.param("jetpack-twitter-cards-site-tag", "@fleet", "fleet", id="trimmed"),
        pytest.param("infinite_scroll", False, False, id="false over a default of true"),
        pytest.param("roles", ["editor"], ["editor"], id="list"),
        pytest.param(
            "jetpack_protect_global_whitelist",
            "10.0.0.1\n10.0.0.2",
            {"local": ["10.0.0.1", "10.0.0.2"]},
            id="text read as an object",
        ),
        pytest.param(
            "jetpack_protect_global_whitelist", "nonsense", {"local": []}, id="success and ignored"
        ),
    ],
)
async def test_option_comes_back_in_the_form_jetpack_reads_it(
    site: WordPressSite, key: str, value: object, read: object
) -> None:
    async with signed_in(site) as visitor:
        answer = await visitor.post("/settings", {key: value})
        found = await _setting(visitor, key)

    assert (answer.status, answer.code) == (200, "success")
    assert found == read


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("carousel_display_exif", "true", id="word for a boolean"),
        pytest.param("carousel_display_exif", None, id="null"),
        pytest.param("carousel_background_color", "mauve", id="outside an enum"),
        pytest.param("jetpack_portfolio_posts_per_page", 0, id="not positive"),
        pytest.param("google", "<meta>", id="not a code"),
        pytest.param("monitor", "on", id="word for a module"),
    ],
)
async def test_bad_value_keeps_everything_as_it_was(
    site: WordPressSite, key: str, value: object
) -> None:
    async with signed_in(site) as visitor:
        answer = await visitor.post("/settings", {"sitemaps": True, key: value})

    assert (answer.status, answer.code) == (400, "rest_invalid_param")
    assert isinstance(answer.data, dict)
    assert list(answer.data["data"]["params"]) == [key]
    assert site.active_modules() == _STARTING


@pytest.mark.parametrize("bad", ["no_such_option", "akismet", "monitor"])
async def test_key_that_fails_does_not_stop_the_others(site: WordPressSite, bad: str) -> None:
    async with signed_in(site) as visitor:
        answer = await visitor.post("/settings", {bad: True, "sitemaps": True})

    assert (answer.status, answer.code) == (400, "some_updated")
    assert site.active_modules() == sorted([*_STARTING, "sitemaps"])


async def test_module_options_need_their_module(site: WordPressSite) -> None:
    async with signed_in(site) as visitor:
        inactive = await visitor.post("/settings/carousel", {"carousel_display_exif": True})
        unknown = await visitor.post("/settings/nosuch", {"a": 1})
        await visitor.post("/module/carousel/active", {"active": True})
        stored = await visitor.post("/settings/carousel", {"carousel_display_exif": True})
        foreign = await visitor.post("/module/carousel", {"tiled_galleries": True})

    assert (inactive.status, inactive.code) == (409, "inactive")
    assert (unknown.status, unknown.code) == (404, "not_found")
    assert stored.status == 200
    assert (foreign.status, foreign.code) == (400, "some_updated")
    assert site.option("carousel_display_exif") == "1"


async def test_module_data_has_a_shape_for_each(site: WordPressSite) -> None:
    site.set_option("jetpack_active_modules", [*_STARTING, "protect"])
    site.set_option("jetpack_protect_blocked_attempts", 12)

    async with signed_in(site) as visitor:
        slugs = ("protect", "monitor", "verification-tools", "akismet", "vaultpress", "stats", "xy")
        answers = {slug: await visitor.get(f"/module/{slug}/data") for slug in slugs}

    assert (answers["protect"].status, answers["protect"].data) == (200, 12)
    assert (answers["monitor"].status, answers["monitor"].code) == (404, "not_active")
    assert (answers["verification-tools"].status, answers["verification-tools"].code) == (
        404,
        "empty",
    )
    assert (answers["akismet"].status, answers["akismet"].data) == (200, "not_active")
    assert (answers["vaultpress"].status, answers["vaultpress"].code) == (404, "not_active")
    assert isinstance(answers["stats"].data, dict)
    assert (answers["xy"].status, answers["xy"].text) == (200, "")


async def test_site_and_updates_answer_offline(site: WordPressSite) -> None:
    async with signed_in(site) as visitor:
        none = await visitor.get("/updates/plugins")
        site.set_option("contract_updates", 3)
        some = await visitor.get("/updates/plugins")
        unknown = await visitor.get("/site")

    assert isinstance(some.data, dict)
    assert (none.status, none.code) == (200, "success")
    assert (some.status, some.code, some.data["count"]) == (200, "updates-available", 3)
    assert (unknown.status, unknown.code) == (400, "site_id_missing")


async def test_lie_answers_success_and_stores_nothing(site: WordPressSite) -> None:
    site.set_option("contract_fault", "lie")

    async with signed_in(site) as visitor:
        toggled = await visitor.post("/module/sitemaps/active", {"active": True})
        stored = await visitor.post("/settings", {"carousel_display_exif": True, "latex": True})

    assert (toggled.code, stored.code) == ("success", "success")
    assert site.active_modules() == _STARTING
    assert site.option("carousel_display_exif") is None


async def test_error_after_write_hides_what_was_stored(site: WordPressSite) -> None:
    site.set_option("contract_fault", "error-after-write")

    async with signed_in(site) as visitor:
        answer = await visitor.post("/settings", {"sitemaps": True})

    assert (answer.status, answer.text) == (500, "")
    assert "sitemaps" in site.active_modules()


async def test_forced_module_cannot_be_switched(site: WordPressSite) -> None:
    site.set_option("contract_overrides", {"latex": "inactive", "blocks": "active"})

    async with signed_in(site) as visitor:
        on = await visitor.post("/module/latex/active", {"active": True})
        off = await visitor.post("/module/blocks/active", {"active": False})
        latex = await _module(visitor, "latex")

    assert (on.status, on.code) == (200, "success")
    assert (off.status, off.code) == (400, "deactivation_failed")
    assert (latex["activated"], latex["override"]) == (False, "inactive")


async def test_unconnected_site_activates_nothing_and_lets_editors_read(
    site: WordPressSite,
) -> None:
    site.set_option("contract_mode", "unconnected")

    async with signed_in(site) as visitor:
        answer = await visitor.post("/module/sitemaps/active", {"active": True})
        blocks = await _module(visitor, "blocks")
    async with signed_in(site, EDITOR) as visitor:
        read = await visitor.get("/module/all")
        write = await visitor.post("/settings", {"sitemaps": True})

    assert (answer.status, answer.code) == (424, "activation_failed")
    assert (blocks["activated"], blocks["available"]) == (False, False)
    assert (read.status, write.status) == (200, 403)


async def test_reset_and_notices_want_exactly_true(site: WordPressSite) -> None:
    site.set_option("jetpack_active_modules", ["latex"])

    async with signed_in(site) as visitor:
        refused = await visitor.post("/options/modules", {"reset": "yes"})
        done = await visitor.post("/options/modules", {"reset": True})
        notice = await visitor.post("/notice/welcome", {"dismissed": True})
        disconnect = await visitor.post("/connection", {"isActive": False})

    assert (refused.status, refused.code) == (404, "invalid_param")
    assert (done.status, done.code) == (200, "success")
    assert site.active_modules() == _STARTING
    assert notice.data == {"welcome": True}
    assert (disconnect.status, disconnect.code) == (400, "disconnect_failed")


def _initial_state(shape: str, page: str) -> object:
    if shape == "encoded":
        found = re.search(r'Initial_State=JSON\.parse\(decodeURIComponent\("([^"]*)"\)\)', page)
        assert found
        return json.loads(urllib.parse.unquote(found[1]))
    start = re.search(r"var Initial_State\s*=\s*", page)
    assert start
    return json.JSONDecoder().raw_decode(page, start.end())[0]


@pytest.mark.parametrize("shape", ["encoded", "localized", "literal"])
async def test_admin_page_holds_root_and_a_nonce_that_works(
    wordpress: WordPressStack, shape: str
) -> None:
    for site in (wordpress.pretty, wordpress.plain, wordpress.subdirectory):
        site.set_option("contract_state", shape)
        async with signed_in(site) as visitor:
            page = await visitor.request("GET", f"{site.siteurl}/wp-admin/admin.php?page=jetpack")
            state = _initial_state(shape, page.text)
            assert isinstance(state, dict)
            visitor.nonce = state["WP_API_nonce"]
            answer = await visitor.get("/module/all")

        root = "/wp-json/" if site.pretty else "/index.php?rest_route=/"
        assert state["WP_API_root"] == site.url + root
        assert (page.status, answer.status) == (200, 200)


async def test_admin_page_is_closed_to_others(site: WordPressSite) -> None:
    page = f"{site.siteurl}/wp-admin/admin.php?page=jetpack"

    async with visiting(site) as visitor:
        anonymous = await visitor.request("GET", page)
    async with signed_in(site, EDITOR) as visitor:
        editor = await visitor.request("GET", page)

    assert (anonymous.status, editor.status) == (302, 403)
    assert "Initial_State" not in editor.text
