"""An engine that gives parts of a run to the workers of a Dask cluster.

The controller holds the run: its lease, its budget, its report. Workers visit the sites, and put
intents and results into the PostgreSQL journal that all share. What they tell over Dask is a copy
for whoever watches; at the end of a part whatever was not told is read from the journal. Dask runs
a part once more when its worker dies, and sometimes when it only seems to: the claim on the part
in the journal keeps two workers from changing the same sites.
"""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from typing import Any, cast

import anyio
from distributed import Client, Future, get_worker, wait
from yarl import URL

from fleet.config import Settings
from fleet.engine.addresses import host_of, resolve_address
from fleet.engine.deliveries import Deliveries
from fleet.engine.engines import Emit, Ended
from fleet.engine.part_work import work_on
from fleet.engine.parts import (
    Assignment,
    Part,
    carried,
    cut,
    packed,
    refuse_secrets,
    refuse_unsendable,
    unpacked,
)
from fleet.engine.run import Order
from fleet.engine.stop import Stop
from fleet.errors import InputError
from fleet.inventory.model import Site
from fleet.inventory.secrets import SecretResolver
from fleet.journal.journal import Journal
from fleet.journal.records import Lease
from fleet.operations.base import Operation, Sourced, Task
from fleet.results import Halt, Halted
from fleet.site.transport import Connections

__all__ = ["DaskEngine", "DaskRemote"]

_LOG = logging.getLogger("fleet")
_LOOKUPS = 64
_POLL = 0.2
_REMIND = 1.0
_NO_WORKERS = 60.0
"""Seconds without any worker after which a run gives up."""
_AHEAD = 2
"""Parts given to the cluster for each place where one can run."""


def run_part(data: bytes, topic: str) -> str | None:
    """Work on a part, on a worker, and return why it ended early, if it did.

    Runs in a thread of its own, so that the worker goes on answering the scheduler.
    """
    part = cast("Part", unpacked(data))
    worker = get_worker()
    stop_at = _stops(worker)
    wish = part.assignment.run_id

    def tell(texts: Sequence[str]) -> None:
        if texts:
            worker.log_event(topic, list(texts))

    async def work() -> Halted | None:
        stop = Stop()

        async def obey() -> None:
            obeyed = 0
            while True:
                while obeyed < stop_at.get(wish, 0):
                    obeyed += 1
                    stop.request("SIGTERM")
                await anyio.sleep(_POLL)

        # The worker's own way to the journal may hold a password, which is never sent here.
        store = os.environ.get("FLEET_STORE", part.assignment.store)
        return await work_on(part, store, tell, stop, obey, SecretResolver())

    halted = anyio.run(work)
    return halted.reason if halted else None


def _stops(worker: Any) -> dict[str, int]:
    """Return by run how urgently it is to stop; kept by the worker itself."""
    found: dict[str, int] = worker.__dict__.setdefault("fleet_stops", {})
    return found


def _ask_to_stop(run_id: str, level: int, dask_worker: Any = None) -> None:
    _stops(dask_worker)[run_id] = level


def _release() -> str:
    return version("jetfleet")


class DaskRemote:
    """A Dask cluster.

    Args:
        scheduler: Address of its scheduler, ``tls://HOST:PORT``; ``tcp://`` on this machine only.
            The certificates are Dask's own setting (``DASK_DISTRIBUTED__COMM__TLS__*``).
        store: Address of the shared PostgreSQL journal, without a password.
        journal: The same, opened.
        size: Sites of a part, as long as the sites of one server are not more.
    """

    def __init__(self, scheduler: str, store: str, journal: Journal, size: int = 200) -> None:
        self._scheduler = _address(scheduler)
        self._store = store
        self._journal = journal
        self._size = size

    @asynccontextmanager
    async def engine(
        self, order: Order, run_id: str, settings: Settings, stop: Stop, lease: Lease | None
    ) -> AsyncIterator[DaskEngine]:
        """See `Remote`."""
        common = Assignment(
            run_id=run_id,
            store=self._store,
            dry_run=order.dry_run,
            settings=settings,
            checks=order.checks,
            lease=None if lease is None else Lease(lease.run_id, lease.token, lease.owner, ()),
        )
        for site in order.sites:
            carried(site)
        client = Client(self._scheduler, asynchronous=True, timeout="10s")
        try:
            await _connect(client, self._scheduler)
            await _check_workers(client, {_region(site) for site in order.sites})
            async with Connections(_LOOKUPS, settings.http) as connections:
                yield DaskEngine(
                    client, common, self._journal, stop, connections.address, self._size
                )
        finally:
            with anyio.CancelScope(shield=True):
                await client.close()


