"""What activating and deactivating decide, without a server."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from fleet.errors import SiteError
from fleet.operations.base import WriteLog
from fleet.operations.module_state import ModuleState
from fleet.operations.modules import ActivateModules, DeactivateModules
from fleet.results import Change, Verdict
from fleet.site.client import Connection, Module

CONNECTED = Connection.model_validate({"isActive": True, "isRegistered": True})
ALONE = Connection.model_validate({"isActive": False, "isRegistered": False})
UNOWNED = Connection.model_validate(
    {"isActive": True, "isRegistered": True, "hasConnectedOwner": False}
)
OFFLINE = Connection.model_validate({"offlineMode": {"isActive": True}})
OLD_OFFLINE = Connection.model_validate({"isActive": False, "devMode": {"isActive": True}})


def module(**facts: Any) -> Module:
    return Module.model_validate(facts)


def state(
    connection: Connection = CONNECTED, stored: dict[str, bool] | None = None, **modules: Module
) -> ModuleState:
    return ModuleState(modules, stored or {}, connection)


def test_only_modules_that_are_off_are_activated() -> None:
    found = state(latex=module(activated=True), likes=module(activated=False))
    decision = ActivateModules(("latex", "likes")).decide(found)
    assert decision.changes == (Change("modules.likes", before=False, after=True),)
    assert [(key.key, key.verdict) for key in decision.settled] == [
        ("modules.latex", Verdict.UNCHANGED)
    ]


def test_only_modules_that_are_on_are_deactivated() -> None:
    found = state(latex=module(activated=True), likes=module(activated=False))
    decision = DeactivateModules(("latex", "likes")).decide(found)
    assert decision.changes == (Change("modules.latex", before=True, after=False),)


def test_what_is_stored_counts_and_the_difference_is_noted() -> None:
    """A disconnected site stores a module as on and runs none."""
    found = state(ALONE, {"likes": True}, likes=module(activated=False))
    decision = ActivateModules(("likes",)).decide(found)
    assert decision.changes == ()
    assert decision.settled[0].verdict is Verdict.UNCHANGED
    assert decision.notes == ("stored as active but not in effect: likes",)


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        pytest.param(state(), "jetpack.unsupported", id="no such module"),
        pytest.param(state(likes=module(override="inactive")), "jetpack.override", id="forced off"),
        pytest.param(
            state(OFFLINE, likes=module(requires_connection=True)), "jetpack.offline", id="offline"
        ),
        pytest.param(
            state(OLD_OFFLINE, likes=module(requires_connection=True)),
            "jetpack.offline",
            id="development mode",
        ),
        pytest.param(state(ALONE, likes=module()), "jetpack.not_connected", id="disconnected"),
        pytest.param(
            state(UNOWNED, likes=module(available=False, requires_user_connection=True)),
            "jetpack.not_connected",
            id="no user connected",
        ),
    ],
)
def test_what_cannot_be_activated_is_not_sent(found: ModuleState, kind: str) -> None:
    decision = ActivateModules(("likes",)).decide(found)
    assert decision.changes == ()
    assert [key.kind for key in decision.settled] == [kind]


def test_a_module_that_waits_for_a_user_is_told_as_not_in_effect() -> None:
    sso = module(activated=True, available=False, requires_user_connection=True)
    decision = ActivateModules(("sso",)).decide(state(UNOWNED, {"sso": True}, sso=sso))
    assert decision.settled[0].verdict is Verdict.UNCHANGED
    assert decision.notes == ("stored as active but not in effect: sso",)


def test_a_module_that_needs_no_user_is_activated_without_one() -> None:
    found = state(UNOWNED, likes=module(requires_connection=True))
    assert len(ActivateModules(("likes",)).decide(found).changes) == 1


def test_offline_mode_leaves_modules_that_need_no_connection_alone() -> None:
    found = state(OFFLINE, latex=module(requires_connection=False))
    assert len(ActivateModules(("latex",)).decide(found).changes) == 1


def test_a_module_forced_on_cannot_be_deactivated() -> None:
    found = state(latex=module(activated=True, override="active"))
    assert [key.kind for key in DeactivateModules(("latex",)).decide(found).settled] == [
        "jetpack.override"
    ]


def test_a_module_forced_on_is_as_wanted_when_activated() -> None:
    found = state(latex=module(activated=True, override="active"))
    assert ActivateModules(("latex",)).decide(found).settled[0].verdict is Verdict.UNCHANGED


HIDDEN = state(OLD_OFFLINE, likes=module(requires_connection=True))
OFF = Change("modules.likes", before=None, after=False)


def test_a_hidden_module_is_asked_for_and_a_told_one_is_not() -> None:
    decision = DeactivateModules(("likes",)).decide(HIDDEN)
    assert (decision.changes, decision.settled) == ((OFF,), ())
    told = state(OLD_OFFLINE, latex=module(requires_connection=False))
    assert DeactivateModules(("latex",)).decide(told).changes == ()


@pytest.mark.parametrize("after", [HIDDEN, None], ids=["read again", "not read again"])
@pytest.mark.parametrize(
    ("complaint", "trouble", "verdict", "kind"),
    [
        pytest.param("auth.forbidden", None, Verdict.REJECTED, "auth.forbidden", id="no rights"),
        pytest.param("jetpack.refused", None, Verdict.UNKNOWN, "write.unconfirmed", id="refused"),
        pytest.param(
            "",
            SiteError("auth.session", "the nonce was refused", sent=False),
            Verdict.REJECTED,
            "auth.session",
            id="never done",
        ),
        pytest.param(
            "",
            SiteError("net.reset", "broke off"),
            Verdict.UNKNOWN,
            "write.unconfirmed",
            id="answer lost",
        ),
    ],
)
async def test_a_hidden_module_is_judged_by_what_is_certain(
    complaint: str,
    trouble: SiteError | None,
    verdict: Verdict,
    kind: str,
    after: ModuleState | None,
) -> None:
    log = WriteLog()
    await log.sending([OFF])
    if complaint:
        log.answer([OFF])
        log.complain([OFF], complaint, "no", undone=complaint.startswith("auth."))
    (key,) = DeactivateModules(("likes",)).judge(HIDDEN, after, (OFF,), log, trouble)
    assert (key.verdict, key.kind) == (verdict, kind)


def test_slugs_are_checked_and_named_once() -> None:
    assert ActivateModules(("latex", "latex")).modules == ("latex",)


@pytest.mark.parametrize("slug", ["", "../settings", "Likes", "a/b", "x" * 61])
def test_what_is_no_slug_is_refused(slug: str) -> None:
    with pytest.raises(ValidationError):
        ActivateModules((slug,))


def test_at_least_one_module_is_needed() -> None:
    with pytest.raises(ValidationError):
        ActivateModules(())
