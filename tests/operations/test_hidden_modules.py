"""Modules whose stored state no route tells: Jetpack up to 4.5, offline or not connected.

The ledger and the stored modules of the simulated sites are the oracle.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.operations.module_list import ListModules
from fleet.operations.modules import ActivateModules, DeactivateModules
from fleet.results import RunReport, SiteResult, Status, Verdict
from fleet.simulator.eras import RELEASES
from fleet.simulator.faults import Fault
from fleet.simulator.site import SiteSpec
from tests.engine.simulated import simulated

STATES = ("connected", "offline", "unconnected")
OLD = ("4.3", "4.4", "4.5")
AWAY = ("offline", "unconnected")
LIKES = "/jetpack/v4/module/likes/active"


def only(report: RunReport) -> SiteResult:
    (result,) = report.results
    return result


def hides(era: str, connection: str) -> bool:
    return not RELEASES[era].tells_settings and connection != "connected"


@pytest.mark.parametrize("era", RELEASES)
@pytest.mark.parametrize("connection", STATES)
async def test_likes_are_left_off_and_nothing_else_is_changed(
    era: str, connection: str, tmp_path: Path
) -> None:
    spec = SiteSpec("shop", era=era, connection=connection, modules=("latex", "likes"))
    async with simulated(tmp_path, spec) as running:
        shop, hidden = running.site("shop"), hides(era, connection)
        first = only(await running.fleet.run(DeactivateModules(("likes",))))
        assert first.status is (Status.UNKNOWN if hidden else Status.CHANGED)
        assert shop.state.modules == {"latex"}
        assert [write.changes for write in shop.ledger] == [(("modules.likes", True, False),)]
        again = only(await running.fleet.run(DeactivateModules(("likes",))))
        assert again.status is Status.UNCHANGED
        assert (first.usage.writes, again.usage.writes) == (1, 1 if hidden else 0)
        assert len(shop.ledger) == 1


@pytest.mark.parametrize("era", RELEASES)
@pytest.mark.parametrize("connection", STATES)
async def test_a_module_that_is_off_is_unchanged_by_what_the_site_says(
    era: str, connection: str, tmp_path: Path
) -> None:
    spec = SiteSpec("shop", era=era, connection=connection, modules=("latex",))
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(DeactivateModules(("likes",))))
        (key,) = result.keys
        assert (result.status, key.found) == (Status.UNCHANGED, False)
        assert running.site("shop").ledger == []
        assert ("off already" in key.reason) is hides(era, connection)


@pytest.mark.parametrize("era", OLD)
@pytest.mark.parametrize("connection", AWAY)
@pytest.mark.parametrize(
    ("fault", "why"),
    [
        pytest.param("lie_unchanged", "said yes", id="yes but no"),
        pytest.param("lie_applied", "refused it", id="no but yes"),
        pytest.param("reset_after", "answer was lost", id="answer lost"),
        pytest.param("reset_before", "answer was lost", id="request lost"),
        pytest.param("server_error", "the site answered 500", id="server error"),
    ],
)
async def test_what_cannot_be_known_is_unknown_and_says_what_to_do(
    era: str, connection: str, fault: str, why: str, tmp_path: Path
) -> None:
    faults = (Fault(fault, where=LIKES, methods=("POST",), times=1),)
    spec = SiteSpec("ill", era=era, connection=connection, modules=("likes",), faults=faults)
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(DeactivateModules(("likes",))))
        (key,) = result.keys
        assert (key.verdict, key.kind) == (Verdict.UNKNOWN, "write.unconfirmed")
        assert why in key.reason
        assert "run again" in key.reason
        assert (key.found, result.usage.writes) == (None, 1)
        await running.fleet.run(DeactivateModules(("likes",)))
        last = only(await running.fleet.run(DeactivateModules(("likes",))))
        assert last.status is Status.UNCHANGED
        assert running.site("ill").state.modules == set()


@pytest.mark.parametrize("era", OLD)
async def test_offline_the_modules_that_can_be_read_are_told_apart(
    era: str, tmp_path: Path
) -> None:
    spec = SiteSpec("shop", era=era, connection="offline", modules=("latex", "likes"))
    async with simulated(tmp_path, spec) as running:
        order = DeactivateModules(("carousel", "latex", "likes"))
        result = only(await running.fleet.run(order))
        assert {key.key: key.verdict for key in result.keys} == {
            "modules.carousel": Verdict.UNCHANGED,
            "modules.latex": Verdict.CHANGED,
            "modules.likes": Verdict.UNKNOWN,
        }
        assert running.site("shop").state.modules == set()
        assert "without knowing: likes" in " ".join(result.notes)


@pytest.mark.parametrize("era", RELEASES)
@pytest.mark.parametrize("connection", STATES)
async def test_a_state_that_is_not_told_is_listed_as_unknown(
    era: str, connection: str, tmp_path: Path
) -> None:
    spec = SiteSpec("shop", era=era, connection=connection, modules=("latex", "likes"))
    async with simulated(tmp_path, spec) as running:
        data = only(await running.fleet.run(ListModules())).data
        listed = data["modules"]
        assert isinstance(listed, dict)
        told = {slug: state for slug, state in listed.items() if state != "unknown"}
        stored = running.site("shop").state.modules
        assert told == {slug: "active" if slug in stored else "inactive" for slug in told}
        assert ("likes" in told) is not hides(era, connection)
        assert ("latex" in told) is not (hides(era, connection) and connection == "unconnected")
        assert ("before 4.6" in str(data.get("unknown"))) is hides(era, connection)


@pytest.mark.parametrize("connection", AWAY)
@pytest.mark.parametrize("era", OLD)
async def test_a_refused_activation_does_not_claim_that_the_module_is_off(
    era: str, connection: str, tmp_path: Path
) -> None:
    spec = SiteSpec("shop", era=era, connection=connection, modules=("likes",))
    async with simulated(tmp_path, spec) as running:
        (key,) = only(await running.fleet.run(ActivateModules(("likes",)))).keys
        assert (key.verdict, key.before, key.found) == (Verdict.REJECTED, None, None)
        assert "does not tell" in key.reason
        assert running.site("shop").ledger == []


async def test_a_dry_run_shows_that_nothing_is_known(tmp_path: Path) -> None:
    spec = SiteSpec("shop", era="4.5", connection="offline", modules=("likes",))
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(DeactivateModules(("likes",)), dry_run=True))
        assert [(key.verdict, key.before) for key in result.keys] == [(Verdict.DRIFT, None)]
        assert "without knowing: likes" in " ".join(result.notes)
        assert running.site("shop").ledger == []
