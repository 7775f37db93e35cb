"""What Jumpstart decides, without a server."""

from __future__ import annotations

import pytest

from fleet.operations.jumpstart import ActivateJumpstart, DismissJumpstart, JumpstartState
from fleet.operations.module_state import ModuleState
from fleet.results import Change, Verdict
from fleet.site.client import Connection, Module

CONNECTED = Connection.model_validate({"isActive": True})
OFFLINE = Connection.model_validate({"devMode": {"isActive": True}})


def state(
    status: object, connection: Connection = CONNECTED, readable: bool = True, **active: bool
) -> JumpstartState:
    modules = {
        slug: Module.model_validate({"activated": on, "requires_connection": True})
        for slug, on in active.items()
    }
    return JumpstartState(True, readable, status, ModuleState(modules, {}, connection))


def test_modules_that_are_off_and_the_status_are_changed() -> None:
    decision = ActivateJumpstart().decide(state("new_connection", sso=False, photon=True))
    assert decision.changes == (
        Change("modules.sso", before=False, after=True),
        Change("jumpstart.status", "new_connection", "jumpstart_activated"),
    )
    assert [key.key for key in decision.settled] == ["modules.photon"]


def test_a_jumpstarted_site_is_left_alone() -> None:
    decision = ActivateJumpstart().decide(state("jumpstart_activated", sso=True))
    assert decision.changes == ()
    assert {key.verdict for key in decision.settled} == {Verdict.UNCHANGED}


def test_without_a_status_the_modules_alone_count() -> None:
    decision = ActivateJumpstart().decide(state(None, readable=False, sso=True))
    assert (decision.changes, [key.key for key in decision.settled]) == ((), ["modules.sso"])


def test_what_would_fail_again_is_not_sent() -> None:
    decision = ActivateJumpstart().decide(state("new_connection", OFFLINE, sso=False))
    assert decision.changes == ()
    assert {key.kind for key in decision.settled} == {"jetpack.offline"}


@pytest.mark.parametrize(
    ("order", "found", "reason"),
    [
        pytest.param(ActivateJumpstart(), JumpstartState(False), "modules.activate", id="gone"),
        pytest.param(DismissJumpstart(), JumpstartState(False), "settings.set", id="gone too"),
        pytest.param(ActivateJumpstart(), JumpstartState(True), "no modules", id="no modules"),
        pytest.param(DismissJumpstart(), JumpstartState(True), "before 4.5", id="cannot be read"),
    ],
)
def test_what_cannot_be_had_or_checked_is_unsupported(
    order: ActivateJumpstart | DismissJumpstart, found: JumpstartState, reason: str
) -> None:
    decision = order.decide(found)
    assert decision.changes == ()
    assert [key.kind for key in decision.settled] == ["jetpack.unsupported"]
    assert reason in decision.settled[0].reason


@pytest.mark.parametrize(
    ("status", "changes"),
    [
        ("new_connection", 1),
        ("jumpstart_dismissed", 0),
        ("jumpstart_activated", 0),
        ("jetpack_action_taken", 0),
        (False, 0),
    ],
)
def test_only_a_new_connection_has_a_prompt_to_dismiss(status: object, changes: int) -> None:
    assert len(DismissJumpstart().decide(state(status)).changes) == changes
