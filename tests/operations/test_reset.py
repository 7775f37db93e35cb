"""How a reset is judged: by everything that differs, without a server."""

from __future__ import annotations

import pytest

from fleet.errors import SiteError
from fleet.operations.base import WriteLog
from fleet.operations.reset import ResetModules, ResetOptions, ResetState
from fleet.operations.values import MASK
from fleet.results import Verdict

BEFORE = ResetState({"modules.likes": True, "modules.latex": False})
AFTER = ResetState({"modules.likes": False, "modules.latex": False})
LOST = SiteError("net.reset", "the connection broke off")
UNSENT = SiteError("net.refused", "nobody there", sent=False)
BROKEN = SiteError("site.server_error", "the site answered 500", answered=True)


@pytest.mark.parametrize(
    ("after", "complaint", "trouble", "key", "verdict", "kind"),
    [
        pytest.param(AFTER, "", None, "modules.likes", Verdict.CHANGED, None, id="done"),
        pytest.param(AFTER, "", LOST, "modules.likes", Verdict.CHANGED, None, id="lost but done"),
        pytest.param(AFTER, "no", None, "modules.likes", Verdict.CHANGED, None, id="no but done"),
        pytest.param(BEFORE, "", None, "modules", Verdict.UNCHANGED, None, id="nothing to do"),
        pytest.param(
            BEFORE, "no", None, "modules", Verdict.REJECTED, "jetpack.refused", id="refused"
        ),
        pytest.param(BEFORE, "", LOST, "modules", Verdict.UNKNOWN, "write.unconfirmed", id="lost"),
        pytest.param(
            BEFORE, "", BROKEN, "modules", Verdict.REJECTED, "site.server_error", id="broken"
        ),
        pytest.param(
            AFTER, "", UNSENT, "modules", Verdict.REJECTED, "net.refused", id="changed by another"
        ),
        pytest.param(
            None, "", LOST, "modules", Verdict.UNKNOWN, "write.unconfirmed", id="not read again"
        ),
    ],
)
async def test_a_reset_is_judged_by_what_differs(
    after: ResetState | None,
    complaint: str,
    trouble: SiteError | None,
    key: str,
    verdict: Verdict,
    kind: str | None,
) -> None:
    reset, log = ResetModules(), WriteLog()
    changes = reset.decide(BEFORE).changes
    await log.sending(changes)
    if complaint:
        log.complain(changes, "jetpack.refused", complaint)
    (judged,) = reset.judge(BEFORE, after, changes, log, trouble)
    assert (judged.key, judged.verdict, judged.kind) == (key, verdict, kind)


@pytest.mark.parametrize("trouble", [LOST, None], ids=["lost", "refused"])
async def test_a_change_in_doubt_says_so(trouble: SiteError | None) -> None:
    reset, log = ResetModules(), WriteLog()
    changes = reset.decide(BEFORE).changes
    await log.sending(changes)
    if trouble is None:
        log.complain(changes, "jetpack.refused", "no")
    (judged,) = reset.judge(BEFORE, AFTER, changes, log, trouble)
    assert judged.reason.startswith("changed, ")


async def test_secrets_are_masked_one_by_one_and_in_groups() -> None:
    key = "settings.wordpress_api_key"
    before, after = ResetState({key: "canary"}), ResetState({key: ""})
    reset, log = ResetOptions(), WriteLog()
    (change,) = reset.decide(before).changes
    await log.sending([change])
    judged = reset.judge(before, after, (change,), log, None)
    shown = reset.shown(change.key, change.before)
    assert shown == {key: MASK}
    assert "canary" not in str((judged, shown))
    assert (judged[0].before, judged[0].found) == (MASK, "")


async def test_a_group_that_was_not_read_before_is_not_seen_to_change() -> None:
    reset, log = ResetOptions(), WriteLog()
    (change,) = reset.decide(BEFORE).changes
    await log.sending([change])
    after = ResetState({**AFTER.values, "settings.carousel_display_exif": True})
    judged = reset.judge(BEFORE, after, (change,), log, None)
    assert [key.key for key in judged] == ["modules.likes"]


def test_what_can_never_be_read_is_not_reset() -> None:
    decision = ResetModules().decide(ResetState({}))
    assert decision.changes == ()
    assert [key.kind for key in decision.settled] == ["jetpack.unsupported"]


def test_the_parameters_say_what_was_asked() -> None:
    assert ResetModules().parameters() == {"reset": ["modules"]}
