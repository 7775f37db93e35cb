"""Sessions kept between runs: what they save, when they are believed, and when they are not."""

from __future__ import annotations

import base64
import json
import logging
import sqlite3
import stat
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import SecretStr
from yarl import URL

from fleet.engine.fleet import Fleet
from fleet.engine.sessions import MOST_WAITING, SessionCache
from fleet.inventory.secrets import SecretResolver
from fleet.journal.journal import Journal, open_journal
from fleet.operations.conform import Conform
from fleet.operations.module_list import ListModules
from fleet.operations.modules import ActivateModules
from fleet.operations.settings import GetSettings
from fleet.operations.stats import CollectStats
from fleet.results import RunReport, Status
from fleet.simulator.site import DEFAULT_USERS, SiteSpec
from fleet.site.discovery import Endpoints
from fleet.site.remembered import Remembered
from tests.engine.simulated import QUICK, Simulated, simulated
from tests.engine.sites import site

SITE = SiteSpec("harbour", modules=("sitemaps",), connection="connected")
WANTED = {"modules.sitemaps": True, "modules.monitor": False, "settings.sharing_label": "Share:"}
DAY = 86_400.0


class Clock:
    """A time that tests move."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def cache(folder: Path, clock: Callable[[], float] | None = None) -> SessionCache:
    path, key = folder / "cache" / "jetfleet" / "sessions.db", folder / "state" / "key"
    return SessionCache(path, key, clock) if clock else SessionCache(path, key)


async def audit(sim: Simulated, **wanted: object) -> RunReport:
    return await sim.fleet.run(Conform(wanted or WANTED), dry_run=True)


def used(report: RunReport) -> tuple[int, int]:
    (result,) = report.results
    return result.usage.requests, result.usage.logins


@pytest.mark.parametrize("permalinks", ["pretty", "plain"])
async def test_a_second_audit_takes_two_requests_and_no_login(
    tmp_path: Path, permalinks: str
) -> None:
    spec = replace(SITE, permalinks=permalinks)
    async with simulated(tmp_path, spec, sessions=cache(tmp_path)) as sim:
        first = await audit(sim)
        second = await audit(sim)
    assert used(first)[1] == 1
    assert used(second) == (2, 0)
    (one,), (two,) = first.results, second.results
    assert (one.status, one.keys, one.notes) == (two.status, two.keys, two.notes)


@pytest.mark.parametrize(
    "task", [ListModules(), ListModules(("sitemaps",)), GetSettings(("sharing_label",))]
)
async def test_reading_again_takes_two_requests_at_most(tmp_path: Path, task: object) -> None:
    async with simulated(tmp_path, SITE, sessions=cache(tmp_path)) as sim:
        first = await sim.fleet.run(task)  # type: ignore[arg-type]
        second = await sim.fleet.run(task)  # type: ignore[arg-type]
    assert used(second)[0] <= 2
    assert used(second)[1] == 0
    assert first.results[0].data == second.results[0].data


async def test_without_a_cache_each_run_logs_in(tmp_path: Path) -> None:
    async with simulated(tmp_path, SITE) as sim:
        await audit(sim)
        assert used(await audit(sim))[1] == 1


async def test_a_session_that_is_over_heals_with_one_login(tmp_path: Path) -> None:
    async with simulated(tmp_path, SITE, sessions=cache(tmp_path)) as sim:
        await audit(sim)
        sim.site("harbour").accounts.expire_sessions()
        healed = await audit(sim)
        assert healed.results[0].kind is None
        assert used(healed)[1] == 1
        assert used(await audit(sim)) == (2, 0)
        assert sim.site("harbour").login_attempts == 2


async def test_a_stale_nonce_is_renewed_without_a_login(tmp_path: Path) -> None:
    async with simulated(tmp_path, SITE, sessions=cache(tmp_path)) as sim:
        await audit(sim)
        sim.site("harbour").accounts.expire_nonces()
        assert used(await audit(sim)) == (4, 0)
        assert used(await audit(sim)) == (2, 0)


def with_password(sim: Simulated, kept: SessionCache, password: str, journal: Journal) -> Simulated:
    resolver = SecretResolver({"PW": password})
    fleet = Fleet(sim.fleet.inventory, QUICK, resolver=resolver, journal=journal, sessions=kept)
    return Simulated(fleet, sim.world)


async def test_a_changed_password_logs_in_once(tmp_path: Path) -> None:
    kept = cache(tmp_path)
    changed = replace(SITE, users=(replace(DEFAULT_USERS[0], password="another-one"),))
    async with (
        open_journal(str(tmp_path / "journal.db")) as journal,
        simulated(tmp_path, SITE, sessions=kept, journal=journal) as sim,
    ):
        await audit(sim)
        site = sim.world.replace(changed)
        old = await audit(sim)
        new = with_password(sim, kept, "another-one", journal)
        assert old.results[0].kind == "auth.bad_credentials"
        assert used(await audit(new))[1] == 1
        assert used(await audit(new)) == (2, 0)
        assert site.login_attempts == 2


async def test_a_wrong_password_finds_no_session_and_is_sent_once(tmp_path: Path) -> None:
    kept = cache(tmp_path)
    async with (
        open_journal(str(tmp_path / "journal.db")) as journal,
        simulated(tmp_path, SITE, sessions=kept, journal=journal) as sim,
    ):
        await audit(sim)
        wrong = with_password(sim, kept, "wrong", journal)
        for _ in range(2):
            (result,) = (await audit(wrong)).results
            assert result.kind == "auth.bad_credentials"
        assert sim.site("harbour").login_attempts == 2


async def test_another_site_in_its_place_gets_no_password(tmp_path: Path) -> None:
    kept = cache(tmp_path)
    async with (
        open_journal(str(tmp_path / "journal.db")) as journal,
        simulated(tmp_path, SITE, SiteSpec("mole"), sessions=kept, journal=journal) as sim,
    ):
        await audit(sim)
        attempts = sim.site("mole").login_attempts
        sim.world.swap("harbour", "mole")
        found = {result.site: result.kind for result in (await audit(sim)).results}
        assert found == {"harbour": "identity.mismatch", "mole": "identity.mismatch"}
        assert sim.site("harbour").login_attempts == attempts


async def test_a_jetpack_that_is_gone_is_told_as_in_a_full_visit(tmp_path: Path) -> None:
    kept = cache(tmp_path)
    async with simulated(tmp_path, SITE, sessions=kept) as sim:
        await audit(sim)
        site = sim.world.replace(replace(SITE, jetpack_active=False))
        (result,) = (await audit(sim)).results
        assert result.kind == "jetpack.missing"
        assert site.login_attempts == 0


async def test_rights_that_were_lost_are_told_as_in_a_full_visit(tmp_path: Path) -> None:
    kept = cache(tmp_path)
    async with simulated(tmp_path, SITE, sessions=kept) as sim:
        await audit(sim)
        accounts = sim.world.replace(
            replace(SITE, users=(replace(DEFAULT_USERS[0], role="editor"),))
        )
        (result,) = (await audit(sim)).results
        assert result.kind == "auth.forbidden"
        assert "editor" in result.message
        assert accounts.login_attempts == 1


async def test_routes_that_a_site_never_had_cost_no_login(tmp_path: Path) -> None:
    spec = SiteSpec("harbour", era="4.3")
    async with simulated(tmp_path, spec, sessions=cache(tmp_path)) as sim:
        first = await sim.fleet.run(CollectStats())
        second = await sim.fleet.run(CollectStats())
    assert used(second)[1] == 0
    assert used(second)[0] < used(first)[0]
    assert first.results[0].data == second.results[0].data


async def test_a_warm_session_writes_and_reads_back(tmp_path: Path) -> None:
    async with simulated(tmp_path, SITE, sessions=cache(tmp_path)) as sim:
        await audit(sim)
        report = await sim.fleet.run(ActivateModules(("latex",)))
        assert report.results[0].status is Status.CHANGED
        assert used(report)[1] == 0
        assert "latex" in sim.site("harbour").active_modules


async def test_a_session_is_not_used_for_longer_than_two_days(tmp_path: Path) -> None:
    clock = Clock()
    async with simulated(tmp_path, SITE, sessions=cache(tmp_path, clock)) as sim:
        clock.now = time.time()
        await audit(sim)
        clock.now += 1.9 * DAY
        assert used(await audit(sim))[1] == 0
        clock.now += 0.2 * DAY
        assert used(await audit(sim))[1] == 1


async def test_the_file_is_its_owners_and_holds_no_password(tmp_path: Path) -> None:
    kept = cache(tmp_path)
    async with simulated(tmp_path, SITE, sessions=kept) as sim:
        await audit(sim)
    assert stat.S_IMODE(kept.path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    assert DEFAULT_USERS[0].password.encode() not in kept.path.read_bytes()
    assert b"wordpress_logged_in_" in kept.path.read_bytes()


@pytest.mark.parametrize("trouble", ["open to others", "a link", "an open folder"])
async def test_a_file_that_others_could_have_made_is_not_read(
    tmp_path: Path, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    kept = cache(tmp_path)
    async with simulated(tmp_path, SITE, sessions=kept) as sim:
        await audit(sim)
        if trouble == "open to others":
            kept.path.chmod(0o640)
        elif trouble == "a link":
            kept.path.rename(tmp_path / "elsewhere.db")
            kept.path.symlink_to(tmp_path / "elsewhere.db")
        else:
            kept.path.parent.chmod(0o770)
        with caplog.at_level(logging.WARNING, "fleet"):
            assert used(await audit(sim))[1] == 1
    assert len(caplog.records) == 1
    assert "sessions are not kept between runs" in caplog.text


async def test_a_damaged_file_begins_anew_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = cache(tmp_path)
    async with simulated(tmp_path, SITE, sessions=kept) as sim:
        await audit(sim)
        kept.path.write_bytes(b"no database at all, and long enough to be looked at" * 40)
        with caplog.at_level(logging.WARNING, "fleet"):
            assert used(await audit(sim))[1] == 1
            assert used(await audit(sim)) == (2, 0)
    assert ["damaged" in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.parametrize(
    "odd", [{"since": "soon"}, {"since": None}, {"nonce": 5}, {"cookies": [["a", "b", "c", 5]]}]
)
async def test_an_entry_of_another_form_is_passed_over(
    tmp_path: Path, odd: dict[str, object]
) -> None:
    kept = cache(tmp_path)
    async with simulated(tmp_path, SITE, sessions=kept) as sim:
        await audit(sim)
        with closing(sqlite3.connect(kept.path)) as database, database:
            (text,) = database.execute("SELECT kept FROM sessions").fetchone()
            document = {**json.loads(text), **odd}
            database.execute("UPDATE sessions SET kept = ?", (json.dumps(document),))
        again = await audit(sim)
        assert again.results[0].status is Status.DRIFT
        assert used(again)[1] == 1


async def test_forgetting_removes_one_site_or_all(tmp_path: Path) -> None:
    kept = cache(tmp_path)
    async with simulated(tmp_path, SITE, sessions=kept) as sim:
        await audit(sim)
        sites = list(sim.fleet.inventory.sites.values())
        assert kept.forget(sites)
        with sqlite3.connect(kept.path) as database:
            assert database.execute("SELECT count(*) FROM sessions").fetchone() == (0,)
        assert used(await audit(sim))[1] == 1
        assert kept.forget()
        assert not kept.path.exists()
        assert not kept.forget()


@pytest.mark.parametrize(
    "form",
    [
        lambda password: password,
        lambda password: quote(password, safe=""),
        lambda password: base64.b64encode(password.encode()).decode(),
        lambda password: password.encode().hex(),
    ],
    ids=["plain", "percent", "base64", "hex"],
)
async def test_a_session_in_which_the_site_put_the_password_is_not_kept(
    tmp_path: Path, form: Callable[[str], str]
) -> None:
    """Neither in a cookie nor in its title; the run itself goes on, and the next one logs in."""
    kept = cache(tmp_path)
    password = "Pa55 wörd/with+signs"
    users = (replace(DEFAULT_USERS[0], password=password),)
    told = {"title": SiteSpec("titled", title=form(password), users=users)}
    async with simulated(tmp_path, *told.values(), password=password, sessions=kept) as sim:
        first = await sim.fleet.run(ListModules())
        again = await sim.fleet.run(ListModules())
    assert [result.status for result in (*first.results, *again.results)] == [Status.UNCHANGED] * 2
    assert [used(report)[1] for report in (first, again)] == [1, 1]
    assert form(password).encode() not in kept.path.read_bytes()


async def test_a_disk_that_is_slow_costs_sessions_and_no_memory(tmp_path: Path) -> None:
    root = URL("http://127.0.0.1/wp-json/")
    left = Remembered(Endpoints(root, URL("http://127.0.0.1/"), frozenset()), since=DAY)
    sites = [site(f"s{number}") for number in range(4 * MOST_WAITING)]
    kept = cache(tmp_path, lambda: DAY)
    async with kept.opened():
        pass  # the file is there now
    async with kept.opened() as sessions:
        assert sessions is not None
        with closing(sqlite3.connect(kept.path)) as other:
            other.execute("BEGIN IMMEDIATE")
            for each in sites:
                sessions.keep(each, SecretStr("made-up"), left)
    with closing(sqlite3.connect(kept.path)) as database:
        (written,) = database.execute("SELECT count(*) FROM sessions").fetchone()
    assert 0 < written < 2 * MOST_WAITING
