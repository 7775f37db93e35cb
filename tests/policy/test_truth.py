"""What a run says, and what undoing or going on with it does, where others act in between."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fleet.engine.keeping import site_key
from fleet.engine.stop import Stop
from fleet.errors import InputError, Refused
from fleet.inventory.address import parse_address
from fleet.inventory.model import Inventory
from fleet.operations.module_list import ListModules
from fleet.policy.apply import Applier, resume_run
from fleet.policy.plan import Plan, inventory_digest, read_plan, render_plan
from fleet.policy.rollback import plan_rollback
from fleet.results import Event, RunReport, SiteFinished, SiteResult, Status, Verdict
from fleet.simulator.faults import Fault
from fleet.simulator.site import SiteSpec
from fleet.simulator.wire import SimRequest, SimResponse
from fleet.simulator.world import World
from tests.engine.sites import site
from tests.policy.governed import Governed, governed
from tests.policy.test_apply import BASELINE, SHADE, fleet_of

FORMATS = "advanced_seo_title_formats"
MAPPING = f"""
policies:
  - name: titles
    settings: {{{FORMATS}: {{posts: [{{type: string, value: ours}}]}}}}
"""
OLD = {"posts": [{"type": "string", "value": "old"}]}
OURS = {"posts": [{"type": "string", "value": "ours"}]}
BY_HAND = {"pages": [{"type": "string", "value": "by hand"}]}


class Scripted(World):
    """A world in which a test acts right after a site has worked on a request."""

    def __init__(self) -> None:
        super().__init__()
        self.act: Callable[[SimRequest], SimResponse | None] = lambda _: None

    def handle(self, request: SimRequest) -> SimResponse:
        """Return the site's answer, or the one that the test gives instead."""
        response = super().handle(request)
        return self.act(request) or response


def only(report: RunReport) -> SiteResult:
    (result,) = report.results
    return result


def verdicts(result: SiteResult) -> dict[str, Verdict]:
    return {key.key: key.verdict for key in result.keys}


def totals(report: RunReport) -> dict[str, int]:
    return {status.value: count for status, count in report.totals.items() if count}


def lose_leases(folder: Path) -> None:
    """Take all sites from whoever holds them, as another process would."""
    with sqlite3.connect(folder / "state" / "journal.db") as connection:
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("DELETE FROM journal_leases")


def stop_after(count: int) -> tuple[Stop, Callable[[Event], None]]:
    stop = Stop()
    ended = 0

    def interrupt(event: Event) -> None:
        nonlocal ended
        ended += isinstance(event, SiteFinished)
        if ended == count and stop.signal is None:
            stop.request("SIGTERM")

    return stop, interrupt


async def test_a_value_that_somebody_added_to_makes_the_site_stale(tmp_path: Path) -> None:
    async with governed(tmp_path, MAPPING, SiteSpec("s", era="16.1")) as running:
        running.site("s").state.options[FORMATS] = OLD
        plan = await running.plan()
        running.site("s").state.options[FORMATS] = {**OLD, **BY_HAND}
        result = only(await running.apply(plan))
        assert (result.status, result.kind) == (Status.SKIPPED, "plan.stale")
        assert running.site("s").options[FORMATS] == {**OLD, **BY_HAND}


async def test_rollback_leaves_a_value_that_somebody_added_to(tmp_path: Path) -> None:
    async with governed(tmp_path, MAPPING, SiteSpec("s", era="16.1")) as running:
        running.site("s").state.options[FORMATS] = OLD
        run = await running.apply()
        assert totals(run) == {"changed": 1}
        running.site("s").state.options[FORMATS] = {**OURS, **BY_HAND}
        plan, _ = await plan_rollback(
            running.fleet, running.journal, run.run_id, running.fleet.inventory
        )
        assert plan.changing == ()
        assert [each.kind for each in plan.site("s").blocked] == ["plan.stale"]


async def test_rollback_puts_back_what_a_site_stored_in_another_form(tmp_path: Path) -> None:
    world = Scripted()
    async with governed(tmp_path, BASELINE, *fleet_of(1), world=world) as running:
        plan = await running.plan()
        shop = running.site("s00")

        def bleach(request: SimRequest) -> None:
            if request.method == "POST" and shop.options.get(SHADE) == "white":
                shop.state.options[SHADE] = "off-white"

        world.act = bleach
        run = await running.apply(plan)
        assert verdicts(only(run))[f"settings.{SHADE}"] is Verdict.REJECTED
        world.act = lambda _: None
        assert totals(await running.roll_back(run.run_id)) == {"changed": 1}
        assert shop.options[SHADE] == "black"


async def test_rollback_names_the_sites_it_cannot_look_at(tmp_path: Path) -> None:
    async with governed(tmp_path, BASELINE, *fleet_of(3)) as running:
        run = await running.apply()
        path = tmp_path / "inventory.yaml"
        path.write_text(path.read_text().replace("  s01:", "  renamed:"))
        running.fleet.inventory = Inventory.load([path])
        plan, _ = await plan_rollback(
            running.fleet, running.journal, run.run_id, running.fleet.inventory
        )
        assert [each.name for each in plan.changing] == ["s00", "s02"]
        ((lost),) = plan.unread
        assert lost.name == "s01"
        assert lost.message.startswith("the inventory has it no more; the run changed it at http")


