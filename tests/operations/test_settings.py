"""What setting and carrying settings decide, without a server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fleet.operations.carrying import CarriedSettings, SyncSettings
from fleet.operations.obstacles import SettingsState
from fleet.operations.settings import SetSettings
from fleet.operations.values import MASK
from fleet.results import Change, Verdict
from fleet.site.client import Connection
from fleet.site.routes import SettingSpec


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


OFFLINE = Connection.model_validate({"isActive": False, "offlineMode": {"isActive": True}})
UNCONNECTED = Connection.model_validate({"isActive": False})
CONNECTED = Connection.model_validate({"isActive": True})
NOTIFY = "monitor_receive_notifications"
BOOLEAN, INTEGER = SettingSpec("boolean"), SettingSpec("integer")
SHADES = SettingSpec("string", ("black", "white"))


def at(connection: Connection, /, **values: object) -> SettingsState:
    return replace(state(**values), connection=connection)


def told(spec: SettingSpec, key: str, value: object) -> SettingsState:
    return replace(state(**{key: value}), specs={key: spec})


@pytest.mark.parametrize(
    ("key", "value", "found", "kind"),
    [
        pytest.param(NOTIFY, True, at(OFFLINE, **{NOTIFY: False}), "jetpack.offline", id="offline"),
        pytest.param(NOTIFY, True, at(UNCONNECTED, **{NOTIFY: False}), "jetpack.not_connected",
                     id="not connected"),
        pytest.param(NOTIFY, True, at(CONNECTED, monitor=False, **{NOTIFY: False}),
                     "jetpack.unsupported", id="module off"),
        pytest.param("lang_id", "de_DE", state(lang_id="error_cap"), "auth.forbidden",
                     id="may not install languages"),
        pytest.param("lang_id", "de_DE", state(lang_id="error_const"), "jetpack.override",
                     id="language of the host"),
        pytest.param("wpcom_newsletter_categories", [], state(wpcom_newsletter_categories=[1]),
                     "jetpack.unsupported", id="a list that cannot be emptied"),
        pytest.param("k", "yes", told(BOOLEAN, "k", False), "jetpack.refused", id="no boolean"),
        pytest.param("k", None, told(BOOLEAN, "k", False), "jetpack.refused", id="null"),
        pytest.param("k", 2, told(BOOLEAN, "k", False), "jetpack.refused", id="two"),
        pytest.param("k", "ten", told(INTEGER, "k", 10), "jetpack.refused", id="no number"),
        pytest.param("k", True, told(INTEGER, "k", 10), "jetpack.refused", id="boolean"),
        pytest.param("k", 1.5, told(INTEGER, "k", 10), "jetpack.refused", id="fraction"),
        pytest.param("k", "mauve", told(SHADES, "k", "black"), "jetpack.refused", id="no choice"),
        pytest.param("likes", True, replace(state(likes=False), modules=frozenset({"likes"})),
                     "jetpack.unsupported", id="module"),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_is_told_by_its_kind(
    key: str, value: Any, found: SettingsState, kind: str
) -> None:
    decision = SetSettings({key: value}).decide(found)
    assert decision.changes == ()
    assert [each.kind for each in decision.settled] == [kind]
    assert decision.settled[0].reason


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        pytest.param(NOTIFY, False, at(OFFLINE, **{NOTIFY: False}), id="remote"),
        pytest.param("likes", True, replace(state(likes=True), modules=frozenset({"likes"})),
                     id="module"),
        pytest.param("wpcom_newsletter_categories", [], state(wpcom_newsletter_categories=[]),
                     id="empty already"),
    ],
)  # fmt: skip
def test_what_could_not_be_set_is_unchanged_where_it_is_as_wanted(
    key: str, value: Any, found: SettingsState
) -> None:
    (settled,) = SetSettings({key: value}).decide(found).settled
    assert settled.verdict is Verdict.UNCHANGED


@pytest.mark.parametrize(
    ("spec", "found", "value"),
    [
        pytest.param(BOOLEAN, False, "1", id="digit"),
        pytest.param(INTEGER, 10, "11", id="digits"),
        pytest.param(INTEGER, 10, 11.0, id="whole number"),
        pytest.param(SHADES, "Black", "mauve", id="choices that are labels"),
        pytest.param(SettingSpec("string"), "", 7, id="what the site has to judge"),
    ],
)
def test_what_cannot_be_judged_here_is_sent(spec: SettingSpec, found: object, value: Any) -> None:
    decision = SetSettings({"k": value}).decide(told(spec, "k", found))
    assert [change.after for change in decision.changes] == [value]


@pytest.mark.parametrize(
    ("key", "word", "found", "sent"),
    [
        ("post_by_email_address", "create", "", True),
        ("post_by_email_address", "create", "a@post.example", False),
        ("post_by_email_address", "delete", "a@post.example", True),
        ("post_by_email_address", "delete", "", False),
        ("post_by_email_address", "regenerate", "a@post.example", True),
        ("post_by_email_address", "noop", "", False),
        ("jetpack_protect_key", "create", False, True),
        ("jetpack_protect_key", "create", "0123", False),
        ("search_auto_config", True, False, True),
        ("search_auto_config", False, False, False),
        ("custom", {"sharing_name": "x"}, [], True),
        ("sharing_delete_service", "custom-1", "", True),
    ],
)
def test_commands_are_sent_where_asked_for_and_needed(
    key: str, word: Any, found: object, sent: bool
) -> None:
    here = at(CONNECTED, **{key: found})
    (refused,) = SetSettings({key: word}).decide(here).settled
    assert "--commands" in refused.reason
    decision = SetSettings({key: word}, commands=True).decide(here)
    assert bool(decision.changes) is sent
    assert [each.verdict for each in decision.settled] == [Verdict.UNCHANGED] * (not sent)


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
    order = SyncSettings(source="golden", only=("sm_enabled",))
    decision = CarriedSettings({"sm_enabled": True}, order).decide(state())
    assert [key.kind for key in decision.settled] == ["jetpack.unsupported"]
