"""What the operations on the connection, on users and on notices decide, without a server."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from pydantic import TypeAdapter, ValidationError

from fleet.errors import SiteError
from fleet.operations.base import Decision
from fleet.operations.connection import (
    Account,
    ConnectionData,
    ConnectionUrl,
    Disconnect,
    RecheckSsl,
    SslState,
)
from fleet.operations.notices import DismissNotice, NoticeState
from fleet.operations.users import LinkState, UnlinkUser
from fleet.results import Change, Verdict
from fleet.site.client import Connection, JetpackReader
from fleet.site.wire import Answer


def connection(**facts: object) -> Connection:
    return Connection.model_validate(facts)


def reader(route: str, status: int, body: object) -> JetpackReader:
    """Return a connected site that answers on one more route."""
    answers = {"connection": (200, {"isActive": True}), route: (status, body)}

    async def get(asked: str, query: Mapping[str, str] | None) -> Answer:
        found = answers[asked.removeprefix("jetpack/v4/")]
        return Answer(*found, headers=CIMultiDictProxy(CIMultiDict()))

    return JetpackReader(get)


def linked(*, owner: bool = False) -> LinkState:
    return LinkState(Account(linked=True, is_owner=owner, owner="boss"))


def ended(decision: Decision) -> tuple[Verdict, str | None]:
    assert decision.changes == ()
    (key,) = decision.settled
    return key.verdict, key.kind


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(connection(isActive=True), id="to 7.6"),
        pytest.param(connection(isActive=False, isRegistered=True), id="without an owner"),
        pytest.param(connection(isActive=True, isRegistered=True), id="from 7.7 on"),
    ],
)
def test_a_connected_site_is_disconnected(state: Connection) -> None:
    changes = Disconnect().decide(state).changes
    assert changes == (Change("connection.connected", before=True, after=False),)


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(connection(isActive=False), id="to 7.6"),
        pytest.param(connection(isActive=False, isRegistered=False), id="from 7.7 on"),
        pytest.param(connection(isActive=False, offlineMode={"isActive": True}), id="offline"),
    ],
)
def test_a_disconnected_site_is_as_wanted(state: Connection) -> None:
    assert ended(Disconnect().decide(state)) == (Verdict.UNCHANGED, None)


def test_a_linked_user_is_unlinked() -> None:
    changes = UnlinkUser().decide(linked()).changes
    assert changes == (Change("users.linked", before=True, after=False),)


@pytest.mark.parametrize(
    ("state", "verdict", "kind"),
    [
        pytest.param(
            LinkState(Account(linked=False, is_owner=False, owner=None)),
            Verdict.UNCHANGED,
            None,
            id="not linked",
        ),
        pytest.param(
            linked(owner=True), Verdict.UNSUPPORTED, "jetpack.unsupported", id="the owner"
        ),
        pytest.param(LinkState(None), Verdict.REJECTED, "jetpack.offline", id="offline"),
    ],
)
def test_nothing_is_sent_where_no_link_can_or_need_go(
    state: LinkState, verdict: Verdict, kind: str | None
) -> None:
    assert ended(UnlinkUser().decide(state)) == (verdict, kind)


def test_a_notice_is_dismissed_once() -> None:
    task = DismissNotice("welcome")
    before = NoticeState(frozenset({"feedback_dash_request"}))
    after = NoticeState(before.dismissed | {"welcome"})
    assert task.decide(before).changes == (Change("notices.welcome", before=False, after=True),)
    assert ended(task.decide(after)) == (Verdict.UNCHANGED, None)


def test_only_notices_that_jetpack_knows_can_be_named() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(DismissNotice).validate_python({"notice": "../settings"})


def test_ssl_is_tested_again_only_where_the_page_shows_a_failure() -> None:
    shown = SslState("0a1b2c3d4e")
    assert RecheckSsl().decide(shown).changes == (Change("connection.ssl", "failing", "working"),)
    assert ended(RecheckSsl().decide(SslState(""))) == (
        Verdict.UNSUPPORTED,
        "jetpack.unsupported",
    )
    assert "0a1b2c3d4e" not in repr(shown)


def test_the_address_is_masked_unless_asked_for() -> None:
    assert ConnectionUrl().parameters() == {"reveal": False}
    assert ConnectionUrl(reveal=True).parameters() == {"reveal": True}


@pytest.mark.parametrize(
    ("url", "shown", "step"),
    [
        pytest.param(
            "https://a.example/wp-admin/admin.php?page=jetpack&action=register&_wpnonce=0a1b2c3d4e",
            "https://a.example/wp-admin/admin.php",
            "register",
            id="on the site itself",
        ),
        pytest.param(
            "https://wordpress.example/authorize/1/?secret=x#top",
            "https://wordpress.example/authorize/1/",
            "authorize",
            id="at WordPress.com",
        ),
        pytest.param(
            "http://me:secret@a.example:8080/x?secret=x",
            "http://a.example:8080/x",
            "authorize",
            id="with a password",
        ),
    ],
)
async def test_an_address_loses_what_is_secret(url: str, shown: str, step: str) -> None:
    site = reader("connection/url", 200, url)
    assert await ConnectionUrl().collect(site) == {"url": shown, "step": step}
    assert await ConnectionUrl(reveal=True).collect(site) == {"url": url, "step": step}


@pytest.mark.parametrize(
    "body", [None, [], 7, "", "not an address", "javascript:x()", "https://[", "ftp://a.example/"]
)
async def test_what_is_no_address_is_no_answer(body: object) -> None:
    with pytest.raises(SiteError) as caught:
        await ConnectionUrl(reveal=True).collect(reader("connection/url", 200, body))
    assert caught.value.kind == "proto.not_json"


async def test_an_address_that_cannot_be_made_is_told() -> None:
    body = {"code": "build_connect_url_failed", "message": "No.", "data": {"status": 400}}
    with pytest.raises(SiteError, match="build_connect_url_failed") as caught:
        await ConnectionUrl().collect(reader("connection/url", 400, body))
    assert caught.value.kind == "jetpack.refused"


@pytest.mark.parametrize(
    ("more", "owner"),
    [
        pytest.param({"connectionOwner": "boss"}, "boss", id="a name"),
        pytest.param(
            {"connectionOwner": None},
            {"value": None, "reason": "nobody owns the connection"},
            id="nobody",
        ),
        pytest.param(
            {"connectionOwner": "a@b.example"},
            {"value": None, "reason": "an e-mail address, not shown"},
            id="an address",
        ),
        pytest.param(
            {},
            {"value": None, "reason": "Jetpack tells another owner's name from 8.8 on"},
            id="to 8.7",
        ),
    ],
)
async def test_the_owner_is_named_where_that_can_be(more: dict[str, object], owner: object) -> None:
    user = {
        "isConnected": True,
        "isMaster": False,
        "username": "fleet-bot",
        "wpcomUser": {"email": "me@mail.example"},
        "permissions": {"connect": True, "odd": "yes"},
    }
    found = await ConnectionData().collect(
        reader("connection/data", 200, {"currentUser": user, **more})
    )
    assert found == {
        "linked": True,
        "is_owner": False,
        "owner": owner,
        "registered": True,
        "permissions": {"connect": True},
    }


@pytest.mark.parametrize("user", [None, [], {}, {"isConnected": "1"}])
async def test_an_account_that_is_not_told_is_not_taken_for_unlinked(user: object) -> None:
    with pytest.raises(SiteError) as caught:
        await ConnectionData().collect(reader("connection/data", 200, {"currentUser": user}))
    assert caught.value.kind == "proto.not_json"


async def test_a_refusal_without_offline_mode_is_about_rights() -> None:
    body: object = {
        "code": "invalid_user_permission_user_connection_data",
        "message": None,
        "data": {},
    }
    with pytest.raises(SiteError) as caught:
        await ConnectionData().collect(reader("connection/data", 403, body))
    assert caught.value.kind == "auth.forbidden"
