"""Each fact of WordPress stands alone: what a site does not tell is null with the reason."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from fleet.errors import SiteError
from fleet.operations.facts import CoreFacts
from fleet.site.client import JetpackReader
from fleet.site.wire import Answer

Given = tuple[int, object] | tuple[int, object, dict[str, str]] | SiteError

ENVIRONMENT = "wp-abilities/v1/abilities/core/get-environment-info/run"
HEALTH = "wp-site-health/v1/tests"
NO_ROUTE: Given = (404, {"code": "rest_no_route"})
FORBIDDEN: Given = (403, {"code": "rest_forbidden_context"})
CLOSED = SiteError("block.waf", "the server answered 403 before WordPress")


def users(count: int, role: str = "author") -> list[dict[str, object]]:
    return [{"roles": [role]} for _ in range(count)]


def reader(routes: Mapping[str, Given], seen: list[str] | None = None) -> JetpackReader:
    async def get(route: str, query: Mapping[str, str] | None) -> Answer:
        asked = dict(query or {})
        name = f"{route} {asked['roles']}" if "roles" in asked else route
        if seen is not None:
            seen.append(name)
        found = routes.get(name, NO_ROUTE)
        if isinstance(found, SiteError):
            raise found
        headers = CIMultiDictProxy(CIMultiDict(found[2] if len(found) == 3 else {}))
        return Answer(found[0], found[1], headers)

    return JetpackReader(get)


async def fact(name: str, routes: Mapping[str, Given], *, health: bool = False) -> object:
    found = (await CoreFacts(health=health).collect(reader(routes)))[name]
    assert isinstance(found, dict)
    return found["value"] if "reason" not in found else (found["value"], found["reason"])


THEME = {"stylesheet": "a", "template": "a", "version": "1", "name": {"raw": "A", "rendered": "A"}}
JETPACK_LIST = {"a/a.php": {"active": True}, "b.php": {"active": False}}


@pytest.mark.parametrize(
    ("name", "routes", "value"),
    [
        pytest.param(
            "wordpress", {ENVIRONMENT: (200, {"wp_version": "6.9"})}, "6.9", id="version since 6.9"
        ),
        pytest.param(
            "wordpress",
            {},
            (None, "the site has no such route; WordPress 6.9 brought it"),
            id="version before",
        ),
        pytest.param(
            "php",
            {ENVIRONMENT: (404, {"code": "rest_no_route"}, {"X-Powered-By": "PHP/7.4.33, ASP"})},
            "7.4.33",
            id="PHP by its header",
        ),
        pytest.param(
            "php",
            {ENVIRONMENT: (404, {"code": "rest_no_route"}, {"X-Powered-By": "Express"})},
            (None, "the site has no such route; WordPress 6.9 brought it"),
            id="something else by its header",
        ),
        pytest.param(
            "theme",
            {"wp/v2/themes": (200, [THEME])},
            {"folder": "a", "name": "A", "version": "1", "parent": None},
            id="theme",
        ),
        pytest.param(
            "theme",
            {"wp/v2/themes": (200, [{**THEME, "template": "b", "name": "A"}])},
            {"folder": "a", "name": "A", "version": "1", "parent": "b"},
            id="child theme",
        ),
        pytest.param(
            "theme",
            {"wp/v2/themes": (200, [{"theme_supports": {}}])},
            (None, "the site does not name its theme"),
            id="theme without a name in 5.0",
        ),
        pytest.param(
            "theme",
            {"wp/v2/themes": (200, {"odd": 1})},
            (None, "the site answered no list"),
            id="nonsense",
        ),
        pytest.param(
            "plugins",
            {
                "wp/v2/plugins": (
                    200,
                    [{"status": word} for word in ("active", "network-active", "inactive")],
                )
            },
            {"active": 2, "inactive": 1},
            id="plugins since 5.5",
        ),
        pytest.param(
            "plugins",
            {"jetpack/v4/plugins": (200, JETPACK_LIST)},
            {"active": 1, "inactive": 1},
            id="plugins from Jetpack",
        ),
        pytest.param(
            "plugins",
            {"jetpack/v4/plugins": FORBIDDEN},
            (None, "the site refuses this account (rest_forbidden_context)"),
            id="no plugins at all",
        ),
        pytest.param(
            "timezone", {"wp/v2/settings": (200, {"timezone": "UTC"})}, "UTC", id="time zone"
        ),
        pytest.param(
            "timezone",
            {"wp/v2/settings": (200, {"timezone": "", "language": "nb_NO"})},
            (None, "the site has no zone but an offset from UTC"),
            id="offset",
        ),
        pytest.param(
            "language", {"wp/v2/settings": (200, {"language": ""})}, "en_US", id="English"
        ),
        pytest.param(
            "language",
            {"wp/v2/settings": (200, {})},
            (None, "the site does not say"),
            id="no language",
        ),
    ],
)
async def test_facts_are_read_in_every_shape(
    name: str, routes: Mapping[str, Given], value: object
) -> None:
    assert await fact(name, routes) == value


PER_ROLE: dict[str, Given] = {
    "wp/v2/users administrator": (200, [{"id": 1}], {"X-WP-Total": "2"}),
    "wp/v2/users editor": (200, [], {"X-WP-Total": "0"}),
    "wp/v2/users author": (200, [{"id": 3}], {"X-WP-Total": "7"}),
    "wp/v2/users contributor": (400, {"code": "rest_invalid_param"}),
    "wp/v2/users subscriber": (200, [{"id": 3}], {}),
}


@pytest.mark.parametrize(
    ("routes", "value"),
    [
        pytest.param(
            {"wp/v2/users": (200, [*users(2), *users(1, "shop_manager"), {"roles": []}])},
            {"total": 4, "roles": {"author": 2, "shop_manager": 1}},
            id="few",
        ),
        pytest.param(
            {"wp/v2/users": (200, users(100), {"X-WP-Total": "100"})},
            {"total": 100, "roles": {"author": 100}},
            id="one full page",
        ),
        pytest.param(
            {"wp/v2/users": (200, [{"roles": {"1": "editor"}}])},
            {"total": 1, "roles": {"editor": 1}},
            id="a list with gaps",
        ),
        pytest.param(
            {"wp/v2/users": (200, users(100))},
            (None, "there are too many users to list, and the site does not count them"),
            id="many, uncounted",
        ),
        pytest.param(
            {"wp/v2/users": FORBIDDEN},
            (None, "the site refuses this account (rest_forbidden_context)"),
            id="no right",
        ),
    ],
)
async def test_users_are_counted_by_role(routes: Mapping[str, Given], value: object) -> None:
    assert await fact("users", routes) == value


@pytest.mark.parametrize("listed", [100, 40], ids=["full page", "some hidden from the list"])
async def test_many_users_are_counted_role_by_role(listed: int) -> None:
    routes = {"wp/v2/users": (200, users(listed), {"X-WP-Total": "5000"}), **PER_ROLE}
    seen: list[str] = []
    found = (await CoreFacts().collect(reader(routes, seen)))["users"]
    roles = {
        "administrator": 2,
        "editor": 0,
        "author": 7,
        "contributor": {"value": None, "reason": "the site answered 400 rest_invalid_param"},
        "subscriber": {"value": None, "reason": "the site does not count them"},
        "other": {
            "value": None,
            "reason": "above 100 users only WordPress's own roles are counted",
        },
    }
    assert found == {"value": {"total": 5000, "roles": roles}, "unit": "users"}
    assert len([name for name in seen if name.startswith("wp/v2/users")]) == 6


async def test_health_is_told_test_by_test() -> None:
    routes: dict[str, Given] = {
        f"{HEALTH}/background-updates": (200, {"status": "good", "label": "Alt i orden"}),
        f"{HEALTH}/dotorg-communication": (200, {"status": "critical"}),
        f"{HEALTH}/https-status": (200, {}),
        f"{HEALTH}/loopback-requests": SiteError("net.timeout", "no answer within 30 s"),
    }
    assert await fact("health", routes, health=True) == {
        "background-updates": "good",
        "dotorg-communication": "critical",
        "https-status": {"value": None, "reason": "the site does not say"},
        "loopback-requests": {"value": None, "reason": "no answer within 30 s"},
        "page-cache": {
            "value": None,
            "reason": "the site has no such route; WordPress 6.1 brought it",
        },
    }


async def test_health_is_not_asked_for_unless_told_to() -> None:
    seen: list[str] = []
    data = await CoreFacts().collect(reader({}, seen))
    assert "health" not in data
    assert [name for name in seen if name.startswith(HEALTH)] == []


async def test_a_closed_route_costs_only_its_own_fact() -> None:
    routes: dict[str, Given] = {"wp/v2/users": CLOSED, "wp/v2/themes": (200, [THEME])}
    data = await CoreFacts().collect(reader(routes))
    assert data["users"] == {"value": None, "reason": CLOSED.message}
    assert data["theme"]["value"]["name"] == "A"  # type: ignore[index]


async def test_a_site_where_every_route_is_closed_has_no_facts() -> None:
    names = (ENVIRONMENT, "wp/v2/themes", "wp/v2/plugins", "wp/v2/users", "wp/v2/settings")
    with pytest.raises(SiteError, match="before WordPress"):
        await CoreFacts().collect(reader(dict.fromkeys(names, CLOSED)))


async def test_a_site_that_goes_away_fails_as_a_whole() -> None:
    with pytest.raises(SiteError, match="gone"):
        await CoreFacts().collect(reader({"wp/v2/users": SiteError("net.reset", "gone")}))
