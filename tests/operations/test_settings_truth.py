"""Setting settings on simulated sites of every era: what is said is what the site has."""

from __future__ import annotations

from typing import Any

import pytest

from fleet.operations.settings import GetSettings, SetSettings
from fleet.operations.values import MASK
from fleet.results import Verdict
from fleet.simulator.eras import ERAS
from fleet.simulator.faults import Fault
from fleet.simulator.settings import options_of
from fleet.simulator.site import SiteSpec
from tests.operations.in_process import InProcess

FULL = [pytest.param(era, id=f"Jetpack {era}") for era in ERAS if era != "4.3"]
CONNECTIONS = ("offline", "unconnected", "connected")
SETTINGS = "/jetpack/v4/settings"
GOOD = ("carousel_background_color", "white")
TAG = '<meta name="google-site-verification" content="ab-12" />'


def site(era: str = "16.1", **more: Any) -> InProcess:
    return InProcess(SiteSpec("s", era=era, **more))


@pytest.mark.parametrize("connection", CONNECTIONS)
@pytest.mark.parametrize("era", FULL)
async def test_a_bad_type_is_stopped_here_so_that_the_good_key_is_applied(
    era: str, connection: str
) -> None:
    here = site(era, connection=connection)
    values: dict[str, Any] = {GOOD[0]: GOOD[1], "no_such": 1, "carousel_display_exif": "yes"}
    ended = await here.run(SetSettings(values))
    assert ended.verdicts == {
        GOOD[0]: "changed",
        "no_such": "unsupported",
        "carousel_display_exif": "rejected",
    }
    assert here.bodies == [dict([GOOD])]
    assert here.site.options == dict([GOOD])


@pytest.mark.parametrize("era", FULL)
async def test_a_value_the_site_refuses_keeps_the_good_key_from_being_applied(era: str) -> None:
    here = site(era)
    ended = await here.run(SetSettings({GOOD[0]: GOOD[1], "no_such": 1, "google": "<b>"}))
    assert ended.verdicts == {GOOD[0]: "rejected", "no_such": "unsupported", "google": "rejected"}
    assert "another value" in ended.keys[GOOD[0]].reason
    assert "not accepted" in ended.keys["google"].reason
    assert here.site.ledger == []


@pytest.mark.parametrize("era", FULL)
async def test_a_value_the_site_fails_to_store_leaves_the_good_key_applied(era: str) -> None:
    here = site(era)
    values = {GOOD[0]: GOOD[1], "wordpress_api_key": "c4nary1234"}
    ended = await here.run(SetSettings(values))  # type: ignore[arg-type] # texts are JSON
    assert ended.verdicts == {GOOD[0]: "changed", "wordpress_api_key": "rejected"}
    assert "Akismet" in ended.keys["wordpress_api_key"].reason
    assert here.site.options == dict([GOOD])
    assert "c4nary1234" not in repr(ended)


async def test_jetpack_4_3_takes_its_single_setting_and_no_other() -> None:
    here = site("4.3")
    values: dict[str, Any] = {"jetpack_holiday_snow_enabled": True, GOOD[0]: GOOD[1], "x": "yes"}
    ended = await here.run(SetSettings(values))
    assert ended.verdicts == {
        "jetpack_holiday_snow_enabled": "changed",
        GOOD[0]: "unsupported",
        "x": "unsupported",
    }
    assert here.site.options == {"jetpack_holiday_snow_enabled": True}


@pytest.mark.parametrize(
    ("fault", "verdict", "kind", "applied"),
    [
        pytest.param("lie_unchanged", Verdict.REJECTED, "verify.mismatch", 0, id="yes but no"),
        pytest.param("lie_applied", Verdict.CHANGED, None, 1, id="no but yes"),
        pytest.param("reset_after", Verdict.CHANGED, None, 1, id="answer lost"),
        pytest.param("reset_before", Verdict.UNKNOWN, "write.unconfirmed", 0, id="request lost"),
    ],
)
@pytest.mark.parametrize("era", FULL)
@pytest.mark.parametrize("value", [GOOD, ("carousel_display_exif", True)], ids=["text", "switch"])
async def test_a_lie_and_a_lost_answer_cost_one_write_and_no_truth(
    era: str,
    fault: str,
    verdict: Verdict,
    kind: str | None,
    applied: int,
    value: tuple[str, Any],
) -> None:
    here = site(era, faults=(Fault(fault, where=SETTINGS, methods=("POST",)),))
    ended = await here.run(SetSettings(dict([value])))
    assert (ended.keys[value[0]].verdict, ended.keys[value[0]].kind) == (verdict, kind)
    assert (ended.writes, len(here.site.ledger)) == (1, applied)


DEAF = [pytest.param(era, id=f"Jetpack {era}") for era in ("6.1", "8.9", "11.5")]


