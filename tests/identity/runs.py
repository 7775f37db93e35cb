"""Runs of a simulated fleet with a journal, as one after the other on one machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fleet.config import Settings
from fleet.engine.accepting import accept_site
from fleet.engine.fleet import Fleet
from fleet.inventory.model import Inventory
from fleet.inventory.secrets import SecretResolver
from fleet.journal.journal import open_journal
from fleet.operations.base import Task
from fleet.operations.connection import ConnectionStatus
from fleet.results import RunReport, SiteResult
from fleet.simulator.server import SimulatorServer
from fleet.simulator.site import DEFAULT_USERS, SimSite, SiteSpec
from fleet.simulator.world import World
from tests.engine.simulated import QUICK

__all__ = ["ADMIN", "WRONG", "Machine", "machine", "only"]

ADMIN = DEFAULT_USERS[0]
WRONG = "a wrong one"


def only(report: RunReport) -> SiteResult:
    """Return the result of the only site."""
    (result,) = report.results
    return result


@dataclass(slots=True)
class Machine:
    """A machine from which runs are made.

    Args:
        folder: Its state: the journal and the key.
        server: Serves the sites.
        world: What the sites know.
        rows: Name and address of each entry of the inventory.
        password: What the vault has.
        username: The account.
        method: How it signs in.
        settings: Limits of its runs.
        labels: Servers by name of the entry, as their label tells.
        timeout: Time for each request.
        deadline: Time for each site.
    """

    folder: Path
    server: SimulatorServer
    world: World
    rows: dict[str, str]
    password: str = ADMIN.password
    username: str = ADMIN.name
    method: str = "cookie"
    settings: Settings = QUICK
    labels: Mapping[str, str] = field(default_factory=dict)
    timeout: str = "5s"
    deadline: str = "20s"

    @property
    def store(self) -> str:
        """Return where its journal is."""
        return str(self.folder / "state" / "journal.db")

    @property
    def key(self) -> Path:
        """Return where its key is."""
        return self.folder / "state" / "credentials.key"

    def journal_bytes(self) -> bytes:
        """Return all that its journal has written."""
        return b"".join(path.read_bytes() for path in self.folder.glob("state/journal.db*"))

    def site(self, name: str) -> SimSite:
        """Return what a site knows."""
        return self.world.site(name)

    def inventory(self) -> Inventory:
        """Return the inventory, as a user would write it."""
        auth = f"{{method: {self.method}, username: {self.username}, password: 'env:PW'}}"
        lines = [
            "version: 1",
            "defaults:",
            f"  http: {{timeout: {self.timeout}, deadline: {self.deadline}}}",
        ]
        lines += [f"  auth: {auth}", "sites:"]
        for name, url in self.rows.items():
            more = f", labels: {{host: {self.labels[name]}}}" if name in self.labels else ""
            lines.append(f"  {name}: {{url: '{url}'{more}}}")
        path = self.folder / "inventory.yaml"
        path.write_text("\n".join(lines))
        return Inventory.load([path])

    async def run(self, task: Task | None = None, *, recorded: bool = True) -> RunReport:
        """Make a run as a process of its own would, and return its report."""
        resolver = SecretResolver({"PW": self.password})
        inventory = self.inventory()
        if not recorded:
            return await Fleet(inventory, self.settings, resolver=resolver).run(
                task or ConnectionStatus()
            )
        async with open_journal(self.store, key_file=self.key) as journal:
            fleet = Fleet(inventory, self.settings, resolver=resolver, journal=journal)
            return await fleet.run(task or ConnectionStatus())

    async def accept(self, name: str) -> None:
        """Take a site for what it is now."""
        async with open_journal(self.store, key_file=self.key) as journal:
            await accept_site(self.inventory().sites[name], journal, self.settings)

    def logins(self) -> int:
        """Return how many passwords the sites got, by their own count."""
        return sum(site.login_attempts for site in self.world)


@asynccontextmanager
async def machine(
    folder: Path, *specs: SiteSpec, change: Callable[[Machine], None] = lambda _: None
) -> AsyncIterator[Machine]:
    """Yield a machine with an inventory of `specs`."""
    world = World()
    for spec in specs:
        world.add(spec)
    async with SimulatorServer(world) as server:
        rows = {spec.name: server.url_of(spec.name) for spec in specs}
        found = Machine(folder, server, world, rows)
        change(found)
        yield found
