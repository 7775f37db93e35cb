"""What Jetpack's verbs send and how they read the answers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from fleet.config import USER_AGENT
from fleet.errors import SiteError
from fleet.site.client import Connection, JetpackClient, JetpackReader, Module, demand
from fleet.site.wire import Answer
from tests.shim import FixedResponses, Sent
from tests.site.contract import BASIC, PLAIN, PRETTY, session_at

Verb = Callable[[JetpackClient], Awaitable[object]]
ANYWHERE = re.compile("https://harbour.example/")
FIELDS = (
    "protect.activated,protect.available,protect.override,"
    "protect.requires_connection,protect.requires_user_connection"
)
DOCUMENT = {"routes": {"/jetpack/v4/settings": {"methods": ["GET", "POST"]}}}

READS = [
    pytest.param(lambda client: client.read("site"), "site", {}, {}, id="anything"),
    pytest.param(
        lambda client: client.read("site", {"a": "b c"}), "site", {"a": "b c"}, {}, id="with query"
    ),
    pytest.param(lambda client: client.routes(), "", {}, DOCUMENT, id="routes"),
    pytest.param(lambda client: client.connection(), "connection", {}, {}, id="connection"),
    pytest.param(lambda client: client.modules(), "module/all", {}, {"a": {}}, id="all modules"),
    pytest.param(
        lambda client: client.modules(["protect"]),
        "module/all",
        {"_fields": FIELDS},
        {"protect": {}},
        id="one module",
    ),
    pytest.param(
        lambda client: client.modules([f"m{number}" for number in range(60)]),
        "module/all",
        {},
        {"m1": {}},
        id="many modules",
    ),
    pytest.param(lambda client: client.settings(), "settings", {}, {}, id="all settings"),
    pytest.param(
        lambda client: client.settings(["a", "odd key", "b"]),
        "settings",
        {"_fields": "a,b"},
        {},
        id="some settings",
    ),
]

WRITES = [
    pytest.param(
        lambda client: client.activate_modules(["protect", "stats"]),
        "module/all/active",
        {"modules": ["protect", "stats"]},
        id="activate modules",
    ),
    pytest.param(
        lambda client: client.toggle_module("stats", active=False),
        "module/stats/active",
        {"active": False},
        id="switch off",
    ),
    pytest.param(
        lambda client: client.toggle_module("stats", active=True),
        "module/stats/active",
        {"active": True},
        id="switch on",
    ),
    pytest.param(
        lambda client: client.update_settings({"carousel_display_exif": False, "n": 1}),
        "settings",
        {"carousel_display_exif": False, "n": 1},
        id="settings",
    ),
]

ROOTS = [pytest.param(PRETTY, id="pretty"), pytest.param(PLAIN, id="plain")]


def address(root: URL, route: str, query: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Return path and query that a route below jetpack/v4 has."""
    full = f"/jetpack/v4/{route}".rstrip("/")
    if root is PLAIN:
        return "/index.php", {"rest_route": full, **query}
    return f"/wp-json{full}", query


def anything(network: FixedResponses, payload: object, status: int = 200) -> None:
    """Answer the next requests, whatever they are."""
    for method in ("GET", "POST"):
        network.add(ANYWHERE, method, status=status, payload=payload, repeat=True)


async def sent_by(verb: Verb, root: URL, payload: object) -> list[Sent]:
    with FixedResponses() as network:
        anything(network, payload)
        async with session_at(root) as session:
            await verb(JetpackClient(session))
        return network.sent


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize(("verb", "route", "query", "payload"), READS)
async def test_a_read_is_one_get(
    root: URL, verb: Verb, route: str, query: dict[str, str], payload: object
) -> None:
    (sent,) = await sent_by(verb, root, payload)
    assert sent.method == "GET"
    assert (sent.url.path, dict(sent.url.query)) == address(root, route, query)
    assert sent.options["json"] is None
    assert sent.options["data"] is None


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize(("verb", "route", "body"), WRITES)
async def test_a_write_is_one_post_of_json(
    root: URL, verb: Verb, route: str, body: dict[str, object]
) -> None:
    (sent,) = await sent_by(verb, root, {"code": "success"})
    assert sent.method == "POST"
    assert (sent.url.path, dict(sent.url.query)) == address(root, route, {})
    assert sent.options["json"] == body
    assert sent.options["data"] is None


@pytest.mark.parametrize(
    "verb",
    [
        pytest.param(lambda client: client.connection(), id="read"),
        pytest.param(lambda client: client.update_settings({"a": 1}), id="write"),
    ],
)
async def test_each_request_is_signed_and_asks_for_json(verb: Verb) -> None:
    (sent,) = await sent_by(verb, PRETTY, {})
    headers = CIMultiDict(sent.options["headers"])
    assert dict(headers) == {
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "Authorization": BASIC,
        "User-Agent": USER_AGENT,
    }
    assert sent.options["allow_redirects"] is False


