"""A site is met, known again, and refused where it is suddenly another one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fleet.engine.keeping import site_key
from fleet.journal.journal import open_journal
from fleet.operations.modules import ActivateModules
from fleet.results import Status
from fleet.simulator.faults import Fault
from fleet.simulator.site import SiteSpec
from tests.identity.runs import Machine, machine, only


async def kept(found: Machine, name: str) -> dict[str, object]:
    async with open_journal(found.store, key_file=found.key) as journal:
        key = site_key(found.inventory().sites[name])
        return dict((await journal.identities([key]))[key])


async def test_the_first_contact_keeps_what_the_site_shows(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("harbour-cafe", blog=4711)) as found:
        result = only(await found.run())
        identity = await kept(found, "harbour-cafe")
        place = f"127.0.0.1:{found.server.port}"
        assert result.status is Status.UNCHANGED
        assert identity == {
            "root": place,
            "home": f"{place}/harbour-cafe",
            "files": f"{place}/harbour-cafe",
            "name": "Harbour Cafe",
            "blog": "4711",
            "jetpack": True,
        }
        assert found.site("harbour-cafe").count("GET", "/") == 2  # the index and the front page


async def test_a_site_that_is_known_costs_no_request_more(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop")) as found:
        first = only(await found.run())
        second = only(await found.run())
        bare = only(await found.run(recorded=False))
        assert second.usage.requests == bare.usage.requests == first.usage.requests - 1


async def test_sites_that_changed_places_get_no_password(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("one"), SiteSpec("other")) as found:
        await found.run()
        found.world.swap("one", "other")
        before = found.logins()
        report = await found.run(ActivateModules(("latex",)))
        assert {result.kind for result in report.results} == {"identity.mismatch"}
        assert {result.status for result in report.results} == {Status.BLOCKED}
        first = report.results[0]
        assert f"its home was 127.0.0.1:{found.server.port}/one and is" in first.message
        assert found.logins() == before
        assert [site.count("POST", "/wp-login.php") for site in found.world] == [1, 1]


@pytest.mark.parametrize(
    ("taker", "words"),
    [
        pytest.param({"blog": 2}, "Jetpack's number of the site was 1 and is 2", id="number"),
        pytest.param({"blog": 1, "era": None}, "Jetpack is gone", id="no Jetpack"),
    ],
)
async def test_a_domain_that_was_taken_over_gets_no_password(
    taker: dict[str, object], words: str, tmp_path: Path
) -> None:
    async with machine(tmp_path, SiteSpec("shop", blog=1)) as found:
        await found.run()
        other = SiteSpec("shop", title="Casino")
        site = found.world.replace(replace(other, **taker))  # type: ignore[arg-type]
        result = only(await found.run())
        assert (result.status, result.kind) == (Status.BLOCKED, "identity.mismatch")
        assert words in result.message
        assert "title was Shop and is Casino" in result.message
        assert (site.login_attempts, site.count("POST")) == (0, 0)


@pytest.mark.parametrize("met", [False, True])
async def test_a_parked_domain_gets_no_password(met: bool, tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop")) as found:
        if met:
            await found.run()
        site = found.world.replace(SiteSpec("shop", faults=(Fault("parked"),)))
        result = only(await found.run(ActivateModules(("latex",))))
        assert (result.status, result.kind) == (Status.BLOCKED, "site.parked")
        assert (site.count("POST"), site.login_attempts) == (0, 0)


async def test_a_renamed_site_is_the_same(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop", blog=1)) as found:
        await found.run()
        found.world.replace(SiteSpec("shop", blog=1, title="New name"))
        assert only(await found.run()).status is Status.UNCHANGED
        assert (await kept(found, "shop"))["name"] == "New name"


async def test_a_renamed_site_whose_statistics_are_off_is_the_same(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop", blog=1)) as found:
        await found.run()
        found.world.replace(SiteSpec("shop", blog=1, title="New", connection="unconnected"))
        assert only(await found.run()).kind != "identity.mismatch"
        assert (await kept(found, "shop"))["blog"] == "1"


async def test_a_renamed_site_whose_front_page_fails_is_the_same(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop", blog=1)) as found:
        await found.run()
        ill = Fault("server_error", where="/", after=1)  # lets the index through
        found.world.replace(SiteSpec("shop", blog=1, title="New name", faults=(ill,)))
        assert only(await found.run()).status is Status.UNCHANGED
        assert (await kept(found, "shop"))["blog"] == "1"


async def test_a_site_without_jetpack_is_told_as_that(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop", blog=1)) as found:
        await found.run()
        found.world.replace(SiteSpec("shop", blog=1, jetpack_active=False))
        assert only(await found.run()).kind == "jetpack.missing"


async def test_a_closed_index_of_a_renamed_site_is_compared_as_a_visitor(tmp_path: Path) -> None:
    closed = Fault("rest_restricted")
    async with machine(tmp_path, SiteSpec("shop", blog=1, faults=(closed,))) as found:
        await found.run()
        found.world.replace(SiteSpec("shop", blog=1, title="New name", faults=(closed,)))
        assert only(await found.run()).status is Status.UNCHANGED
        home = [
            seen for seen in found.site("shop").requests if (seen.path, seen.query) == ("/", "")
        ]
        assert [seen.user for seen in home] == ["", ""]  # before the login, and after it


async def test_a_renamed_site_without_a_number_is_the_same(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop", connection="offline")) as found:
        await found.run()
        found.world.replace(SiteSpec("shop", connection="offline", title="New name"))
        assert only(await found.run()).status is Status.UNCHANGED


async def test_accepting_takes_the_site_for_what_it_is(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop", blog=1)) as found:
        await found.run()
        found.world.replace(SiteSpec("shop", blog=2, title="Other"))
        assert only(await found.run()).kind == "identity.mismatch"
        await found.accept("shop")
        assert (await kept(found, "shop"))["blog"] == "2"
        assert only(await found.run()).status is Status.UNCHANGED


async def test_a_closed_index_is_met_before_and_known_after_the_login(tmp_path: Path) -> None:
    spec = SiteSpec("shop", blog=1, faults=(Fault("rest_restricted"),))
    async with machine(tmp_path, spec) as found:
        assert only(await found.run()).status is Status.UNCHANGED
        assert (await kept(found, "shop"))["name"] == "Shop"
        assert only(await found.run()).status is Status.UNCHANGED


async def test_a_closed_index_hides_no_other_site(tmp_path: Path) -> None:
    closed = Fault("rest_restricted")
    async with machine(tmp_path, SiteSpec("shop", blog=1, faults=(closed,))) as found:
        await found.run()
        thief = found.world.replace(SiteSpec("shop", blog=2, faults=(closed,)))
        result = only(await found.run())
        assert result.kind == "identity.mismatch"
        assert thief.count("POST") == 0


async def test_waiting_for_other_logins_costs_no_time_of_a_site(tmp_path: Path) -> None:
    """Twenty logins take three rounds of two seconds, and each site has five."""
    slow = Fault("slow", where="/wp-login.php", value=2.0)
    specs = [SiteSpec(f"s{number}", faults=(slow,)) for number in range(20)]
    async with machine(tmp_path, *specs) as found:
        found.timeout = found.deadline = "5s"
        report = await found.run()
        assert report.totals[Status.UNCHANGED] == 20
        assert max(result.usage.seconds for result in report.results) > 5


async def test_without_a_record_no_site_is_known(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop", blog=1)) as found:
        await found.run()
        found.world.replace(SiteSpec("shop", blog=2, title="Casino"))
        assert only(await found.run(recorded=False)).status is Status.UNCHANGED
        assert only(await found.run()).kind == "identity.mismatch"


async def test_two_entries_for_one_site_are_not_both_changed(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop", modules=(), aliases=("boutique",))) as found:
        found.rows["twin"] = found.server.url_of("boutique")
        report = await found.run(ActivateModules(("latex",)))
        kinds = sorted(result.kind or "" for result in report.results)
        assert kinds == ["", "identity.duplicate"]
        assert len(found.site("shop").ledger) == 1
        blocked = next(result for result in report.results if result.kind)
        assert blocked.status is Status.BLOCKED
        assert f"home is 127.0.0.1:{found.server.port}/shop" in blocked.message
        assert blocked.usage.logins == 0


async def test_which_of_two_entries_counts_is_known_from_the_record(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop", modules=(), aliases=("boutique",))) as found:
        found.rows["twin"] = found.server.url_of("boutique")
        await found.run()
        for _ in range(2):
            report = await found.run(ActivateModules(("latex",)))
            assert [result.kind for result in report.results] == [None, "identity.duplicate"]


async def test_two_entries_for_one_site_are_read_and_told(tmp_path: Path) -> None:
    async with machine(tmp_path, SiteSpec("shop", aliases=("boutique",))) as found:
        found.rows["twin"] = found.server.url_of("boutique")
        report = await found.run()
        assert "identity.duplicate" not in [result.kind for result in report.results]
        notes = [note for result in report.results for note in result.notes]
        assert any(
            note.startswith("identity.duplicate: this is the same site as") for note in notes
        )


async def test_a_copy_with_the_same_number_is_told_and_not_blocked(tmp_path: Path) -> None:
    specs = (SiteSpec("live", blog=7, modules=()), SiteSpec("staging", blog=7, modules=()))
    async with machine(tmp_path, *specs) as found:
        report = await found.run(ActivateModules(("latex",)))
        assert {result.status for result in report.results} == {Status.CHANGED}
        notes = [note for result in report.results for note in result.notes]
        assert any("Jetpack's number 7 of" in note for note in notes)