async def test_rollback_never_touches_another_site_of_the_same_name(tmp_path: Path) -> None:
    async with governed(tmp_path, BASELINE, *fleet_of(2)) as running:
        plan = await running.plan()
        wave = replace(plan.waves[0], sites=("s00",))
        first, second = running.fleet.inventory.sites.values()
        run = await running.apply(narrowed(running, replace(plan, waves=(wave,)), "s00"))
        other = running.site("s01")
        other.state.modules = {"sitemaps", "latex", "notes"}
        other.state.options[SHADE] = "white"
        path = tmp_path / "inventory.yaml"
        lines = [line for line in path.read_text().splitlines(keepends=True) if "s01:" not in line]
        path.write_text("".join(lines).replace(str(first.url)[:-1], str(second.url)[:-1]))
        running.fleet.inventory = Inventory.load([path])
        undo, _ = await plan_rollback(
            running.fleet, running.journal, run.run_id, running.fleet.inventory
        )
        assert undo.changing == ()
        assert "is another site now" in undo.unread[0].message
        assert other.ledger == []


def narrowed(running: Governed, plan: Plan, name: str) -> Plan:
    """Return a plan for one of its sites."""
    sites = [running.fleet.inventory.sites[name]]
    return replace(plan, sites=(plan.site(name),), inventory=inventory_digest(sites))


async def test_rollback_leaves_what_a_later_run_changed(tmp_path: Path) -> None:
    async with governed(tmp_path, BASELINE, *fleet_of(1)) as running:
        first = await running.apply()
        running.site("s00").state.modules.discard("latex")
        second = await running.apply()
        assert verdicts(only(second)) == {"modules.latex": Verdict.CHANGED}
        plan, _ = await plan_rollback(
            running.fleet, running.journal, first.run_id, running.fleet.inventory
        )
        assert "modules.latex" not in {change.key for change in plan.site("s00").changes}
        (left,) = plan.site("s00").blocked
        assert left.key == "modules.latex"
        assert left.reason == (
            f"run {second.run_id} changed it again since: roll that one back first"
        )
        # Once that is done, the first run can be put back, too.
        await running.roll_back(second.run_id)
        running.site("s00").state.modules.add("latex")
        await running.roll_back(first.run_id)
        assert running.site("s00").active_modules == {"likes", "notes"}


async def test_rolling_back_a_run_that_changed_nothing_says_so(tmp_path: Path) -> None:
    async with governed(tmp_path, BASELINE, *fleet_of(1)) as running:
        run = await running.fleet.run(ListModules())
        with pytest.raises(InputError, match="changed nothing, so there is nothing to put back"):
            await running.roll_back(run.run_id)


async def test_a_run_that_was_rolled_back_cannot_be_gone_on_with(tmp_path: Path) -> None:
    async with governed(tmp_path, BASELINE, *fleet_of(4)) as running:
        stop, interrupt = stop_after(1)
        run = await running.apply(listeners=[interrupt], stop=stop, concurrency=1)
        undone = await running.roll_back(run.run_id)
        with pytest.raises(Refused, match=f"was rolled back by {undone.run_id}"):
            await running.resume(run.run_id)


async def test_what_two_resumes_at_once_did_is_told_once(tmp_path: Path) -> None:
    async with governed(tmp_path, BASELINE, *fleet_of(4)) as running:
        stop, interrupt = stop_after(1)
        first = await running.apply(listeners=[interrupt], stop=stop, concurrency=1)
        late = await resume_run(running.journal, first.run_id)
        assert totals(await running.resume(first.run_id)) == {"changed": 4}
        requests = running.requests
        again = await Applier(running.fleet, late.plan).apply(begun=late)
        assert totals(again) == {"changed": 4}
        assert running.requests == requests
        assert await running.journal.report(first.run_id) == again


async def test_a_lease_lost_between_two_writes_leaves_a_site_to_go_on_with(tmp_path: Path) -> None:
    world = Scripted()
    async with governed(tmp_path, BASELINE, *fleet_of(1), world=world) as running:
        plan = await running.plan()

        def unlocked(request: SimRequest) -> None:
            if request.method == "POST" and "module/likes" in request.path:
                lose_leases(tmp_path)

        world.act = unlocked
        first = await running.apply(plan)
        assert (first.exit_code, only(first).status) == (6, Status.PARTIAL)
        assert verdicts(only(first))["modules.likes"] is Verdict.CHANGED
        assert len(running.site("s00").ledger) == 1
        world.act = lambda _: None
        second = await running.resume(first.run_id)
        assert totals(second) == {"changed": 1}
        assert set(verdicts(only(second)).values()) == {Verdict.CHANGED}
        assert running.site("s00").active_modules == {"sitemaps", "latex", "notes"}


