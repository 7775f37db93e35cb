"""Runs given to real worker processes, some of which die."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from fleet.simulator.fleets import PASSWORD_VARIABLE
from fleet.simulator.site import DEFAULT_USERS
from fleet.simulator.wire import SimRequest
from tests.dask.cluster import Cluster, cluster
from tests.journal.postgres import Postgres
from tests.local.processes import Ended, Snare, finish, fleet, quiet, serving, several, start

COUNT = 40
KEYS = ("CERT", "KEY")
ACTIVATE = ("run", "modules.activate", "--modules", "sitemaps")
pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]


@dataclass
class Place:
    """A fleet of simulated sites, a shared journal and a cluster."""

    folder: Path
    world: Snare
    cluster: Cluster
    store: str

    def words(self, *more: str, part: int = 5) -> tuple[str, ...]:
        where = ("--engine", "dask", "--scheduler", self.cluster.address, "--part", str(part))
        return (*more, *where, "-q")

    async def run(self, *more: str, part: int = 5) -> Ended:
        return await fleet(self.folder, *self.words(*more, part=part), FLEET_STORE=self.store)

    def changes(self) -> dict[str, int]:
        return {site.spec.name: len(site.ledger) for site in self.world}


def labelled(folder: Path, **more: str) -> None:
    """Give each site a server of its own."""
    path = folder / "inventory.yaml"
    document = yaml.safe_load(path.read_text())
    for name, site in document["sites"].items():
        site.setdefault("labels", {}).update({"host": f"{name}-server", **more})
    path.write_text(yaml.safe_dump(document))


@pytest.fixture
def store(postgres: Postgres, database: str) -> str:
    return postgres.url(database)


@asynccontextmanager
async def shared(folder: Path, store: str, count: int = COUNT) -> AsyncIterator[Place]:
    environ = {PASSWORD_VARIABLE: DEFAULT_USERS[0].password, "FLEET_STORE": store}
    async with serving(folder, several(count)) as world:
        labelled(folder)
        with cluster(folder, environ) as made:
            yield Place(folder, world, made, store)


async def add(place: Place, count: int, *options: str) -> None:
    for _ in range(count):
        await asyncio.to_thread(place.cluster.add, *options)


def told(folder: Path, name: str) -> dict[str, Any]:
    document = json.loads((folder / name).read_text())
    for site in document["results"]:
        site["usage"] = None
    return {key: document[key] for key in ("exit_code", "totals", "results", "operation")}


async def test_workers_make_the_report_of_one_process(tmp_path: Path, store: str) -> None:
    async with shared(tmp_path, store) as place:
        await add(place, 2)
        ended = await place.run("run", "modules.list", "-o", "json=dask.json")
        assert (ended.code, quiet(ended)) == (0, True), ended.err
        local = await fleet(tmp_path, "run", "modules.list", "-q", "-o", "json=local.json")
        assert local.code == 0, local.err
    assert told(tmp_path, "dask.json") == told(tmp_path, "local.json")


async def test_fault_67_a_killed_worker_loses_no_site_and_doubles_no_write(
    tmp_path: Path, store: str
) -> None:
    async with shared(tmp_path, store) as place:
        await add(place, 2)
        victim = place.cluster.workers[0]

        def is_write(request: SimRequest) -> bool:
            return request.method == "POST" and "module" in request.path

        place.world.arm(victim.kill, is_write, after=12)
        ended = await place.run(*ACTIVATE, "-o", "json=report.json")
        assert place.world.sprung.is_set()
        assert (ended.code, quiet(ended)) == (0, True), ended.err
        assert place.changes() == {f"s{number:02}": 1 for number in range(COUNT)}
    report = told(tmp_path, "report.json")
    assert report["totals"]["changed"] == report["totals"]["sites"] == COUNT


async def test_a_plan_is_applied_by_workers(tmp_path: Path, store: str) -> None:
    (tmp_path / "policy.yaml").write_text(
        "version: 1\npolicies: [{name: base, modules: {active: [sitemaps]}}]\n"
    )
    async with shared(tmp_path, store, 12) as place:
        await add(place, 2)
        planned = await place.run("plan", "-o", "plan.json")
        assert planned.code == 0, planned.err
        applied = await place.run("apply", "plan.json", "--allow-sites", "12")
        assert applied.code == 0, applied.err
        assert set(place.changes().values()) == {1}
        audited = await place.run("audit")
        assert audited.code == 0, audited.err


async def test_a_stopped_run_stops_its_workers(tmp_path: Path, store: str) -> None:
    async with shared(tmp_path, store) as place:
        await add(place, 1)
        process = await start(
            tmp_path, *place.words(*ACTIVATE, "-c", "2", part=40), environ={"FLEET_STORE": store}
        )
        place.world.arm(process.terminate, lambda request: request.method == "POST", after=8)
        ended = await finish(process)
        assert ended.code == 143, ended.err
        done = sum(place.changes().values())
        assert 0 < done < COUNT
        again = await place.run(*ACTIVATE)
        assert again.code == 0, again.err
        assert set(place.changes().values()) == {1}


def is_write(request: SimRequest) -> bool:
    return request.method == "POST" and "module" in request.path


async def test_a_dead_scheduler_ends_the_run_and_loses_no_result(
    tmp_path: Path, store: str
) -> None:
    async with shared(tmp_path, store) as place:
        await add(place, 1)
        place.world.arm(place.cluster.scheduler.kill, is_write, after=12)
        ended = await place.run(*ACTIVATE, "-o", "json=report.json")
        assert place.world.sprung.is_set()
        assert quiet(ended), ended.err
        assert ended.code == 3, ended.err
        changed = {name for name, count in place.changes().items() if count}
    report = json.loads((tmp_path / "report.json").read_text())
    untouched = {each["site"] for each in report["results"] if each["status"] == "not_started"}
    assert not untouched & changed


async def test_a_run_without_workers_ends(tmp_path: Path, store: str) -> None:
    async with shared(tmp_path, store) as place:
        await add(place, 1)
        place.world.arm(place.cluster.workers[0].kill, is_write, after=12)
        ended = await place.run(*ACTIVATE, "-o", "json=report.json")
        assert (ended.code, quiet(ended)) == (3, True), ended.err


async def test_sites_are_visited_where_their_region_is(tmp_path: Path, store: str) -> None:
    async with shared(tmp_path, store, 4) as place:
        labelled(tmp_path, region="eu")
        await add(place, 1)
        refused = await place.run("run", "modules.list")
        assert refused.code == 64
        assert "no worker serves the region eu" in refused.err
        assert not place.world.touched
        await add(place, 1, "--resources", "region-eu=10")
        served = await place.run("run", "modules.list")
        assert served.code == 0, served.err


async def test_what_workers_cannot_do_is_told(tmp_path: Path, store: str) -> None:
    async with shared(tmp_path, store, 2) as place:
        alone = await place.run("run", "modules.list")
        assert (alone.code, "has no worker" in alone.err) == (64, True), alone.err
        await add(place, 1)
        for words, said in ((("run", "settings.sync", "--from", "s00"), "--engine local"),):
            ended = await place.run(*words)
            assert (ended.code, said in ended.err) == (64, True), ended.err
        assert not place.world.touched
    nobody = await fleet(
        *(tmp_path, "run", "modules.list", "--engine", "dask"),
        *("--scheduler", "tcp://127.0.0.1:9"),
        FLEET_STORE=store,
    )
    assert (nobody.code, "no Dask scheduler answers" in nobody.err) == (64, True), nobody.err


async def test_a_worker_without_the_password_contacts_nobody(tmp_path: Path, store: str) -> None:
    async with serving(tmp_path, several(3)) as world:
        labelled(tmp_path)
        with cluster(tmp_path, {"FLEET_STORE": store}) as made:
            place = Place(tmp_path, world, made, store)
            await add(place, 1)
            ended = await place.run("run", "modules.list", "-o", "text")
            assert ended.code == 3, ended.err
            assert PASSWORD_VARIABLE in ended.out
            assert not world.touched


async def test_certificates_decide_who_may_use_the_workers(tmp_path: Path, store: str) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    node = authority.issue_cert("127.0.0.1", common_name="node")
    node.private_key_and_cert_chain_pem.write_to_path(tmp_path / "node.pem")
    stranger = trustme.CA().issue_cert("127.0.0.1")
    stranger.private_key_and_cert_chain_pem.write_to_path(tmp_path / "stranger.pem")
    options = ("--tls-ca-file", "ca.pem", "--tls-cert", "node.pem", "--tls-key", "node.pem")
    environ = {PASSWORD_VARIABLE: DEFAULT_USERS[0].password, "FLEET_STORE": store}

    def certified(name: str) -> dict[str, str]:
        return {
            f"DASK_DISTRIBUTED__COMM__TLS__{kind}": f"{tmp_path}/{file}"
            for kind, file in (("CA_FILE", "ca.pem"), *((f"CLIENT__{x}", name) for x in KEYS))
        }

    async with serving(tmp_path, several(4)) as world:
        with cluster(tmp_path, environ, ("--protocol", "tls", *options)) as made:
            place = Place(tmp_path, world, made, store)
            assert made.address.startswith("tls://")
            await add(place, 1)
            for given in ({}, certified("stranger.pem")):
                refused = await fleet(tmp_path, *place.words(*ACTIVATE), FLEET_STORE=store, **given)
                assert (refused.code, quiet(refused)) == (64, True), refused.err
                assert not world.touched
            served = await fleet(
                tmp_path, *place.words(*ACTIVATE), FLEET_STORE=store, **certified("node.pem")
            )
            assert served.code == 0, served.err
            assert set(place.changes().values()) == {1}


@pytest.mark.parametrize(
    ("scheduler", "said"),
    [
        ("tcp://scheduler.example:8786", "use tls:// with certificates"),
        ("scheduler.example:8786", "write tls://HOST:PORT"),
        ("tls://scheduler.example", "write tls://HOST:PORT"),
        ("tls://[", "write tls://HOST:PORT"),
    ],
)
async def test_a_way_that_is_open_to_others_is_refused(
    tmp_path: Path, store: str, scheduler: str, said: str
) -> None:
    async with serving(tmp_path, several(1)):
        words = ("run", "modules.list", "--engine", "dask", "--scheduler", scheduler)
        ended = await fleet(tmp_path, *words, FLEET_STORE=store)
    assert (ended.code, said in ended.err) == (64, True), ended.err


async def test_a_journal_of_one_machine_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, several(1)):
        words = ("run", "modules.list", "--engine", "dask", "--scheduler", "tcp://127.0.0.1:9")
        ended = await fleet(tmp_path, *words)
    assert (ended.code, "a journal that all workers reach" in ended.err) == (64, True), ended.err
