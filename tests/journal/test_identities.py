"""What the journal keeps of sites themselves, in every back end."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fleet.errors import JournalError
from fleet.journal.journal import open_journal
from tests.journal.made import AT, OWNER, Clock, Opens, result, start

SHOP = "shop.example/"
FACE: dict[str, object] = {"root": "shop.example", "name": "Caf\u00e9 \ud800 \0", "blog": "42"}


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    return {"key_file": tmp_path / "state" / "credentials.key"}


async def test_what_a_site_is_is_kept_and_replaced(opens: Opens) -> None:
    async with opens() as journal:
        await journal.put_identity(SHOP, FACE)
        await journal.put_identity("other/", {"root": "other"})
        await journal.put_identity(SHOP, {**FACE, "name": "New"})
        assert await journal.identities([SHOP, "nowhere/"]) == {SHOP: {**FACE, "name": "New"}}
    async with opens() as journal:
        assert await journal.identities([SHOP]) == {SHOP: {**FACE, "name": "New"}}


async def test_many_sites_are_read_at_once(opens: Opens) -> None:
    names = [f"s{number}/" for number in range(1203)]
    async with opens() as journal:
        for name in names:
            await journal.put_identity(name, {"root": name})
        assert list(await journal.identities(names[::-1])) != []
        assert set(await journal.identities(names)) == set(names)
        assert await journal.identities([]) == {}


async def test_facts_results_and_identities_of_one_name_stay_apart(opens: Opens) -> None:
    async with opens() as journal:
        await journal.begin(start(sites=["a"]), owner=OWNER)
        await journal.put_facts("a", {"modules": {}})
        await journal.put_identity("a", {"root": "a"})
        await journal.record("run-1", result("a"))
        assert (await journal.facts())["a"][0] == {"modules": {}}
        assert await journal.identities(["a"]) == {"a": {"root": "a"}}
        assert [outcome.result async for outcome in journal.outcomes("run-1")] == [result("a")]


async def test_a_rejection_is_known_by_site_and_credential(
    opens: Opens, options: dict[str, Any]
) -> None:
    async with opens(**options) as journal:
        mark = journal.fingerprint(SHOP, "cookie", "ann", "secret")
        assert await journal.rejected(SHOP, mark) is None
        await journal.reject(SHOP, mark)
        assert await journal.rejected(SHOP, mark) == AT
        assert await journal.rejected("other/", mark) is None
        assert await journal.rejected(SHOP, journal.fingerprint(SHOP, "cookie", "ann", "s")) is None
    async with opens(**options) as journal:
        again = journal.fingerprint(SHOP, "cookie", "ann", "secret")
        assert (again, await journal.rejected(SHOP, again)) == (mark, AT)


async def test_the_first_rejection_stands(opens: Opens, clock: Clock) -> None:
    async with opens() as journal:
        await journal.reject(SHOP, "mark")
        clock.pass_by(86400)
        await journal.reject(SHOP, "mark")
        assert await journal.rejected(SHOP, "mark") == AT


async def test_two_processes_may_reject_at_once(opens: Opens) -> None:
    async with opens() as one, opens() as two:
        await asyncio.gather(*(each.reject(SHOP, "mark") for each in (one, two) for _ in range(5)))
        assert await one.rejected(SHOP, "mark") == AT


async def test_what_another_process_has_seen_rejected_is_known_at_the_next_question(
    opens: Opens,
) -> None:
    async with opens() as one, opens() as other:
        for site in (SHOP, "other/", "b\x00ss/"):
            assert await one.rejected(site, "mark") is None
            await other.reject(site, "mark")
            assert await one.rejected(site, "mark") == AT
        await other.forget(SHOP)
        assert await one.rejected(SHOP, "mark") is None


async def test_a_site_is_forgotten_whole_and_alone(opens: Opens) -> None:
    async with opens() as journal:
        for site in (SHOP, "other/"):
            await journal.put_identity(site, {"root": site})
            await journal.reject(site, "mark")
        await journal.forget(SHOP)
        assert set(await journal.identities([SHOP, "other/"])) == {"other/"}
        assert await journal.rejected(SHOP, "mark") is None
        assert await journal.rejected("other/", "mark") == AT


async def test_pruning_runs_forgets_no_site(opens: Opens, clock: Clock) -> None:
    async with opens() as journal:
        await journal.begin(start(), owner=OWNER)
        await journal.put_identity(SHOP, FACE)
        await journal.reject(SHOP, "mark")
        clock.pass_by(86400)
        assert await journal.prune(keep_days=0, keep_runs=0) == 1
        assert await journal.identities([SHOP]) == {SHOP: FACE}
        assert await journal.rejected(SHOP, "mark") == AT


async def test_reading_needs_no_key(file: Path, tmp_path: Path) -> None:
    key = tmp_path / "keys" / "credentials.key"
    async with open_journal(str(file), key_file=key) as journal:
        assert await journal.identities([SHOP]) == {}
        assert not key.exists()
        journal.fingerprint("a")
        assert key.exists()


async def test_a_damaged_identity_is_told(opens: Opens, execute: Callable[[str], None]) -> None:
    async with opens() as journal:
        await journal.put_identity(SHOP, FACE)
    execute("UPDATE journal_identities SET identity = '{'")
    async with opens() as journal:
        with pytest.raises(JournalError):
            await journal.identities([SHOP])


async def test_all_who_ask_meanwhile_are_told_each_his_own(opens: Opens) -> None:
    sites = [f"site-{number}/" for number in range(1200)]
    async with opens() as journal:
        for site in sites[::400]:
            await journal.reject(site, f"mark of {site}")
        asked = [journal.rejected(site, f"mark of {site}") for site in sites]
        given_up = asyncio.create_task(journal.rejected(sites[0], "mark"))
        given_up.cancel()
        found = await asyncio.gather(*asked)
    assert [site for site, at in zip(sites, found, strict=True) if at is not None] == sites[::400]


async def test_all_who_ask_meanwhile_are_told_that_it_failed(tmp_path: Path) -> None:
    path = tmp_path / "state" / "journal.db"
    async with open_journal(str(path)) as journal:
        with closing(sqlite3.connect(path)) as other:
            other.execute("DROP TABLE journal_rejections")
        asked = [journal.rejected(site, "mark") for site in ("a/", "b/")]
        found = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(each) for each in found] == [JournalError, JournalError]