class DaskEngine:
    """Makes the visits of one run on the workers of a cluster.

    Args:
        client: The connection to the scheduler.
        common: What all parts have in common.
        journal: The shared journal.
        stop: Ends the run early.
        lookup: Returns the address behind a host name.
        size: Sites of a part.
    """

    keeps_record = True

    def __init__(
        self,
        client: Client,
        common: Assignment,
        journal: Journal,
        stop: Stop,
        lookup: Callable[[str], Awaitable[str]],
        size: int,
    ) -> None:
        self._client = client
        self._common = common
        self._journal = journal
        self._stop = stop
        self._lookup = lookup
        self._size = size
        self._waves = 0
        self._given: set[Future[Any]] = set()

    async def visit(
        self, sites: Sequence[Site], task_of: Callable[[Site], Task], ended: Ended, emit: Emit
    ) -> None:
        """See `Engine`."""
        self._waves += 1
        places = await self._places(sites)
        topic = f"fleet/{self._common.run_id}/{self._waves}"
        deliveries = Deliveries(self._journal, self._common.run_id, ended, emit)
        parts = self._parts(sites, task_of, places)
        async with anyio.create_task_group() as watching:
            watching.start_soon(self._pass_stop_on)
            watching.start_soon(self._miss_workers)

            async def told(event: tuple[float, Sequence[str]]) -> None:
                await deliveries.take(event[1])

            self._client.subscribe_topic(topic, told)
            await self._give_out(parts, topic, deliveries)
            if self._client.status == "running":
                self._client.unsubscribe_topic(topic)
            watching.cancel_scope.cancel()

    async def draw(
        self, _site: Site, task: Sourced, _ended: Ended, _emit: Emit, /
    ) -> Operation[Any] | None:
        """Refuse: one site would have to be read here, where no password is.

        Raises:
            InputError: Always.
        """
        raise InputError(f"{task.name} takes values from one site: run it with --engine local")

    async def _give_out(self, parts: Iterator[Part], topic: str, deliveries: Deliveries) -> None:
        """Keep the cluster busy until no part is left or the run is to stop."""
        ahead = anyio.Semaphore(max(4, _AHEAD * sum((await self._client.ncores()).values())))

        async def give(part: Part) -> None:
            try:
                await self._work_off(part, topic, deliveries)
            finally:
                ahead.release()

        async with anyio.create_task_group() as tasks:
            for part in parts:
                await ahead.acquire()
                if self._stop.draining.is_set():
                    break
                tasks.start_soon(give, part)

    async def _work_off(self, part: Part, topic: str, deliveries: Deliveries) -> None:
        deliveries.expect(part)
        try:
            trouble = await self._result(part, topic)
        except Exception as error:  # noqa: BLE001 - whatever befalls a cluster, its sites are settled
            name = type(error).__name__
            trouble = f"part {part.name} was not finished by the cluster ({name})"
            _LOG.warning("%s", trouble)
        if trouble and not self._stop.draining.is_set():
            self._stop.halt(Halted(Halt.WORKERS, trouble))
        await deliveries.close(part, trouble)

    async def _result(self, part: Part, topic: str) -> str | None:
        """Return why a part ended early on its worker, if it did.

        Raises:
            Exception: The worker or the cluster failed.
        """
        future = self._client.submit(
            run_part,
            packed(part),
            topic,
            key=f"fleet-{part.assignment.run_id}-{part.name}",
            resources={f"region-{part.region}": 1} if part.region else None,
            pure=False,
        )
        self._given.add(future)
        try:
            await wait(future)
            return cast("str | None", await future)
        finally:
            self._given.discard(future)
            future.release()

    def _parts(
        self,
        sites: Sequence[Site],
        task_of: Callable[[Site], Task],
        places: Sequence[tuple[str, str]],
    ) -> Iterator[Part]:
        sendable: set[type[Task]] = set()
        for number, (region, indices) in enumerate(cut(places, self._size), 1):
            chosen = tuple(sites[index] for index in indices)
            tasks = tuple(task_of(site) for site in chosen)
            for task in tasks:
                refuse_secrets(task)
                if type(task) not in sendable:
                    refuse_unsendable(task)
                    sendable.add(type(task))
            name = f"{self._waves}.{number}"
            yield Part(name, region, self._common, tuple(map(carried, chosen)), tasks)

    async def _places(self, sites: Sequence[Site]) -> list[tuple[str, str]]:
        """Return the region and the server of each site."""
        hosts = dict.fromkeys(host_of(site) for site in sites)
        servers: dict[str, str] = {}
        pending = iter(hosts)

        async def look_up() -> None:
            for host in pending:
                servers[host] = await resolve_address(host, self._lookup)

        async with anyio.create_task_group() as tasks:
            for _ in range(min(_LOOKUPS, len(hosts))):
                tasks.start_soon(look_up)
        return [(_region(site), servers[host_of(site)]) for site in sites]

    async def _pass_stop_on(self) -> None:
        """Ask again and again: a worker may join, or take a part over, after the first time."""
        await self._stop.draining.wait()
        while True:
            await self._ask_to_stop(2 if self._stop.aborting.is_set() else 1)
            with anyio.move_on_after(_REMIND):
                if not self._stop.aborting.is_set():
                    await self._stop.aborting.wait()
                    continue
                await anyio.sleep(_REMIND)

    async def _ask_to_stop(self, level: int) -> None:
        """Ask all workers to stop; those of a lost cluster lose their claims instead."""
        with suppress(OSError, RuntimeError):
            await self._client.run(_ask_to_stop, self._common.run_id, level, on_error="ignore")

    async def _miss_workers(self) -> None:
        """Halt the run where no worker has been there for long, and wait for no part any more."""
        seen = anyio.current_time()
        while True:
            if await self._workers():
                seen = anyio.current_time()
            elif anyio.current_time() - seen > _NO_WORKERS:
                reason = f"the cluster has had no worker for {_NO_WORKERS:.0f} s"
                self._stop.halt(Halted(Halt.WORKERS, reason))
                if self._client.status == "running":
                    await self._client.cancel(list(self._given), force=True)
                return
            await anyio.sleep(1)

    async def _workers(self) -> bool:
        """Return whether there are workers."""
        try:
            return bool(await self._client.ncores())
        except (OSError, RuntimeError):
            return False


