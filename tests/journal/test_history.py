"""What audits found over time: the same finding in many runs, in both back ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from fleet.journal.findings import FindingName, StoredFinding
from fleet.journal.journal import Journal
from fleet.results import KeyResult, SiteResult, Status, Verdict
from tests.journal.made import AT, OWNER, Clock, Opens, audited, looked, lost, start

DAY = 86_400
PROTECT = "modules.protect"


async def known(journal: Journal, fixed: bool | None = False) -> Mapping[str, StoredFinding]:
    found = await journal.history.findings(fixed=fixed)
    return {f"{each.finding.name.site} {_what(each.finding.name)}": each for each in found}


def _what(name: FindingName) -> str:
    return name.key or name.error


async def test_a_finding_is_the_same_one_in_every_run(opens: Opens, clock: Clock) -> None:
    async with opens() as journal:
        await audited(journal, clock, "r1", looked("a", protect=False, stats=True))
        clock.pass_by(DAY)
        await audited(journal, clock, "r2", looked("a", protect=False, stats=True))
        (found,) = await journal.history.findings()

    assert found.finding.name == FindingName("a", "https://a.example/", PROTECT)
    assert (found.finding.wanted, found.finding.found) == (True, False)
    assert (found.first_seen, found.opened) == (AT, AT)
    assert (found.last_seen, found.last_run) == (AT + timedelta(days=1), "r2")
    assert (found.fixed, found.recurrences, found.mean_time_to_fix) == (None, 0, None)


async def test_it_is_mended_comes_back_and_is_mended_again(opens: Opens, clock: Clock) -> None:
    async with opens() as journal:
        for number, good in enumerate((False, True, False, True)):
            await audited(journal, clock, f"r{number}", looked("a", protect=good))
            clock.pass_by(DAY * (number + 1))
        assert await known(journal) == {}
        found = (await known(journal, fixed=True))[f"a {PROTECT}"]

    assert (found.recurrences, found.fixes) == (1, 2)
    assert found.first_seen == AT
    assert found.opened == AT + timedelta(days=3)
    assert found.fixed == AT + timedelta(days=6)
    assert found.mean_time_to_fix == 2 * DAY


async def test_what_was_not_looked_at_is_not_mended(opens: Opens, clock: Clock) -> None:
    async with opens() as journal:
        await audited(journal, clock, "r1", looked("a", protect=False), lost("b"))
        clock.pass_by(DAY)
        await audited(journal, clock, "r2", lost("a"), lost("b", "net.reset"))
        clock.pass_by(DAY)
        await audited(journal, clock, "r3", looked("a", stats=True), looked("b", stats=True))
        found = await known(journal)
        mended = await known(journal, fixed=True)

    assert set(found) == {f"a {PROTECT}"}
    assert set(mended) == {"a net.timeout", "b net.timeout", "b net.reset"}


async def test_an_apply_mends_but_does_not_find(opens: Opens, clock: Clock) -> None:
    async with opens() as journal:
        await audited(journal, clock, "r1", looked("a", protect=False), looked("b", protect=False))
        clock.pass_by(60)
        changed = KeyResult(PROTECT, Verdict.CHANGED, False, True, True)
        done = SiteResult("a", "https://a.example/", Status.CHANGED, keys=(changed,))
        await audited(journal, clock, "r2", done, lost("b"), kind="apply")
        assert set(await known(journal)) == {f"b {PROTECT}"}
        assert (await known(journal, fixed=True))[f"a {PROTECT}"].mean_time_to_fix == 60
        assert [point.run_id for point in await journal.history.trend("apply")] == []


async def test_the_look_before_a_rollback_and_other_runs_find_nothing(
    opens: Opens, clock: Clock
) -> None:
    async with opens() as journal:
        for kind, operation in (("plan", "rollback"), ("run", "modules.activate")):
            run_id = f"{kind} {operation}"
            await journal.begin(start(run_id, ["a"], operation=operation), kind=kind, owner=OWNER)
            await journal.record(run_id, looked("a", protect=False))
        assert await journal.history.findings(fixed=None) == []


async def test_the_same_name_with_another_address_is_another_site(
    opens: Opens, clock: Clock
) -> None:
    moved = SiteResult(
        "a", "https://other.example/", Status.UNCHANGED, keys=looked("a", protect=True).keys
    )
    async with opens() as journal:
        await audited(journal, clock, "r1", looked("a", protect=False))
        await journal.begin(start("r2", ["a"], operation="audit"), kind="audit", owner=OWNER)
        await journal.record("r2", moved)
        assert set(await known(journal)) == {f"a {PROTECT}"}


async def test_first_seen_survives_the_pruning_of_runs(opens: Opens, clock: Clock) -> None:
    async with opens() as journal:
        for number in range(5):
            await audited(journal, clock, f"r{number}", looked("a", protect=False))
            clock.pass_by(DAY)
        assert await journal.prune(keep_days=1, keep_runs=1) == 4
        found = (await known(journal))[f"a {PROTECT}"]
        trend = await journal.history.trend(keys=("",))

    assert found.first_seen == AT
    assert [point.run_id for point in trend] == [f"r{number}" for number in range(5)]


async def test_a_finding_of_a_site_long_gone_is_forgotten_with_its_runs(
    opens: Opens, clock: Clock
) -> None:
    async with opens() as journal:
        await audited(journal, clock, "r1", looked("gone", protect=False), looked("a", stats=False))
        clock.pass_by(10 * DAY)
        await audited(journal, clock, "r2", looked("a", stats=False))
        await journal.prune(keep_days=400, keep_runs=1)
        assert set(await known(journal)) == {f"gone {PROTECT}", "a modules.stats"}
        await journal.prune(keep_days=5, keep_runs=1)
        assert set(await known(journal)) == {"a modules.stats"}


async def test_the_trend_counts_each_site_once(opens: Opens, clock: Clock) -> None:
    async with opens(flush_rows=2) as journal:
        await audited(
            journal,
            clock,
            "r1",
            looked("a", protect=False, stats=True),
            looked("b", protect=True, stats=True),
            looked("c", protect=True),
            lost("d"),
        )
        await journal.record("r1", looked("a", protect=True))
        clock.pass_by(DAY)
        await audited(journal, clock, "r2", looked("a", protect=True))
        points = await journal.history.trend()
        newest = await journal.history.trend(runs=1, keys=("", PROTECT))

    told = [(point.run_id, point.key, point.good, point.bad) for point in points]
    assert told == [
        ("r1", "", 2, 1),
        ("r1", PROTECT, 2, 1),
        ("r1", "modules.stats", 2, 0),
        ("r2", "", 1, 0),
        ("r2", PROTECT, 1, 0),
    ]
    assert [point.run_id for point in newest] == ["r2", "r2"]
    assert points[0].conformity == 200 / 3


async def test_findings_are_narrowed(opens: Opens, clock: Clock) -> None:
    hostile = "modules.\u202e\0<b>"
    odd = KeyResult(hostile, Verdict.DRIFT, "x" * 9000, {"a": [None]}, "x" * 9000, None, "\ud800")
    async with opens() as journal:
        await audited(
            journal,
            clock,
            "r1",
            SiteResult("a", "https://a.example/", Status.DRIFT, keys=(odd,)),
            looked("b", protect=False),
            lost("c"),
        )
        history = journal.history
        assert len(await history.findings()) == 3
        assert len(await history.findings(limit=2)) == 2
        (site,) = await history.findings(sites=["c"])
        (key,) = await history.findings(keys=[hostile])

    assert site.finding.name.error == "net.timeout"
    assert key.finding.wanted == {"a": [None]}
    assert key.finding.reason == "\ud800"
    assert str(key.finding.found).startswith('"xxx')
    assert len(str(key.finding.found)) < 3000
