"""What pages about a whole fleet read, in both back ends, over connections that cannot write."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from sqlalchemy import text

from fleet.errors import JournalError
from fleet.journal.looking import Order, Wanted
from fleet.journal.overview import Overview, open_overview
from fleet.results import KeyResult, SiteResult, Status, Usage, Verdict
from tests.journal.made import OWNER, Clock, Opens, result, start

Sees = Callable[[], AbstractAsyncContextManager[Overview]]
NAMES = ("alpha", "bravo", "charlie", "delta")


@pytest.fixture
def sees(store: str) -> Sees:
    """Opens the overview of the journal of this test."""
    return lambda: open_overview(store)


def drift(site: str, *keys: str, good: tuple[str, ...] = ()) -> SiteResult:
    found = tuple(
        KeyResult(key, Verdict.DRIFT, before=False, wanted=True, found=False) for key in keys
    ) + tuple(KeyResult(key, Verdict.UNCHANGED, True, True, True) for key in good)
    status = Status.DRIFT if keys else Status.UNCHANGED
    return SiteResult(site, f"https://{site}.example/", status, keys=found)


async def audited(opens: Opens, run_id: str, *results: SiteResult, kind: str = "audit") -> None:
    async with opens() as journal:
        sites = [each.site for each in results]
        await journal.begin(start(run_id, sites, operation=kind), kind=kind, owner=OWNER)
        for each in results:
            await journal.record(run_id, each)
        await journal.flush()


async def sites(overview: Overview, wanted: Wanted, order: Order, size: int) -> list[str]:
    """Return the sites of all pages, in order."""
    found: list[str] = []
    after = None
    while page := await overview.states(wanted, order, after, size):
        assert len(page) <= size
        found += [state.site for state in page]
        after = page[-1].mark(order)
    return found


async def test_an_empty_journal_shows_nothing_and_breaks_nothing(sees: Sees) -> None:
    async with sees() as overview:
        assert await overview.states(Wanted(), Order(), None, 10) == []
        assert await overview.matching(Wanted(), 9) == 0
        assert sum((await overview.totals()).values()) == 0
        assert await overview.drift() == (0, 0)
        assert await overview.runs(10) == []
        assert await overview.keys(10) == []
        assert await overview.state("alpha") is None


async def test_an_overview_cannot_write(opens: Opens, sees: Sees) -> None:
    await audited(opens, "one", drift("alpha"))
    async with sees() as overview:
        with pytest.raises(JournalError):
            async with overview.database.writing() as connection:
                await connection.execute(text("DELETE FROM journal_states"))
        assert (await overview.state("alpha")) is not None


async def test_a_site_stands_as_its_last_result_says(
    opens: Opens, sees: Sees, clock: Clock
) -> None:
    await audited(opens, "one", drift("alpha"), drift("bravo"))
    clock.pass_by(60)
    await audited(opens, "two", result("alpha", Status.FAILED, kind="net.dns"), kind="run")

    async with sees() as overview:
        alpha, bravo = await overview.states(Wanted(), Order(), None, 10)
        assert (alpha.status, alpha.run_id, alpha.trouble) == (Status.FAILED, "two", "net.dns")
        assert (bravo.status, bravo.run_id, bravo.trouble) == (Status.UNCHANGED, "one", None)
        totals = await overview.totals()
        assert (totals[Status.FAILED], totals[Status.UNCHANGED]) == (1, 1)


async def test_an_older_result_that_comes_late_does_not_count(
    opens: Opens, sees: Sees, clock: Clock
) -> None:
    await audited(opens, "new", result("alpha", Status.FAILED), kind="run")
    clock.pass_by(-60)
    await audited(opens, "old", result("alpha", Status.CHANGED), kind="run")
    async with sees() as overview:
        state = await overview.state("alpha")
        assert state is not None
        assert state.run_id == "new"


@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize("by", ["site", "status", "at"])
async def test_pages_show_every_site_once_in_order(
    opens: Opens, sees: Sees, clock: Clock, by: str, falling: bool
) -> None:
    statuses = [Status.FAILED, Status.CHANGED]
    for number in range(10):
        clock.pass_by(number % 3)
        each = result(f"site-{number}", statuses[number % 2])
        await audited(opens, f"run-{number}", each, kind="run")
    order = Order(by, falling)  # type: ignore[arg-type]

    async with sees() as overview:
        whole = await overview.states(Wanted(), order, None, 100)
        assert await sites(overview, Wanted(), order, 3) == [state.site for state in whole]
        values = [state.mark(order)[0] for state in whole]
        assert values == sorted(values, reverse=falling)
        assert len({state.site for state in whole}) == 10


async def test_sites_are_found_by_text_status_drift_and_name(opens: Opens, sees: Sees) -> None:
    await audited(
        opens,
        "one",
        drift("alpha", "modules.protect"),
        result("bravo", Status.FAILED, keys=()),
        drift("charlie"),
        drift("100%"),
    )
    cases = [
        (Wanted(text="ALPH"), ["alpha"]),
        (Wanted(text="bravo.example"), ["bravo"]),
        (Wanted(text="%"), ["100%"]),
        (Wanted(text="_"), []),
        (Wanted(statuses=(Status.FAILED, Status.DRIFT)), ["alpha", "bravo"]),
        (Wanted(drifting=True), ["alpha"]),
        (Wanted(names=("bravo", "charlie", "nobody")), ["bravo", "charlie"]),
        (Wanted(names=()), []),
        (Wanted(text="a", statuses=(Status.UNCHANGED,), names=("charlie",)), ["charlie"]),
    ]
    async with sees() as overview:
        for wanted, expected in cases:
            assert await sites(overview, wanted, Order(), 2) == expected
            assert await overview.matching(wanted, 9) == len(expected)
            assert await overview.matching(wanted, 1) == min(1, len(expected))


async def test_a_finding_keeps_when_it_was_seen_first_and_closes_when_it_is_gone(
    opens: Opens, sees: Sees, clock: Clock
) -> None:
    first = clock.at
    await audited(opens, "one", drift("alpha", "modules.a", "modules.b"), drift("bravo"))
    clock.pass_by(3600)
    await audited(
        opens, "two", drift("alpha", "modules.b", good=("modules.a",)), drift("bravo", "modules.b")
    )

    async with sees() as overview:
        a, b = await overview.findings(None, None, None, 10)
        assert (a.finding.name.site, a.finding.name.key, a.opened, a.last_seen) == (
            "alpha",
            "modules.b",
            first,
            clock.at,
        )
        assert (b.finding.name.site, b.opened) == ("bravo", clock.at)
        (key,) = await overview.keys(10)
        assert (key.key, key.sites, key.first) == ("modules.b", 2, first)
        assert await overview.drift() == (2, 2)
        after = await overview.findings("modules.b", None, a.finding.name[::2], 10)
        assert [each.finding.name.site for each in after] == ["bravo"]


async def test_an_audit_that_could_not_look_closes_nothing(
    opens: Opens, sees: Sees, clock: Clock
) -> None:
    await audited(opens, "one", drift("alpha", "modules.a"))
    clock.pass_by(60)
    lost = result("alpha", Status.UNREACHABLE, keys=(), kind="net.timeout")
    await audited(opens, "two", lost)
    async with sees() as overview:
        assert [
            each.finding.name.key for each in await overview.findings(None, "alpha", None, 9)
        ] == ["modules.a"]


async def test_what_a_dry_run_would_change_is_no_finding(opens: Opens, sees: Sees) -> None:
    await audited(opens, "one", drift("alpha", "modules.a"), kind="run")
    async with sees() as overview:
        assert await overview.drift() == (0, 0)


async def test_a_site_page_has_the_last_result_of_each_operation(
    opens: Opens, sees: Sees, clock: Clock
) -> None:
    for number, kind in enumerate(["audit", "run", "audit"]):
        clock.pass_by(60)
        await audited(opens, f"run-{number}", drift("alpha", "modules.a"), kind=kind)
    async with sees() as overview:
        latest = await overview.latest("alpha", 10)
        assert [past.run_id for past, _ in latest] == ["run-2", "run-1"]
        assert latest[0][1].keys[0].key == "modules.a"
        past = await overview.past("alpha", 2)
        assert [each.run_id for each in past] == ["run-2", "run-1"]
        found = await overview.result("run-0", "alpha")
        assert found is not None
        assert found.status is Status.DRIFT
        assert await overview.result("run-0", "nobody") is None


async def test_a_run_shows_failures_causes_and_the_slowest(opens: Opens, sees: Sees) -> None:
    lost = {"keys": (), "kind": "net.timeout"}
    await audited(
        opens,
        "one",
        result("alpha", usage=Usage(seconds=0.5)),
        result("bravo", Status.UNREACHABLE, usage=Usage(seconds=9.0), **lost),
        result("charlie", Status.UNREACHABLE, usage=Usage(seconds=2.0), **lost),
        kind="run",
    )
    async with sees() as overview:
        found = await overview.outcomes("one", Status.UNREACHABLE, "", 1)
        assert [each.site for each in found] == ["bravo"]
        found = await overview.outcomes("one", Status.UNREACHABLE, "bravo", 5)
        assert [each.site for each in found] == ["charlie"]
        assert [each.site for each in await overview.slowest("one", 2)] == ["bravo", "charlie"]
        assert await overview.troubles("one") == [("net.timeout", 2)]
        assert (await overview.run("last")).run_id == "one"


async def test_what_an_earlier_release_wrote_is_shown(
    opens: Opens, sees: Sees, execute: Callable[[str], None]
) -> None:
    await audited(opens, "one", drift("alpha", "modules.a"))
    execute("UPDATE journal_outcomes SET trouble = NULL, seconds = NULL")
    async with sees() as overview:
        assert await overview.slowest("one", 5) == []
        assert [past.seconds for past in await overview.past("alpha", 5)] == [None]