async def _connect(client: Client, scheduler: str) -> None:
    """Return when the scheduler has answered.

    Raises:
        InputError: It does not, or not to us.
    """
    try:
        await client
    # Without a certificate of its own Dask raises a TypeError.
    except (OSError, TimeoutError, TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"no Dask scheduler answers at {scheduler} ({type(error).__name__}): start one, and"
            " check the certificates (DASK_DISTRIBUTED__COMM__TLS__*)"
        ) from error


async def _check_workers(client: Client, regions: set[str]) -> None:
    """Check that there are workers of this release for every region.

    Raises:
        InputError: There are not.
    """
    scheduler: Any = client.scheduler
    found = (await scheduler.identity(n_workers=-1))["workers"]
    if not found:
        raise InputError("the Dask cluster has no worker: start some with dask worker")
    for region in sorted(regions - {""}):
        if not any(f"region-{region}" in each["resources"] for each in found.values()):
            raise InputError(
                f"no worker serves the region {region}: start one with"
                f' dask worker --resources "region-{region}=1000"'
            )
    releases = await client.run(_release)
    if strange := {each for each in releases.values() if each != _release()}:
        raise InputError(
            f"workers run jetfleet {min(strange)}, and this is {_release()}: install the same"
        )


def _address(scheduler: str) -> str:
    """Return the address of a scheduler.

    Raises:
        InputError: It is none, or the way there is open to others.
    """
    try:
        url = URL(scheduler)
    except ValueError:
        url = URL()
    if url.scheme not in ("tls", "tcp") or not url.host or not url.explicit_port:
        raise InputError(f"--scheduler {scheduler}: write tls://HOST:PORT")
    if url.scheme == "tcp" and url.host not in ("127.0.0.1", "::1", "localhost"):
        raise InputError(
            f"--scheduler {scheduler}: whoever reaches a scheduler over tcp:// runs code on its"
            " workers, which have your passwords: use tls:// with certificates"
        )
    return scheduler


def _region(site: Site) -> str:
    return site.labels.get("region", "")