@pytest.mark.parametrize("era", DEAF)
@pytest.mark.parametrize("key", ["infinite_scroll", "social_notifications_like"])
async def test_a_false_that_is_not_heard_is_stored_by_way_of_true(era: str, key: str) -> None:
    """Each of the three writes is on record before it leaves."""
    here = site(era)
    ended = await here.run(SetSettings({key: False}))
    assert ended.verdicts == {key: "changed"}
    assert here.bodies == [{key: False}, {key: True}, {key: False}]
    assert here.intents == [(sent, (f"settings.{key}",)) for sent in range(3)]
    assert here.site.options == {key: False}
    assert (await here.run(SetSettings({key: False}))).writes == 0


@pytest.mark.parametrize("era", DEAF)
@pytest.mark.parametrize(
    ("fault", "after", "kind", "writes", "stored"),
    [
        pytest.param("lie_unchanged", 1, "verify.mismatch", 3, None, id="true is not stored"),
        pytest.param("lie_unchanged", 2, "verify.mismatch", 3, True, id="false is not stored"),
        pytest.param("lie_applied", 1, None, 3, False, id="true is stored but denied"),
        pytest.param("lie_applied", 2, None, 3, False, id="false is stored but denied"),
        pytest.param("reset_after", 1, "write.unconfirmed", 2, True, id="answer to true lost"),
        pytest.param("reset_after", 2, None, 3, False, id="answer to false lost"),
        pytest.param("reset_before", 2, "write.unconfirmed", 3, True, id="false lost"),
        pytest.param("server_error", 2, "site.server_error", 3, True, id="false breaks the site"),
    ],
)
async def test_a_lie_in_the_middle_of_insisting_is_seen_through(
    era: str, fault: str, after: int, kind: str | None, writes: int, stored: bool | None
) -> None:
    faults = (Fault(fault, where=SETTINGS, methods=("POST",), after=after, times=1),)
    here = site(era, faults=faults)
    ended = await here.run(SetSettings({"infinite_scroll": False}))
    assert (ended.keys["infinite_scroll"].kind, ended.writes) == (kind, writes)
    assert here.site.options.get("infinite_scroll") is stored
    assert (kind is None) == (ended.verdicts["infinite_scroll"] == "changed")


@pytest.mark.parametrize("era", FULL)
async def test_an_unheard_false_is_insisted_on_where_that_helps_only(era: str) -> None:
    lie = Fault("lie_unchanged", where=SETTINGS)
    here = site(era, options={"infinite_scroll": True}, faults=(lie,))
    ended = await here.run(SetSettings({"infinite_scroll": False}))
    assert ended.keys["infinite_scroll"].kind == "verify.mismatch"
    assert ended.writes == (3 if ERAS[era].forgets_false else 1)


async def test_an_answer_lost_while_insisting_leaves_the_key_unknown() -> None:
    lost = Fault("reset_before", where=SETTINGS, methods=("POST",), after=1)
    here = site("8.9", faults=(lost,))
    ended = await here.run(SetSettings({"infinite_scroll": False}))
    assert ended.keys["infinite_scroll"].kind == "write.unconfirmed"


@pytest.mark.parametrize("era", FULL)
async def test_a_whole_tag_is_the_same_however_it_is_stored(era: str) -> None:
    here = site(era)
    task = SetSettings({"google": TAG})
    assert (await here.run(task)).verdicts == {"google": "changed"}
    assert here.site.options["google"] == (TAG if era == "6.1" else "ab-12")
    assert (await here.run(task)).writes == 0


async def test_a_form_that_cannot_be_foreseen_is_told() -> None:
    ended = await site().run(SetSettings({"show": ["post", "unheard-of"]}))
    assert ended.keys["show"].verdict is Verdict.REJECTED
    assert ended.keys["show"].reason == 'stored in another form: ["post"]'


async def test_an_address_list_that_is_quietly_dropped_is_a_mismatch() -> None:
    here = site(modules=("protect",))
    ended = await here.run(SetSettings({"jetpack_protect_global_whitelist": "10.0.0.999"}))
    assert ended.keys["jetpack_protect_global_whitelist"].kind == "verify.mismatch"
    assert "10.0.0.999" not in repr(ended)


async def test_a_key_that_kills_its_request_takes_no_other_along() -> None:
    here = site("6.1", modules=())
    values: dict[str, Any] = {"jetpack_protect_global_whitelist": "10.0.0.1", GOOD[0]: GOOD[1]}
    ended = await here.run(SetSettings(values))
    assert ended.verdicts == {"jetpack_protect_global_whitelist": "rejected", GOOD[0]: "changed"}
    assert ended.keys["jetpack_protect_global_whitelist"].kind == "site.server_error"


async def test_keys_with_blanks_in_their_names_are_set() -> None:
    here = site("6.1")
    task = SetSettings({"Passive voice": True, GOOD[0]: GOOD[1]})
    assert set((await here.run(task)).verdicts.values()) == {"changed"}
    assert (await here.run(task)).writes == 0


@pytest.mark.parametrize("era", FULL)
async def test_modules_are_left_to_their_own_operations(era: str) -> None:
    here = site(era, modules=())
    ended = await here.run(SetSettings({"sitemaps": True, "likes": False}))
    assert ended.verdicts == {"sitemaps": "unsupported", "likes": "unchanged"}
    assert "modules.activate" in ended.keys["sitemaps"].reason
    assert ended.writes == 0


