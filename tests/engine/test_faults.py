"""What goes wrong on one site ends as that site's result, by its kind, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from fleet.config import Limits, Settings
from fleet.engine.stop import Stop
from fleet.journal.ledger import Ledger
from fleet.operations.connection import ConnectionStatus
from fleet.operations.modules import ActivateModules
from fleet.operations.settings import SetSettings
from fleet.operations.stats import CollectStats
from fleet.results import (
    Event,
    RunFinished,
    RunReport,
    SiteFinished,
    SiteResult,
    SiteStarted,
    Status,
    Verdict,
)
from fleet.simulator.faults import Fault
from fleet.simulator.site import SiteSpec
from tests.engine.simulated import Simulated, simulated

PAIR = ("latex", "sitemaps")
BULK = "/jetpack/v4/module/all/active"
SETTINGS = "/jetpack/v4/settings"


def only(report: RunReport) -> SiteResult:
    (result,) = report.results
    return result


async def ended(folder: Path, *faults: Fault, era: str = "16.1") -> tuple[SiteResult, int, int]:
    """Return the result of a site with faults, its applied writes, and its password posts."""
    spec = SiteSpec("ill", era=era, modules=(), faults=faults)
    async with simulated(folder, spec) as running:
        result = only(await running.fleet.run(ActivateModules(PAIR)))
        ill = running.site("ill")
        return result, len(ill.ledger), ill.login_attempts


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ("maintenance", Status.UNREACHABLE, "site.maintenance"),
        ("server_error", Status.FAILED, "site.server_error"),
        ("bad_gateway", Status.FAILED, "site.server_error"),
        ("rate_limit", Status.UNREACHABLE, "throttle.limited"),
        ("waf", Status.BLOCKED, "block.captcha"),
        ("html", Status.FAILED, "proto.not_json"),
        ("redirect_origin", Status.BLOCKED, "redirect.cross_origin"),
        ("redirect_loop", Status.BLOCKED, "redirect.loop"),
        ("no_rest", Status.BLOCKED, "site.rest_unavailable"),
        ("reset_before", Status.UNREACHABLE, "net.reset"),
        ("oversized", Status.FAILED, "proto.too_large"),
        ("gzip_bomb", Status.FAILED, "proto.too_large"),
        ("truncate", Status.FAILED, "proto.truncated"),
        ("truncated_json", Status.FAILED, "proto.not_json"),
    ],
)
async def test_trouble_with_a_site_is_told_by_its_kind(
    fault: str, status: Status, kind: str, tmp_path: Path
) -> None:
    result, writes, _ = await ended(tmp_path, Fault(fault))
    assert (result.status, result.kind, writes) == (status, kind, 0)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("lockout", "auth.locked_out"),
        ("captcha", "block.captcha"),
        ("protect_block", "auth.locked_out"),
        ("protect_math", "block.captcha"),
        ("sso_redirect", "auth.sso_only"),
        ("two_factor", "auth.second_factor"),
        ("sso_only", "auth.sso_only"),
        ("password_detection", "auth.leaked_password"),
        ("hidden_login", "site.login_hidden"),
    ],
)
async def test_a_login_that_is_not_plain_is_tried_once_and_told(
    fault: str, kind: str, tmp_path: Path
) -> None:
    result, _, attempts = await ended(tmp_path, Fault(fault))
    assert (result.status, result.kind) == (Status.BLOCKED, kind)
    assert result.usage.logins == 1
    assert attempts <= 1


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault("server_error", times=1), id="error once"),
        pytest.param(Fault("reset_before", times=1), id="reset once"),
        pytest.param(Fault("bom"), id="byte order mark"),
        pytest.param(Fault("rest_restricted"), id="rest for users only"),
        pytest.param(Fault("html", where="/wp/v2/users/me"), id="users route closed"),
        pytest.param(Fault("long_header"), id="long header"),
        pytest.param(Fault("php_notice", methods=("GET",)), id="notice before json"),
        pytest.param(Fault("expire_nonce", times=1, after=5), id="nonce expired"),
        pytest.param(Fault("expire_session", times=1, after=5), id="session expired"),
    ],
)
async def test_trouble_that_passes_leaves_no_trace(fault: Fault, tmp_path: Path) -> None:
    result, writes, _ = await ended(tmp_path, fault)
    assert (result.status, writes) == (Status.CHANGED, 1)


@pytest.mark.parametrize(
    ("fault", "status", "kind", "applied"),
    [
        pytest.param("lie_unchanged", Status.FAILED, "verify.mismatch", 0, id="yes but no"),
        pytest.param("lie_applied", Status.CHANGED, None, 1, id="no but yes"),
        pytest.param("reset_after", Status.CHANGED, None, 1, id="answer lost"),
        pytest.param("reset_before", Status.UNKNOWN, "write.unconfirmed", 0, id="request lost"),
        pytest.param("truncated_json", Status.CHANGED, None, 1, id="answer cut"),
        pytest.param("server_error", Status.FAILED, "site.server_error", 0, id="server error"),
        pytest.param("bad_gateway", Status.UNKNOWN, "write.unconfirmed", 0, id="gateway error"),
        pytest.param("php_notice", Status.CHANGED, None, 1, id="notice before the answer"),
    ],
)
async def test_a_write_is_sent_once_and_judged_by_reading(
    fault: str, status: Status, kind: str | None, applied: int, tmp_path: Path
) -> None:
    result, writes, _ = await ended(tmp_path, Fault(fault, where=BULK, methods=("POST",)))
    assert (result.status, result.kind, writes) == (status, kind, applied)
    assert result.usage.writes == 1


async def test_a_write_that_cannot_be_read_again_is_unknown(tmp_path: Path) -> None:
    gone = Fault("server_error", where=SETTINGS, methods=("GET",), after=1)
    result, writes, _ = await ended(tmp_path, gone)
    assert (result.status, result.kind, writes) == (Status.UNKNOWN, "write.unconfirmed", 1)


async def test_a_value_that_is_put_back_is_a_mismatch(tmp_path: Path) -> None:
    spec = SiteSpec("s", modules=(), faults=(Fault("revert", where=SETTINGS),))
    async with simulated(tmp_path, spec) as running:
        task = SetSettings({"carousel_background_color": "white"})
        result = only(await running.fleet.run(task))
        assert (result.status, result.kind) == (Status.FAILED, "verify.mismatch")


async def test_a_slow_site_ends_at_its_deadline(tmp_path: Path) -> None:
    spec = SiteSpec("slow", faults=(Fault("slow", value=30),))
    async with simulated(tmp_path, spec, http="{timeout: 200ms, deadline: 300ms}") as running:
        result = only(await running.fleet.run(ConnectionStatus()))
        assert (result.status, result.kind) == (Status.UNREACHABLE, "net.timeout")


async def test_a_deadline_in_the_middle_of_a_write_leaves_time_to_read_back(
    tmp_path: Path,
) -> None:
    slow = Fault("slow", where=BULK, value=30)
    spec = SiteSpec("slow", modules=(), faults=(slow,))
    async with simulated(tmp_path, spec, http="{timeout: 1500ms, deadline: 1500ms}") as running:
        result = only(await running.fleet.run(ActivateModules(PAIR)))
        assert result.status is Status.CHANGED
        assert result.usage.writes == 1


async def test_a_site_that_cannot_be_read_back_after_its_deadline_is_unknown_per_key(
    tmp_path: Path,
) -> None:
    slow = Fault("slow", where=BULK, value=30)
    silent = Fault("slow", where="/jetpack/v4/settings", methods=("GET",), after=1, value=30)
    spec = SiteSpec("slow", modules=(), faults=(slow, silent))
    async with simulated(tmp_path, spec, http="{timeout: 1500ms, deadline: 1500ms}") as running:
        result = only(await running.fleet.run(ActivateModules(PAIR)))
        assert (result.status, result.kind) == (Status.UNKNOWN, "write.unconfirmed")
        assert {key.verdict for key in result.keys} == {Verdict.UNKNOWN}
        assert result.usage.writes == 1


async def test_neighbours_of_ill_sites_are_unharmed(tmp_path: Path) -> None:
    kinds = ("server_error", "html", "reset_before", "oversized", "waf", "two_factor")
    ill = [SiteSpec(f"ill-{kind}", faults=(Fault(kind),)) for kind in kinds]
    well = [SiteSpec(f"well-{n}", modules=()) for n in range(30)]
    async with simulated(tmp_path, *ill, *well) as running:
        report = await running.fleet.run(ActivateModules(PAIR))
        statuses = {result.site: result.status for result in report.results}
        assert {statuses[spec.name] for spec in well} == {Status.CHANGED}
        assert Status.CHANGED not in {statuses[spec.name] for spec in ill}
        assert report.exit_code == 3


class Interrupt:
    """Asks for a stop when the n-th site starts."""

    def __init__(self, stop: Stop, after: int, times: int = 1) -> None:
        self.stop = stop
        self.after = after
        self.times = times
        self.started = 0

    def __call__(self, event: Event) -> None:
        if not isinstance(event, SiteStarted):
            return
        self.started += 1
        if self.started == self.after:
            for _ in range(self.times):
                self.stop.request("SIGINT")


async def test_an_interrupted_run_balances_and_says_so(tmp_path: Path) -> None:
    specs = [SiteSpec(f"s{n}", modules=()) for n in range(60)]
    async with simulated(tmp_path, *specs) as running:
        stop = Stop()
        report = await running.fleet.run(
            ActivateModules(PAIR), listeners=[Interrupt(stop, after=30)], stop=stop
        )
        totals = report.totals
        assert totals[Status.CHANGED] + totals[Status.NOT_STARTED] == 60
        assert totals[Status.NOT_STARTED] >= 10
        assert (report.exit_code, report.interrupted) == (130, "SIGINT")


async def test_the_second_signal_ends_running_sites_without_a_change(tmp_path: Path) -> None:
    specs = [SiteSpec(f"s{n}", faults=(Fault("slow", value=30),)) for n in range(10)]
    async with simulated(tmp_path, *specs) as running:
        stop = Stop()
        report = await running.fleet.run(
            ActivateModules(PAIR), listeners=[Interrupt(stop, after=10, times=2)], stop=stop
        )
        assert report.totals[Status.NOT_STARTED] == 10
        assert report.exit_code == 130


async def test_the_second_signal_after_a_write_leaves_it_unknown(tmp_path: Path) -> None:
    slow = Fault("slow", where=BULK, value=30)
    async with simulated(tmp_path, SiteSpec("s", modules=(), faults=(slow,))) as running:
        stop = Stop()
        reports: list[RunReport] = []

        async def whole_run() -> None:
            reports.append(await running.fleet.run(ActivateModules(PAIR), stop=stop))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(whole_run)
            await write_arrived(running)
            stop.request("SIGTERM")
            stop.request("SIGTERM")
        result = only(reports[0])
        assert result.status is Status.UNKNOWN
        assert {key.key: key.verdict for key in result.keys} == {
            f"modules.{slug}": Verdict.UNKNOWN for slug in PAIR
        }
        assert reports[0].exit_code == 143


async def test_a_signal_after_the_last_site_is_no_interruption(tmp_path: Path) -> None:
    async with simulated(tmp_path, SiteSpec("s")) as running:
        stop = Stop()

        def late(event: Event) -> None:
            if isinstance(event, SiteFinished):
                stop.request("SIGINT")

        report = await running.fleet.run(ConnectionStatus(), listeners=[late], stop=stop)
        assert (report.interrupted, report.exit_code) == (None, 0)


async def test_a_listener_that_fails_costs_no_report(tmp_path: Path) -> None:
    async with simulated(tmp_path, SiteSpec("s"), SiteSpec("t")) as running:

        def broken(event: Event) -> None:
            raise SystemExit(1)

        heard: list[Event] = []
        report = await running.fleet.run(ConnectionStatus(), listeners=[broken, heard.append])
        assert report.totals[Status.UNCHANGED] == 2
        assert len(heard) == 6


async def write_arrived(running: Simulated) -> None:
    """Return once the site has applied a write that it has not answered yet."""
    with anyio.fail_after(10):
        while not running.site("s").ledger:
            await anyio.lowlevel.checkpoint()


async def test_events_tell_every_site_once_and_end_the_run(tmp_path: Path) -> None:
    specs = [SiteSpec(f"s{n}") for n in range(5)]
    async with simulated(tmp_path, *specs) as running:
        events: list[Event] = []
        report = await running.fleet.run(ConnectionStatus(), listeners=[events.append])
        assert isinstance(events[-1], RunFinished)
        finished = [event.result.site for event in events if isinstance(event, SiteFinished)]
        assert sorted(finished) == sorted(spec.name for spec in specs)
        assert Ledger.fold(events) == report


async def test_a_thousand_sites_at_100_ms_are_all_accounted_for(tmp_path: Path) -> None:
    specs = [SiteSpec(f"s{n}") for n in range(1000)]
    settings = Settings(limits=Limits(concurrency=100, per_host=100))
    async with simulated(
        tmp_path, *specs, latency=0.1, settings=settings, http="{timeout: 30s, deadline: 120s}"
    ) as running:
        report = await running.fleet.run(CollectStats())
        assert report.totals[Status.UNCHANGED] == 1000
        assert sum(report.totals.values()) == 1000