async def test_modules_are_asked_for_in_full_where_fields_are_not_understood() -> None:
    """WordPress before 5.3 filters nested fields down to nothing."""
    narrow = (PRETTY / "jetpack/v4/module/all").with_query({"_fields": FIELDS})
    with FixedResponses() as network:
        network.get(narrow, payload=[])
        anything(network, {"protect": {"activated": True}, "stats": {}})
        async with session_at(PRETTY) as session:
            modules = await JetpackClient(session).modules(["protect"])
        assert [dict(sent.url.query) for sent in network.sent] == [{"_fields": FIELDS}, {}]
    assert modules == {"protect": Module(activated=True)}


async def test_entries_that_are_no_modules_are_left_out() -> None:
    found: dict[str, Module] = {}

    async def list_all(client: JetpackClient) -> None:
        found.update(await client.modules())

    await sent_by(list_all, PRETTY, {"protect": {"activated": True}, "odd": [], "none": None})
    assert found == {"protect": Module(activated=True)}


async def test_routes_are_read_once() -> None:
    async def twice(client: JetpackClient) -> None:
        assert await client.routes() is await client.routes()

    assert len(await sent_by(twice, PRETTY, DOCUMENT)) == 1


async def test_a_read_is_tried_again_and_a_write_is_not() -> None:
    with FixedResponses() as network:
        anything(network, None, 500)
        async with session_at(PRETTY) as session:
            client = JetpackClient(session)
            with pytest.raises(SiteError, match="500"):
                await client.connection()
            with pytest.raises(SiteError, match="500"):
                await client.update_settings({"a": 1})
        assert [sent.method for sent in network.sent] == ["GET", "GET", "GET", "POST"]


def test_a_reader_has_no_verb_that_writes() -> None:
    added = {name for name in dir(JetpackClient) if not name.startswith("_")} - set(
        dir(JetpackReader)
    )
    assert added == {
        "activate_modules",
        "ajax",
        "call",
        "toggle_module",
        "update_settings",
        "write",
    }


@pytest.mark.parametrize(
    ("verb", "payload"),
    [
        pytest.param(lambda client: client.connection(), [1], id="list"),
        pytest.param(lambda client: client.connection(), {"isActive": {}}, id="odd connection"),
        pytest.param(lambda client: client.modules(), "not_active", id="text for modules"),
        pytest.param(lambda client: client.modules(), {"a": {"options": 3}}, id="odd module"),
        pytest.param(lambda client: client.settings(), 1, id="number for settings"),
        pytest.param(lambda client: client.routes(), {"routes": []}, id="no routes"),
    ],
)
async def test_a_payload_of_another_shape_is_refused(verb: Verb, payload: object) -> None:
    with pytest.raises(SiteError) as caught:
        await sent_by(verb, PRETTY, payload)
    assert caught.value.kind == "proto.not_json"


def answer(status: int, value: object = None) -> Answer:
    return Answer(status, value, CIMultiDictProxy(CIMultiDict()))


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        pytest.param(answer(401, {"code": "rest_forbidden"}), "auth.anonymous", id="401"),
        pytest.param(answer(403, {"code": "rest_forbidden"}), "auth.forbidden", id="403"),
        pytest.param(answer(404, {"code": "rest_no_route"}), "jetpack.unsupported", id="no route"),
        pytest.param(answer(404, {"code": "not_found"}), "jetpack.refused", id="not found"),
        pytest.param(answer(400, [1]), "jetpack.refused", id="list"),
        pytest.param(answer(302), "jetpack.refused", id="redirect"),
    ],
)
def test_a_bad_answer_is_told_apart(found: Answer, kind: str) -> None:
    with pytest.raises(SiteError) as caught:
        demand(found)
    assert caught.value.kind == kind


def test_a_good_answer_is_handed_on() -> None:
    good = answer(200, {"a": 1})
    assert demand(good) is good


@pytest.mark.parametrize(
    ("payload", "facts"),
    [
        pytest.param({}, (False, False, False), id="nothing said"),
        pytest.param({"isActive": True}, (True, True, False), id="4.3"),
        pytest.param({"devMode": {"isActive": True}}, (False, False, True), id="development mode"),
        pytest.param(
            {"isActive": True, "isRegistered": True, "hasConnectedOwner": False},
            (True, False, False),
            id="no owner",
        ),
        pytest.param(
            {"isRegistered": False, "offlineMode": {"isActive": True, "option": 1}},
            (False, False, True),
            id="offline mode",
        ),
    ],
)
def test_a_connection_is_read_in_every_version(
    payload: dict[str, Any], facts: tuple[bool, bool, bool]
) -> None:
    found = Connection.model_validate(payload)
    assert (found.connected, found.owner, found.offline) == facts


@pytest.mark.parametrize(
    ("options", "expected"),
    [pytest.param([], {}, id="empty"), pytest.param({"a": 1}, {"a": 1}, id="filled")],
)
def test_options_of_a_module_may_be_a_php_array(options: object, expected: object) -> None:
    assert Module.model_validate({"options": options}).options == expected
