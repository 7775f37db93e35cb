"""The rows of the fault and security matrices that are about logins and identity, one test each.

The pages in which such trouble comes are in ``tests/pages``; here a whole run meets it, and what
the sites counted is the oracle.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fleet.engine.stop import Stop
from fleet.operations.modules import ActivateModules
from fleet.results import Event, Halt, RunReport, SiteFinished, SiteResult, Status
from fleet.simulator.auth import SimUser
from fleet.simulator.faults import Fault
from fleet.simulator.site import SiteSpec
from fleet.site.wire import recognise
from tests.identity.runs import ADMIN, WRONG, Machine, machine, only
from tests.pages.made import PAGES
from tests.policy.governed import governed

LATEX = ActivateModules(("latex",))
LOGIN = "/wp-login.php"


async def ended(folder: Path, *faults: Fault, **facts: object) -> tuple[SiteResult, int, int]:
    """Return how a site with faults ended, its passwords and its writes."""
    spec = SiteSpec("ill", modules=(), faults=faults)
    method = str(facts.pop("method", "cookie"))
    async with machine(folder, spec) as found:
        found.method = method
        if method != "cookie":
            found.password = str(facts.pop("password", ADMIN.application_passwords[0]))
        result = only(await found.run(LATEX))
        ill = found.site("ill")
        return result, ill.count("POST", LOGIN), len(ill.ledger)


@pytest.mark.parametrize(
    ("fault", "kind", "status"),
    [
        ("maintenance", "site.maintenance", Status.UNREACHABLE),
        ("unavailable", "site.overloaded", Status.UNREACHABLE),
    ],
)
async def test_fault_20_maintenance_is_told_from_overload(
    fault: str, kind: str, status: Status, tmp_path: Path
) -> None:
    result, logins, writes = await ended(tmp_path, Fault(fault))
    assert (result.kind, result.status, logins, writes) == (kind, status, 0, 0)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("WordPress updates", "site.maintenance"),
        ("Wordfence, as 503", "block.waf"),
        ("overload, 503", "site.overloaded"),
    ],
)
def test_fault_20_three_pages_of_one_status_are_told_apart(name: str, kind: str) -> None:
    (made,) = (made for made in PAGES if made.name == name)
    assert (made.reply.status, recognise(made.reply).kind) == (503, kind)


async def test_fault_21_a_fatal_error_is_no_bad_json_and_is_written_once(tmp_path: Path) -> None:
    route = "/jetpack/v4/module/all/active"
    result, _, writes = await ended(tmp_path, Fault("fatal", where=route, methods=("POST",)))
    assert (result.kind, result.status, writes) == ("site.critical_error", Status.FAILED, 0)
    assert result.usage.writes == 1


@pytest.mark.parametrize("after", [2, 3, 4])
async def test_fault_25_an_answer_for_nobody_is_never_used(after: int, tmp_path: Path) -> None:
    gone = Fault("drop_credentials", where="/*/*", after=after)
    result, logins, writes = await ended(tmp_path, gone)
    assert result.status is Status.BLOCKED
    assert (result.kind, writes) in [("auth.anonymous", 0), ("auth.session", 0)]
    assert logins <= 2


async def test_fault_25_public_data_for_nobody_is_not_used(tmp_path: Path) -> None:
    """The route is open to everybody, so only the nonce that is missing tells."""
    gone = Fault("drop_credentials", where="/jetpack/v4/connection")
    async with machine(tmp_path, SiteSpec("shop", faults=(gone,))) as found:
        result = only(await found.run())
        assert (result.status, result.kind) == (Status.BLOCKED, "auth.anonymous")
        assert found.logins() == 1


async def test_fault_25_an_ignored_nonce_is_renewed_once(tmp_path: Path) -> None:
    once = Fault("drop_credentials", where="/jetpack/v4/connection", times=1)
    async with machine(tmp_path, SiteSpec("shop", faults=(once,))) as found:
        assert only(await found.run()).status is Status.UNCHANGED
        assert found.logins() == 1


async def test_fault_25_an_answer_of_a_cache_is_never_used(tmp_path: Path) -> None:
    result, _, writes = await ended(tmp_path, Fault("cached", where="/jetpack/v4/*"))
    assert (result.kind, result.status, writes) == ("proto.cached", Status.FAILED, 0)


async def test_fault_25_a_cache_is_asked_past(tmp_path: Path) -> None:
    result, _, writes = await ended(tmp_path, Fault("cached", where="/jetpack/v4/*", times=1))
    assert (result.status, writes) == (Status.CHANGED, 1)


async def test_fault_26_a_session_that_ends_is_begun_once_more(tmp_path: Path) -> None:
    result, logins, writes = await ended(tmp_path, Fault("expire_session", times=1, after=5))
    assert (result.status, logins, writes) == (Status.CHANGED, 2, 1)


async def test_fault_26_a_session_that_keeps_ending_is_not_begun_again(tmp_path: Path) -> None:
    result, logins, writes = await ended(tmp_path, Fault("expire_session", where="/*/*"))
    assert (result.status, result.kind, writes) == (Status.BLOCKED, "auth.session", 0)
    assert logins <= 2


async def test_fault_27_a_rejected_password_is_sent_once_across_runs(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop", modules=())) as found:
        found.password = WRONG
        for task in (LATEX, None, LATEX):
            result = only(await found.run(task))
            assert (result.status, result.kind) == (Status.BLOCKED, "auth.bad_credentials")
        assert found.site("shop").count("POST") == 1
        found.password = ADMIN.password
        assert only(await found.run(LATEX)).status is Status.CHANGED
        assert found.site("shop").login_attempts == 2


async def test_fault_27_a_rejected_password_is_sent_once_with_resume(tmp_path: Path) -> None:
    policy = "policies: [{name: baseline, modules: {active: [latex]}}]\nrollout: {waves: [1, 100%]}"
    specs = [SiteSpec(f"s{number}", modules=(), blog=1 + number) for number in range(3)]
    async with governed(tmp_path, policy, *specs) as running:
        plan = await running.plan()
        moved = SiteSpec("s0", modules=(), blog=1, users=(SimUser(ADMIN.name, "another"),))
        site = running.world.replace(moved)
        stop = Stop()

        def first_wave_is_over(event: Event) -> None:
            if isinstance(event, SiteFinished):
                stop.request("SIGINT")

        report = await running.apply(plan, listeners=[first_wave_is_over], stop=stop)
        assert report.results[0].kind == "auth.bad_credentials"
        resumed = await running.resume(report.run_id)
        assert resumed.results[0].kind == "auth.bad_credentials"
        await running.plan()
        assert site.count("POST") == 1


async def test_fault_28_a_lockout_keeps_the_neighbours_at_its_address_from_trying(
    tmp_path: Path,
) -> None:
    specs = [SiteSpec(f"s{n}", faults=(Fault("lockout"),)) for n in range(5)]
    async with machine(tmp_path, *specs, change=_one_by_one) as found:
        report = await found.run()
        assert {result.kind for result in report.results} == {"auth.locked_out"}
        assert found.logins() == 1
        first, *others = report.results
        assert "it asks to wait 20 minutes" in first.message
        assert all("not tried: s0, at the same address" in other.message for other in others)


async def test_fault_28_a_lockout_at_the_login_is_not_tried_again(tmp_path: Path) -> None:
    for fault in ("lockout", "protect_block"):
        folder = tmp_path / fault
        folder.mkdir()
        result, logins, writes = await ended(folder, Fault(fault))
        assert (result.status, result.kind) == (Status.BLOCKED, "auth.locked_out")
        assert (logins, writes) == (1, 0)


async def test_fault_28_a_lockout_says_nothing_about_other_servers(tmp_path: Path) -> None:
    specs = [SiteSpec("locked", faults=(Fault("lockout"),)), SiteSpec("well"), SiteSpec("near")]
    async with machine(tmp_path, *specs, change=_one_by_one) as found:
        found.labels = {"locked": "north", "near": "north", "well": "south"}
        report = await found.run()
        assert [result.kind for result in report.results] == [
            "auth.locked_out",
            None,
            "auth.locked_out",
        ]
        assert found.site("near").login_attempts == 0


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("two_factor", "auth.second_factor"), ("password_detection", "auth.leaked_password")],
)
async def test_fault_29_a_second_factor_is_asked_for_once(
    fault: str, kind: str, tmp_path: Path
) -> None:
    result, logins, _ = await ended(tmp_path, Fault(fault))
    assert (result.status, result.kind, logins) == (Status.BLOCKED, kind, 1)
    if kind == "auth.second_factor":
        assert "application password" in result.hint


async def test_fault_29_a_pending_confirmation_is_a_login_all_the_same(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop", confirm_email=True)) as found:
        assert only(await found.run()).status is Status.UNCHANGED


async def test_fault_30_a_challenge_gets_one_request_and_names_its_vendor(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop", faults=(Fault("waf"),))) as found:
        result = only(await found.run())
        assert (result.status, result.kind) == (Status.BLOCKED, "block.captcha")
        assert "Cloudflare" in result.message
        assert found.site("shop").count() == 1
        assert found.logins() == 0


async def test_fault_30_a_captcha_at_the_login_is_tried_once(tmp_path: Path) -> None:
    result, logins, _ = await ended(tmp_path, Fault("captcha"))
    assert (result.status, result.kind, logins) == (Status.BLOCKED, "block.captcha", 1)


async def test_fault_31_a_hidden_login_is_told(tmp_path: Path) -> None:
    result, logins, _ = await ended(tmp_path, Fault("hidden_login"))
    assert (result.status, result.kind, logins) == (Status.BLOCKED, "site.login_hidden", 1)
    assert "auth.login_path" in result.hint


async def test_fault_31_a_closed_interface_is_asked_for_once_by_its_query(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop", faults=(Fault("no_rest"),))) as found:
        result = only(await found.run())
        assert (result.status, result.kind) == (Status.BLOCKED, "site.rest_unavailable")
        asked = [seen for seen in found.site("shop").requests if "rest_route" in seen.query]
        assert len(asked) == 1
        assert found.logins() == 0


async def test_fault_32_a_header_that_is_dropped_is_no_rejected_password(tmp_path: Path) -> None:
    """WordPress answers both alike, so both are told, and neither is remembered."""
    async with machine(tmp_path, SiteSpec("shop", faults=(Fault("drop_credentials"),))) as found:
        found.method, found.password = "application-password", ADMIN.application_passwords[0]
        result = only(await found.run())
        assert (result.status, result.kind) == (Status.BLOCKED, "auth.anonymous")
        assert "drops the Authorization header" in result.message
        assert found.logins() == 0
        found.site("shop").faults.clear()
        assert only(await found.run()).status is Status.UNCHANGED


async def test_fault_33_an_account_without_rights_is_refused_before_any_write(
    tmp_path: Path,
) -> None:
    users = (SimUser(ADMIN.name, ADMIN.password, "editor"), SimUser("boss", "x"))
    async with machine(tmp_path, SiteSpec("shop", users=users, modules=())) as found:
        result = only(await found.run(LATEX))
        assert (result.status, result.kind) == (Status.BLOCKED, "auth.forbidden")
        assert "editor" in result.message
        assert (result.usage.writes, found.site("shop").ledger) == (0, [])


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        pytest.param({"era": None}, "jetpack.missing", id="absent"),
        pytest.param({"jetpack_active": False}, "jetpack.missing", id="inactive"),
        pytest.param({"connection": "unconnected"}, "jetpack.not_connected", id="not connected"),
        pytest.param({"connection": "offline"}, "jetpack.offline", id="offline"),
    ],
)
async def test_fault_34_jetpack_that_is_not_there_is_told_apart(
    facts: dict[str, object], kind: str, tmp_path: Path
) -> None:
    spec = SiteSpec("shop", modules=(), **facts)  # type: ignore[arg-type]
    async with machine(tmp_path, spec) as found:
        result = only(await found.run(ActivateModules(("stats",))))
        assert (result.status, result.kind) == (Status.BLOCKED, kind)
        assert found.site("shop").ledger == []


async def test_fault_49_a_site_taken_over_between_plan_and_apply_gets_no_password(
    tmp_path: Path,
) -> None:
    async with machine(tmp_path, SiteSpec("shop", modules=(), blog=1)) as found:
        assert only(await found.run()).status is Status.UNCHANGED
        thief = found.world.replace(SiteSpec("shop", modules=(), blog=2, title="Casino"))
        result = only(await found.run(LATEX))
        assert (result.status, result.kind) == (Status.BLOCKED, "identity.mismatch")
        assert "was 1 and is 2" in result.message
        assert (thief.count("POST"), thief.ledger, result.usage.logins) == (0, [], 0)
        assert all(seen.user == "" for seen in thief.requests)


async def test_security_20_a_plan_is_not_applied_to_another_site(tmp_path: Path) -> None:
    policy = "policies: [{name: baseline, modules: {active: [latex]}}]"
    specs = [SiteSpec("shop", modules=(), blog=1), SiteSpec("near", modules=(), blog=2)]
    async with governed(tmp_path, policy, *specs) as running:
        plan = await running.plan()
        before = [site.login_attempts for site in running.world]
        running.world.swap("shop", "near")
        report = await running.apply(plan)
        assert {result.kind for result in report.results} == {"identity.mismatch"}
        assert running.writes == 0
        assert [site.login_attempts for site in running.world] == before


async def test_fault_50_one_site_in_two_entries_is_changed_by_one(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop", modules=(), aliases=("boutique",))) as found:
        found.rows["twin"] = found.server.url_of("boutique")
        report = await found.run(LATEX)
        kinds = sorted(str(result.kind) for result in report.results)
        assert kinds == ["None", "identity.duplicate"]
        assert len(found.site("shop").ledger) == 1


async def test_security_39_a_wrong_vault_costs_a_fleet_a_handful_of_logins(tmp_path: Path) -> None:
    specs = [SiteSpec(f"s{n}") for n in range(1000)]
    async with machine(tmp_path, *specs) as found:
        found.password = WRONG
        report = await found.run(LATEX)
        assert found.logins() == 5
        assert _halt(report) is Halt.CREDENTIALS
        assert report.exit_code == 4
        assert report.totals[Status.BLOCKED] == 5
        assert report.totals[Status.NOT_STARTED] > 900
        again = await found.run()
        # Those that rejected it are not asked again; the run halts at the next five.
        assert found.logins() == 10
        assert _halt(again) is Halt.CREDENTIALS


async def test_security_39_some_wrong_passwords_stop_nobody(tmp_path: Path) -> None:
    other = (SimUser(ADMIN.name, "another"),)
    specs = [SiteSpec(f"s{n}", users=other) if n % 3 == 0 else SiteSpec(f"s{n}") for n in range(60)]
    async with machine(tmp_path, *specs) as found:
        report = await found.run()
        assert report.halted is None
        assert report.totals[Status.BLOCKED] == 20
        assert report.totals[Status.UNCHANGED] == 40


def _halt(report: RunReport) -> Halt | None:
    return report.halted.by if report.halted else None


def _one_by_one(found: Machine) -> None:
    limits = replace(found.settings.limits, concurrency=1, per_host=1)
    found.settings = replace(found.settings, limits=limits)