async def test_a_write_is_not_repeated_once_the_lease_is_lost(tmp_path: Path) -> None:
    world = Scripted()
    stale_nonce = Fault("expire_nonce", where="*/module/likes/active", methods=("POST",), times=1)
    specs = [replace(spec, faults=(stale_nonce,)) for spec in fleet_of(1)]
    async with governed(tmp_path, BASELINE, *specs, world=world) as running:
        plan = await running.plan()

        def unlocked(request: SimRequest) -> None:
            if "rest-nonce" in request.query and running.site("s00").faults.faults == []:
                lose_leases(tmp_path)

        def renewing(request: SimRequest) -> None:
            if request.method == "POST" and "module/likes" in request.path:
                running.site("s00").faults.clear()
                world.act = unlocked

        world.act = renewing
        report = await running.apply(plan)
        assert running.site("s00").ledger == []
        assert report.exit_code == 6
        assert only(report).status is Status.SKIPPED


async def test_an_unknown_change_stays_open_while_the_site_cannot_be_reached(
    tmp_path: Path,
) -> None:
    world = Scripted()
    async with governed(tmp_path, BASELINE, *fleet_of(1), world=world) as running:
        plan = await running.plan()
        shop = running.site("s00")

        def dies(request: SimRequest) -> SimResponse | None:
            if request.method == "POST" and "module/likes" in request.path:
                shop.faults.add(Fault("reset_before", where="*"))
                return SimResponse(502, (("Content-Type", "text/html"),), b"bad gateway")
            return None

        world.act = dies
        first = await running.apply(plan)
        assert only(first).status is Status.UNKNOWN
        down = await running.resume(first.run_id)
        assert only(down).status is Status.UNREACHABLE
        shop.faults.clear()
        world.act = lambda _: None
        up = await running.resume(first.run_id)
        assert totals(up) == {"changed": 1}
        assert verdicts(only(up))["modules.likes"] is Verdict.CHANGED
        keys = [key for write in shop.ledger for key, _, _ in write.changes]
        assert sorted(keys) == sorted(set(keys))


@pytest.mark.parametrize("fault", ["php_notice", "bom"])
async def test_an_answer_that_cannot_be_read_holds_no_later_write_up(
    fault: str, tmp_path: Path
) -> None:
    specs = [replace(spec, faults=(Fault(fault),)) for spec in fleet_of(1)]
    async with governed(tmp_path, BASELINE, *specs) as running:
        result = only(await running.apply())
        assert set(verdicts(result).values()) == {Verdict.CHANGED}
        assert result.usage.writes == 3


@pytest.mark.parametrize("fault", ["waf", "rate_limit"])
async def test_a_firewall_or_a_limit_ends_the_writing(fault: str, tmp_path: Path) -> None:
    strict = Fault(fault, where="*/module/likes/active", methods=("POST",))
    specs = [replace(spec, faults=(strict,)) for spec in fleet_of(1)]
    async with governed(tmp_path, BASELINE, *specs) as running:
        result = only(await running.apply())
        assert set(verdicts(result).values()) == {Verdict.REJECTED}
        assert result.usage.writes == 1
        assert running.site("s00").ledger == []


async def test_a_slow_check_leaves_what_was_read_as_it_is(tmp_path: Path) -> None:
    checks = """
rollout: {checks: [{path: /slow/, within: 300ms}]}
"""
    slow = Fault("slow", where="/slow*", value=30)
    specs = [replace(spec, faults=(slow,)) for spec in fleet_of(1)]
    async with governed(tmp_path, BASELINE + checks, *specs) as running:
        result = only(await running.apply())
        assert (result.status, result.kind) == (Status.FAILED, "site.unhealthy")
        assert set(verdicts(result).values()) == {Verdict.CHANGED}
        assert "took longer than 0.3 s" in result.message


async def test_a_hostile_site_spoils_no_plan(tmp_path: Path) -> None:
    world = Scripted()
    body = b'{"code": "x\\ud800\\u202e", "message": "no", "data": {"status": 403}}'

    def hostile(request: SimRequest) -> SimResponse | None:
        if "/s01/" in request.path and request.path.endswith("settings"):
            return SimResponse(403, (("Content-Type", "application/json"),), body)
        return None

    async with governed(tmp_path, BASELINE, *fleet_of(3), world=world) as running:
        world.act = hostile
        plan = await running.plan()
        (unread,) = plan.unread
        assert unread.name == "s01"
        path = tmp_path / "plan.json"
        path.write_text(render_plan(plan))
        assert read_plan(path) == plan
        stop, interrupt = stop_after(1)
        first = await running.apply(plan, listeners=[interrupt], stop=stop, concurrency=1)
        assert totals(await running.resume(first.run_id)) == {"changed": 2}


def test_a_lease_is_on_the_site_and_not_on_the_way_to_it() -> None:
    shop = site("shop", "shop.example:80")
    plain = replace(shop, url=parse_address("http://shop.example/"))
    secure = replace(shop, name="other", url=parse_address("https://shop.example/"))
    folder = replace(shop, url=parse_address("https://shop.example/wp/"))
    assert site_key(plain) == site_key(secure) != site_key(folder)