@pytest.mark.parametrize(
    ("connection", "kind"),
    [("offline", "jetpack.offline"), ("unconnected", "jetpack.not_connected")],
)
@pytest.mark.parametrize("key", ["monitor_receive_notifications", "post_by_email_address"])
@pytest.mark.parametrize("era", FULL)
async def test_keys_kept_at_wordpress_com_need_it(
    era: str, key: str, connection: str, kind: str
) -> None:
    here = site(era, connection=connection, modules=("monitor", "post-by-email"))
    value: Any = True if key.startswith("monitor") else "create"
    ended = await here.run(SetSettings({key: value}, commands=True))
    assert (ended.keys[key].kind, ended.writes) == (kind, 0)


COMMANDS: dict[str, Any] = {
    "custom": {"sharing_name": "x", "sharing_url": "https://x.example", "sharing_icon": "x.png"},
    "search_auto_config": True,
    "jetpack_protect_key": "create",
    "post_by_email_address": "create",
}
READABLE = ("jetpack_protect_key", "post_by_email_address")


@pytest.mark.parametrize("era", ["8.9", "11.5", "13.9", "15.1", "16.1"])
async def test_commands_go_alone_and_once_and_are_judged_by_what_they_leave(era: str) -> None:
    here = site(era)
    values = {"lang_id": "de_DE", **COMMANDS, GOOD[0]: GOOD[1]}
    ended = await here.run(SetSettings(values, commands=True))
    assert ended.verdicts == {
        **{key: "changed" if key in READABLE else "unknown" for key in COMMANDS},
        "lang_id": "changed",
        GOOD[0]: "changed",
    }
    assert [list(body) for body in here.bodies] == [
        [GOOD[0]],
        *([key] for key in sorted(COMMANDS)),
        ["lang_id"],
    ]
    assert ended.keys["post_by_email_address"].found == MASK


@pytest.mark.parametrize(
    ("word", "stored", "verdict", "writes"),
    [
        pytest.param("create", "", Verdict.CHANGED, 1, id="create"),
        pytest.param("create", "old@post.example", Verdict.UNCHANGED, 0, id="there already"),
        pytest.param("regenerate", "old@post.example", Verdict.CHANGED, 1, id="regenerate"),
        pytest.param("delete", "old@post.example", Verdict.CHANGED, 1, id="delete"),
        pytest.param("delete", "", Verdict.UNCHANGED, 0, id="nothing to delete"),
        pytest.param("frobnicate", "", Verdict.REJECTED, 1, id="no such word"),
    ],
)
async def test_the_mailbox_is_judged_by_its_address(
    word: str, stored: str, verdict: Verdict, writes: int
) -> None:
    here = site(options={"post_by_email_address": stored} if stored else {})
    task = SetSettings({"post_by_email_address": word}, commands=True)
    ended = await here.run(task)
    assert (ended.keys["post_by_email_address"].verdict, ended.writes) == (verdict, writes)
    assert "@" not in repr(ended)


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        pytest.param("lie_unchanged", Verdict.REJECTED, id="yes but no"),
        pytest.param("lie_applied", Verdict.CHANGED, id="no but yes"),
        pytest.param("reset_after", Verdict.CHANGED, id="answer lost"),
        pytest.param("reset_before", Verdict.UNKNOWN, id="request lost"),
    ],
)
async def test_a_command_is_never_sent_twice(fault: str, verdict: Verdict) -> None:
    here = site(faults=(Fault(fault, where=SETTINGS, methods=("POST",)),))
    ended = await here.run(SetSettings({"post_by_email_address": "create"}, commands=True))
    assert (ended.keys["post_by_email_address"].verdict, ended.writes) == (verdict, 1)


@pytest.mark.parametrize("era", list(ERAS))
async def test_no_secret_stands_in_what_is_read(era: str) -> None:
    secret = {key: "c4nary" for key, option in options_of(ERAS[era]).items()
              if "secret" in option.traits}  # fmt: skip
    lists: dict[str, object] = {"jetpack_protect_global_whitelist": ["c4nary"]}
    nested = {"subscription_options": {"welcome": "Hi", "api_key": "c4nary", "x_nonce": "c4nary"}}
    mail = {"jetpack_subscriptions_from_name": "c4nary@person.example"}
    here = site(era, options={**secret, **lists, **nested, **mail})
    data = await GetSettings().collect(here.client)
    assert "c4nary" in repr(await here.client.settings()) or era == "4.3"
    assert "c4nary" not in repr(data)


@pytest.mark.parametrize("connection", CONNECTIONS)
@pytest.mark.parametrize("era", FULL)
async def test_named_settings_are_read_and_no_other(era: str, connection: str) -> None:
    here = site(era, connection=connection)
    data = await GetSettings(keys=(GOOD[0], "no_such")).collect(here.client)
    assert data == {"settings": {GOOD[0]: "black"}}
