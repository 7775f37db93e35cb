"""What setting and carrying settings decide, without a server."""

from __future__ import annotations

import pytest

from fleet.operations.settings import (
    CarriedSettings,
    SetSettings,
    SettingsState,
    SyncSettings,
)
from fleet.operations.values import MASK
from fleet.results import Change, Verdict


def state(known: tuple[str, ...] = (), /, **values: object) -> SettingsState:
    return SettingsState(values, frozenset(values) | set(known))


def test_only_keys_that_differ_are_sent() -> None:
    found = state(carousel_display_exif=False, carousel_background_color="black")
    wanted = SetSettings({"carousel_display_exif": True, "carousel_background_color": "black"})
    decision = wanted.decide(found)
    assert decision.changes == (Change("settings.carousel_display_exif", before=False, after=True),)
    assert [key.verdict for key in decision.settled] == [Verdict.UNCHANGED]


@pytest.mark.parametrize(
    ("key", "found", "reason"),
    [
        pytest.param("nope", state(), "has no setting", id="unknown"),
        pytest.param("akismet", state(akismet=True), "not set", id="read-only"),
        pytest.param("custom", state(("custom",)), "command", id="command"),
        pytest.param("later", state(("later",)), "could not be checked", id="write-only"),
    ],
)
def test_what_cannot_be_set_is_unsupported(key: str, found: SettingsState, reason: str) -> None:
    (settled,) = SetSettings({key: 1}).decide(found).settled
    assert settled.verdict is Verdict.UNSUPPORTED
    assert reason in settled.reason


def test_secret_values_never_reach_a_report() -> None:
    operation = SetSettings({"wordpress_api_key": "canary"})
    assert "canary" not in str(operation.parameters())
    assert operation.shown("settings.wordpress_api_key", "canary") == MASK
    (settled,) = operation.decide(state(wordpress_api_key="canary")).settled
    assert (settled.before, settled.wanted, settled.found) == (MASK, MASK, MASK)


def test_carried_keys_that_a_site_does_not_have_are_noted() -> None:
    order = SyncSettings(source="golden")
    decision = CarriedSettings({"sm_enabled": True}, order).decide(state())
    assert (decision.settled, decision.changes) == ((), ())
    assert decision.notes == ("not on this site: sm_enabled",)


def test_carried_keys_that_were_named_have_to_exist() -> None:
    order = SyncSettings(source="golden", keys=("sm_enabled",))
    decision = CarriedSettings({"sm_enabled": True}, order).decide(state())
    assert [key.kind for key in decision.settled] == ["jetpack.unsupported"]
