"""Every shape that a figure has had is read, and what is missing is null with a reason."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from fleet.errors import SiteError
from fleet.operations.readers import SOURCES
from fleet.operations.stats import CollectStats
from fleet.site.client import JetpackReader
from fleet.site.wire import Answer

CONNECTED = {"isActive": True, "isRegistered": True}
NOT_ACTIVE = (404, {"code": "not_active", "message": "", "data": {"status": 404}})


def reader(routes: Mapping[str, tuple[int, object] | SiteError]) -> JetpackReader:
    answers = {"connection": (200, CONNECTED), **routes}

    async def get(route: str, query: Mapping[str, str] | None) -> Answer:
        found = answers.get(route.removeprefix("jetpack/v4/"), NOT_ACTIVE)
        if isinstance(found, SiteError):
            raise found
        return Answer(*found, headers=CIMultiDictProxy(CIMultiDict()))

    return JetpackReader(get)


async def figure(name: str, route: str, status: int, body: object) -> object:
    data = await CollectStats().collect(reader({route: (status, body)}))
    found = data[name]
    assert isinstance(found, dict)
    return found["value"] if "reason" not in found else (found["value"], found["reason"])


@pytest.mark.parametrize(
    ("name", "route", "status", "body", "value"),
    [
        pytest.param("protect", "module/protect/data", 200, 12, 12, id="number"),
        pytest.param("protect", "module/protect/data", 200, "1,234", 1234, id="grouped digits"),
        pytest.param("protect", "module/protect/data", 200, False, 0, id="never counted"),
        pytest.param(
            "protect", "module/protect/data", 200, [], (None, "not a number"), id="nonsense"
        ),
        pytest.param(
            "protect", "module/protect/data", *NOT_ACTIVE, (None, "the module is not active")
        ),
        pytest.param("monitor", "module/monitor/data", 200, {"date": None}, "never", id="never"),
        pytest.param(
            "monitor", "module/monitor/data", 200, {"date": "3 Tage"}, "3 Tage", id="translated"
        ),
        pytest.param(
            "monitor",
            "module/monitor/data",
            500,
            {"code": "monitor-downtime"},
            (None, "the site answered 500 monitor-downtime"),
            id="remote failure",
        ),
        pytest.param(
            "verification",
            "module/verification-tools/data",
            200,
            {"code": "success", "services": ["Google", "Bing"]},
            ["Google", "Bing"],
            id="services",
        ),
        pytest.param(
            "verification", "module/verification-tools/data", 404, {"code": "empty"}, [], id="none"
        ),
        pytest.param(
            "updates", "updates/plugins", 200, {"code": "success", "count": 0}, 0, id="none"
        ),
        pytest.param(
            "updates",
            "updates/plugins",
            200,
            {"code": "updates-available", "count": 3},
            3,
            id="three",
        ),
        pytest.param("akismet", "module/akismet/data", 200, 7, 7, id="number since 11.2"),
        pytest.param("akismet", "module/akismet/data", 200, "1.234", 1234, id="text in 10.4"),
        pytest.param(
            "akismet", "module/akismet/data", 200, {"all": {"spam": "9"}}, 9, id="object in 9.3"
        ),
        pytest.param(
            "akismet",
            "module/akismet/data",
            200,
            "not_installed",
            (None, "Akismet is not installed"),
            id="a word",
        ),
        pytest.param(
            "backup",
            "module/vaultpress/data",
            200,
            {"code": "success", "data": {"backups": {"last_backup": "1700000000"}}},
            "2023-11-14T22:13:20+00:00",
            id="time",
        ),
        pytest.param(
            "backup",
            "module/vaultpress/data",
            200,
            {"code": "success", "data": {}},
            (None, "no backup yet"),
            id="first one pending",
        ),
        pytest.param(
            "backup",
            "module/vaultpress/data",
            200,
            {"code": "not_registered"},
            (None, "VaultPress is not registered"),
            id="not registered",
        ),
        pytest.param(
            "site",
            "site",
            200,
            {"code": "success", "data": '{"ID":5,"name":"A","plan":{"product_slug":"free"}}'},
            {"id": "5", "plan": "free"},
            id="json in json",
        ),
        pytest.param(
            "site",
            "site",
            200,
            {"code": "success", "data": "[["},
            (None, "not the site's data"),
            id="broken json in json",
        ),
    ],
)
async def test_figures_are_read_in_every_shape(
    name: str, route: str, status: int, body: object, value: object
) -> None:
    assert await figure(name, route, status, body) == value


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        pytest.param({"isActive": True}, "connected", id="before 7.7"),
        pytest.param({"isRegistered": True, "hasConnectedOwner": True}, "connected", id="owner"),
        pytest.param({"isRegistered": True, "hasConnectedOwner": False}, "no owner", id="alone"),
        pytest.param({"isActive": True, "isStaging": True}, "safe mode", id="safe mode"),
        pytest.param({"isRegistered": False}, "not connected", id="not connected"),
        pytest.param({"offlineMode": {"isActive": True}}, "offline", id="offline"),
        pytest.param({"devMode": {"isActive": True}}, "offline", id="development mode"),
    ],
)
async def test_a_connection_is_told_in_a_word(answer: dict[str, object], word: str) -> None:
    data = await CollectStats().collect(reader({"connection": (200, answer)}))
    assert data["connection"] == word


async def test_a_disconnected_site_is_not_asked_to_call_home() -> None:
    data = await CollectStats().collect(
        reader({"connection": (200, {"isActive": False}), "site": SiteError("net.reset", "no")})
    )
    assert data["site"] == {
        "value": None,
        "reason": "the site is not connected to WordPress.com",
    }


async def test_one_broken_figure_does_not_cost_the_others() -> None:
    broken = SiteError("site.server_error", "the site answered 500")
    data = await CollectStats().collect(
        reader({"module/protect/data": broken, "module/akismet/data": (200, 4)})
    )
    assert data["protect"] == {"value": None, "reason": "the site answered 500"}
    assert data["akismet"] == {"value": 4, "unit": "spam comments caught"}


ROUTES = [source.route for source in SOURCES.values()]
LATE = SiteError("net.timeout", "no answer within 30 s")
BROKEN = SiteError("site.server_error", "the site answered 500")
REFUSED = (403, {"code": "rest_forbidden", "message": ""})


async def test_a_figure_that_times_out_is_null_and_the_others_stay() -> None:
    data = await CollectStats().collect(
        reader({"module/protect/data": LATE, "module/akismet/data": (200, 4)})
    )
    assert data["protect"] == {"value": None, "reason": "no answer within 30 s"}
    assert data["akismet"] == {"value": 4, "unit": "spam comments caught"}


async def test_two_late_figures_are_waited_for_and_no_more() -> None:
    late = {"module/monitor/data": LATE, "module/akismet/data": LATE}
    told: dict[str, tuple[int, object] | SiteError] = {"module/protect/data": (200, 3), **late}
    data = await CollectStats().collect(reader({**told, "site": LATE}))
    assert data["protect"] == {"value": 3, "unit": "attacks blocked"}
    not_asked = {"value": None, "reason": "not asked for, after 2 others timed out"}
    assert (data["backup"], data["site"]) == (not_asked, not_asked)


@pytest.mark.parametrize("connected", [True, False])
@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        pytest.param([LATE] * 7, "net.timeout", id="late"),
        pytest.param([BROKEN] * 7, "site.server_error", id="broken"),
        pytest.param([REFUSED] * 7, "auth.forbidden", id="refused"),
        pytest.param([(500, {"code": "x"})] * 7, "jetpack.refused", id="answered with errors"),
        pytest.param([REFUSED, *[BROKEN] * 6], "site.server_error", id="mostly broken"),
    ],
)
async def test_a_site_that_tells_no_figure_at_all_has_failed(
    answers: list[tuple[int, object] | SiteError], kind: str, connected: bool
) -> None:
    routes = dict(zip(ROUTES, answers, strict=True))
    routes["connection"] = (200, {"isActive": connected, "isRegistered": connected})
    with pytest.raises(SiteError) as raised:
        await CollectStats().collect(reader(routes))
    assert raised.value.kind == kind


async def test_figures_of_modules_that_are_off_are_no_failure() -> None:
    """One of them says so, or one has a value, while all others break."""
    for told in (NOT_ACTIVE, (200, 4)):
        broken: dict[str, tuple[int, object] | SiteError] = dict.fromkeys(ROUTES, BROKEN)
        data = await CollectStats().collect(reader({**broken, "module/akismet/data": told}))
        assert data["protect"] == {"value": None, "reason": "the site answered 500"}
    data = await CollectStats().collect(reader({}))
    assert data["monitor"] == {"value": None, "reason": "the module is not active"}


async def test_a_site_that_goes_away_fails_as_a_whole() -> None:
    with pytest.raises(SiteError, match="gone"):
        await CollectStats().collect(
            reader({"module/protect/data": SiteError("net.reset", "gone")})
        )
