"""What an audit reads is told in our words, and what cannot be read says who can mend it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from fleet.errors import SiteError
from fleet.operations.audit import (
    ConnectionPlugins,
    ConnectionTest,
    ListFeatures,
    ListPlugins,
    ScanStatus,
)
from fleet.operations.base import Query
from fleet.operations.figures import OPERATIONS, ProtectBlocked, SiteData
from fleet.operations.stats import CollectStats
from fleet.site.client import JetpackReader
from fleet.site.wire import Answer

NO_ROUTE = (404, {"code": "rest_no_route", "message": "", "data": {"status": 404}})
CONNECTED = (200, {"isActive": True})
UNCONNECTED = (200, {"isActive": False})
OFFLINE = (200, {"isActive": False, "offlineMode": {"isActive": True}})
FORBIDDEN = (403, {"code": "rest_forbidden", "message": "", "data": {"status": 403}})


def reader(routes: Mapping[str, tuple[int, object] | SiteError]) -> JetpackReader:
    answers = {"connection": CONNECTED, **routes}

    async def get(route: str, query: Mapping[str, str] | None) -> Answer:
        found = answers.get(route.removeprefix("jetpack/v4/"), NO_ROUTE)
        if isinstance(found, SiteError):
            raise found
        return Answer(*found, headers=CIMultiDictProxy(CIMultiDict()))

    return JetpackReader(get)


def inside(data: object) -> tuple[int, object]:
    return 200, {"code": "success", "message": "", "data": json.dumps(data)}


def failed(code: str, *more: str) -> tuple[int, object]:
    others = [{"code": each, "message": "dansk", "data": {}} for each in more]
    body = {"code": code, "message": "norsk", "data": {}, "additional_errors": others}
    return 500, body if more else {**body, "additional_errors": None}


@pytest.mark.parametrize(
    ("answer", "passed", "tests"),
    [
        pytest.param((200, {"code": "success", "message": "?"}), True, [], id="all passed"),
        pytest.param(
            failed("failed_test__outbound_http"), False, ["outbound_http"], id="one failed"
        ),
        pytest.param(
            failed("failed_test__a", "failed_test__b", "failed_test__a", "some_notice"),
            False,
            ["a", "b"],
            id="several failed",
        ),
        pytest.param(
            failed("connection_test_failed"), False, ["connection"], id="one test before 7.1"
        ),
    ],
)
async def test_failed_connection_tests_are_named(
    answer: tuple[int, object], passed: bool, tests: list[str]
) -> None:
    data = await ConnectionTest().collect(reader({"connection/test": answer}))
    told = data["connection_test"]
    assert isinstance(told, dict)
    assert (told["passed"], told["failed"]) == (passed, tests)
    assert told["run"]["value"] is None
    assert "norsk" not in repr(data)


async def test_the_tests_that_ran_are_listed_where_the_site_tells_them() -> None:
    body = {"code": "success", "message": "?", "tests_run": ["test__outbound_http", "test__xml"]}
    data = await ConnectionTest().collect(reader({"connection/test": (200, body)}))
    assert data == {
        "connection_test": {"passed": True, "failed": [], "run": ["outbound_http", "xml"]}
    }


PLUGIN = {"Name": "Akismet", "Version": "5.0", "active": False, "Author": "Someone"}


@pytest.mark.parametrize(
    ("query", "route", "answer", "data"),
    [
        pytest.param(
            ConnectionPlugins(),
            "connection/plugins",
            (200, [{"name": "Jetpack", "slug": "jetpack", "more": 1}, "odd"]),
            {"connection_plugins": [{"name": "Jetpack", "slug": "jetpack"}]},
            id="connected plugins",
        ),
        pytest.param(
            ConnectionPlugins(),
            "connection/plugins",
            (200, {"1": {"name": "Boost", "slug": "boost"}}),
            {"connection_plugins": [{"name": "Boost", "slug": "boost"}]},
            id="a list with gaps",
        ),
        pytest.param(
            ListPlugins(),
            "plugins",
            (200, {"akismet/akismet.php": PLUGIN}),
            {
                "plugins": [
                    {
                        "file": "akismet/akismet.php",
                        "name": "Akismet",
                        "version": "5.0",
                        "active": False,
                    }
                ]
            },
            id="plugins",
        ),
        pytest.param(
            ListPlugins(), "plugins", (404, {"code": "not_found"}), {"plugins": []}, id="no plugins"
        ),
        pytest.param(
            ListFeatures(),
            "site/features",
            inside({"active": {"0": "scan", "2": "backups"}, "available": {"seo": ["x"]}}),
            {"features": {"active": ["backups", "scan"], "available": ["seo"]}},
            id="features",
        ),
        pytest.param(
            ListFeatures(),
            "site/features",
            inside({"active": [], "available": []}),
            {"features": {"active": [], "available": []}},
            id="empty objects of PHP",
        ),
        pytest.param(
            ScanStatus(),
            "scan",
            inside({"state": "idle", "threats": [{"id": 1}, {"id": 2}]}),
            {"scan": {"state": "idle", "threats": {"value": 2, "unit": "threats"}}},
            id="threats",
        ),
        pytest.param(
            ScanStatus(),
            "scan",
            inside({"state": "unavailable", "reason": "missing_plan", "threats": []}),
            {
                "scan": {
                    "state": "unavailable",
                    "threats": {"value": None, "reason": "the site has no scan: missing_plan"},
                }
            },
            id="no plan is not no threats",
        ),
        pytest.param(
            ScanStatus(),
            "scan",
            inside({"state": "provisioning"}),
            {
                "scan": {
                    "state": "provisioning",
                    "threats": {"value": None, "reason": "the answer lists no threats"},
                }
            },
            id="not scanned yet",
        ),
    ],
)
async def test_answers_are_read_in_every_shape(
    query: Query, route: str, answer: tuple[int, object], data: object
) -> None:
    assert await query.collect(reader({route: answer})) == data


FETCH = (500, {"code": "failed_to_fetch_data", "message": "nein"})
GONE = (404, {"code": "site_id_missing", "message": "nein"})


@pytest.mark.parametrize(
    ("query", "route", "answer", "connection", "kind"),
    [
        (ConnectionTest(), "connection/test", NO_ROUTE, CONNECTED, "jetpack.unsupported"),
        (ConnectionTest(), "connection/test", FORBIDDEN, CONNECTED, "auth.forbidden"),
        (ConnectionTest(), "connection/test", (200, {"code": "?"}), CONNECTED, "jetpack.refused"),
        (ConnectionTest(), "connection/test", (500, {"code": "x"}), CONNECTED, "jetpack.refused"),
        (ConnectionPlugins(), "connection/plugins", NO_ROUTE, CONNECTED, "jetpack.unsupported"),
        (ConnectionPlugins(), "connection/plugins", (200, "?"), CONNECTED, "proto.not_json"),
        (ListPlugins(), "plugins", (200, ["?"]), CONNECTED, "proto.not_json"),
        (ListPlugins(), "plugins", FORBIDDEN, CONNECTED, "auth.forbidden"),
        (ListFeatures(), "site/features", NO_ROUTE, OFFLINE, "jetpack.unsupported"),
        (ListFeatures(), "site/features", FETCH, OFFLINE, "jetpack.offline"),
        (ListFeatures(), "site/features", FETCH, UNCONNECTED, "jetpack.not_connected"),
        (ListFeatures(), "site/features", FETCH, CONNECTED, "jetpack.refused"),
        (ListFeatures(), "site/features", FORBIDDEN, UNCONNECTED, "auth.forbidden"),
        (ListFeatures(), "site/features", inside({"error": "x"}), CONNECTED, "jetpack.refused"),
        (ScanStatus(), "scan", GONE, UNCONNECTED, "jetpack.not_connected"),
        (ScanStatus(), "scan", GONE, OFFLINE, "jetpack.offline"),
        (ScanStatus(), "scan", inside({"state": None}), CONNECTED, "jetpack.refused"),
        (ScanStatus(), "scan", inside("idle"), CONNECTED, "jetpack.refused"),
        (SiteData(), "site", FORBIDDEN, CONNECTED, "auth.forbidden"),
        (ProtectBlocked(), "module/protect/data", FORBIDDEN, CONNECTED, "auth.forbidden"),
    ],
)
async def test_what_cannot_be_read_is_told_by_its_kind(
    query: Query,
    route: str,
    answer: tuple[int, object],
    connection: tuple[int, object],
    kind: str,
) -> None:
    with pytest.raises(SiteError) as caught:
        await query.collect(reader({"connection": connection, route: answer}))
    assert caught.value.kind == kind
    assert "nein" not in caught.value.message


async def test_an_old_jetpack_is_told_what_there_is_instead() -> None:
    with pytest.raises(SiteError, match=r"6\.8 on.*connection\.status"):
        await ConnectionTest().collect(reader({}))


ROUTES: dict[str, tuple[int, object]] = {
    "module/protect/data": (200, 5),
    "module/monitor/data": (200, {"code": "success", "date": "2 days"}),
    "module/verification-tools/data": (404, {"code": "empty"}),
    "updates/plugins": (200, {"code": "updates-available", "count": 4}),
    "module/akismet/data": (200, "not_installed"),
    "module/vaultpress/data": (404, {"code": "not_active"}),
    "site": inside({"ID": 9, "plan": {"product_slug": "jetpack_free"}}),
}


@pytest.mark.parametrize("connection", [CONNECTED, UNCONNECTED], ids=["connected", "unconnected"])
async def test_single_figures_say_what_the_collection_says(
    connection: tuple[int, object],
) -> None:
    site = reader({**ROUTES, "connection": connection})
    alone: dict[str, object] = {}
    for figure in OPERATIONS:
        alone |= await figure().collect(site)
    together = dict(await CollectStats().collect(site))
    del together["connection"]
    assert alone == together
    assert len(alone) == len(OPERATIONS) == 7


async def test_site_data_without_an_id_is_no_site_data() -> None:
    data = await SiteData().collect(reader({"site": inside({"error": "unknown_blog"})}))
    assert data == {"site": {"value": None, "reason": "not the site's data"}}


async def test_a_route_that_breaks_is_an_error_where_nothing_else_was_asked() -> None:
    broken = SiteError("site.server_error", "the site answered 500")
    with pytest.raises(SiteError, match="500"):
        await ProtectBlocked().collect(reader({"module/protect/data": broken}))
