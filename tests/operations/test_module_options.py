"""What showing a module and setting its options decide, without a server."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from fleet.operations.module_options import ModuleOptionsState, SetModuleOptions
from fleet.operations.module_state import ModuleState
from fleet.operations.values import MASK
from fleet.results import Change, Verdict
from fleet.site.client import Connection, Module

CONNECTED = Connection.model_validate({"isActive": True, "isRegistered": True})
ALONE = Connection.model_validate({"isActive": False, "isRegistered": False})
OFFLINE = Connection.model_validate({"offlineMode": {"isActive": True}})
REMOTE = {"requires_connection": True}


def state(
    stored: bool | None = True,
    connection: Connection = CONNECTED,
    module: Mapping[str, object] | None = None,
    **values: object,
) -> ModuleOptionsState:
    states = ModuleState(
        {"likes": Module.model_validate(module or {})},
        {} if stored is None else {"likes": stored},
        connection,
    )
    return ModuleOptionsState({k: {"current_value": v} for k, v in values.items()}, states)


def test_only_options_that_differ_are_sent() -> None:
    order = SetModuleOptions("likes", {"a": True, "b": "black"})
    decision = order.decide(state(a=False, b="black"))
    assert decision.changes == (Change("settings.a", before=False, after=True),)
    assert [key.verdict for key in decision.settled] == [Verdict.UNCHANGED]


@pytest.mark.parametrize(
    ("name", "found", "reason"),
    [
        pytest.param("a", ModuleOptionsState(None, state().states), "no module", id="no module"),
        pytest.param("b", state(a=1), "no option of likes", id="of another module"),
        pytest.param("post_by_email_address", state(post_by_email_address=""), "command", id="cmd"),
        pytest.param("akismet", state(akismet=True), "not set", id="read-only"),
        pytest.param("a", ModuleOptionsState({"a": {}}, state().states), "be read", id="unread"),
    ],
)
def test_what_the_route_cannot_set_is_unsupported(
    name: str, found: ModuleOptionsState, reason: str
) -> None:
    (settled,) = SetModuleOptions("likes", {name: 1}).decide(found).settled
    assert (settled.verdict, settled.kind) == (Verdict.UNSUPPORTED, "jetpack.unsupported")
    assert reason in settled.reason


@pytest.mark.parametrize(
    ("found", "kind", "reason"),
    [
        pytest.param(state(False, a=0), "jetpack.refused", "modules.activate", id="off"),
        pytest.param(
            state(False, module={"override": "inactive"}, a=0),
            "jetpack.override",
            "host forces",
            id="forced off",
        ),
        pytest.param(
            state(False, OFFLINE, REMOTE, a=0), "jetpack.offline", "offline", id="offline"
        ),
        pytest.param(
            state(False, ALONE, a=0), "jetpack.not_connected", "disconnected", id="disconnected"
        ),
        pytest.param(state(None, a=0), "jetpack.refused", "modules.activate", id="off, old"),
    ],
)
def test_options_of_a_module_that_is_off_are_rejected_without_sending(
    found: ModuleOptionsState, kind: str, reason: str
) -> None:
    decision = SetModuleOptions("likes", {"a": 1}).decide(found)
    assert decision.changes == ()
    assert [(key.verdict, key.kind) for key in decision.settled] == [(Verdict.REJECTED, kind)]
    assert reason in decision.settled[0].reason


@pytest.mark.parametrize("connection", [OFFLINE, ALONE], ids=["offline", "disconnected"])
def test_where_nobody_can_tell_whether_a_module_is_off_the_site_is_asked(
    connection: Connection,
) -> None:
    """Jetpack before 4.6 hides what is stored while it does not reach WordPress.com."""
    found = state(None, connection, REMOTE, a=0)
    assert len(SetModuleOptions("likes", {"a": 1}).decide(found).changes) == 1


def test_an_option_that_is_as_wanted_needs_no_active_module() -> None:
    (settled,) = SetModuleOptions("likes", {"a": True}).decide(state(False, a=True)).settled
    assert settled.verdict is Verdict.UNCHANGED


def test_secret_options_never_reach_a_report() -> None:
    name = "jetpack_protect_global_whitelist"
    order = SetModuleOptions("likes", {name: "10.1.2.3"})
    found = state(False, jetpack_protect_global_whitelist={"local": ["10.9.9.9"]})
    decision = order.decide(found)
    assert "10." not in str((order.parameters(), decision))
    assert decision.settled[0].before == MASK
