"""One simulated site: what it was made as, what it is now, and what it saw.

Besides the state that requests read and change, a site keeps the truth for tests: the ledger of
applied writes, the log of requests, and counts of logins.
"""

from __future__ import annotations

import copy
import random
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fleet.simulator.auth import Accounts, SimUser
from fleet.simulator.catalogue import Catalogue
from fleet.simulator.faults import Fault, FaultLine
from fleet.simulator.wire import SimRequest

__all__ = ["DEFAULT_USERS", "Applied", "Seen", "SimSite", "SiteSpec", "SiteState", "Urls"]

DEFAULT_USERS = (
    SimUser(
        "fleet-bot",
        "calm-harbour-7",
        "administrator",
        application_passwords=("abcd EFGH 1234 ijkl MNOP 5678",),
    ),
    SimUser("editor", "quiet-ferry-3", "editor", application_passwords=("edit EDIT 1234 edit",)),
)
"""The users of a site that names none."""


@dataclass(frozen=True, slots=True)
class SiteSpec:
    """How a site is made.

    Args:
        name: Path below which it lives; also its name in inventories.
        era: Short name of the Jetpack release, None where Jetpack is not installed.
        jetpack_active: False where it is installed but not active.
        permalinks: ``pretty`` or ``plain``.
        core_folder: Folder of WordPress's own files below the home address, such as ``wp``.
        connection: ``offline``, ``unconnected`` or ``connected``.
        owner: Whether a user owns the connection, where the site is connected.
        plan: ``free``, ``personal``, ``premium``, ``business``, ``security`` or ``complete``.
        users: Its accounts.
        modules: Active modules; None for those that start by themselves.
        forced: Modules the host forces on (True) or off (False).
        conflicts: Module to the file of an active plugin that does the same.
        stubborn: Files of plugins that the host switches on again at once.
        options: Stored option values.
        updates: Plugins with an update waiting.
        ssl: Jetpack's test of SSL: ``passed``, ``failed`` (and would again), or ``mended`` (failed
            when last tested, would pass now).
        title: Title of the site; made from its name if empty.
        blog: Its number at WordPress.com; made from its name if 0.
        aliases: Further paths below which the same site answers.
        confirm_email: Whether logins of administrators land on the e-mail confirmation.
        faults: What goes wrong.
    """

    name: str
    era: str | None = "16.1"
    jetpack_active: bool = True
    permalinks: str = "pretty"
    core_folder: str = ""
    connection: str = "connected"
    owner: bool = True
    plan: str = "free"
    users: tuple[SimUser, ...] = DEFAULT_USERS
    modules: tuple[str, ...] | None = None
    forced: Mapping[str, bool] = field(default_factory=dict)
    conflicts: Mapping[str, str] = field(default_factory=dict)
    stubborn: tuple[str, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    updates: int = 0
    ssl: str = "passed"
    title: str = ""
    blog: int = 0
    aliases: tuple[str, ...] = ()
    confirm_email: bool = False
    faults: tuple[Fault, ...] = ()


@dataclass(slots=True)
class SiteState:
    """Everything a request can change.

    Args:
        modules: Slugs stored as active.
        options: Stored option values; a key never saved is missing.
        notices: Dismissed notices.
        connection: As in `SiteSpec`.
        plugins: Plugin file to whether it is active.
        unlinked: Login names of administrators that are not linked to WordPress.com.
        ssl_failed: Whether the last test of SSL failed.
    """

    modules: set[str]
    options: dict[str, object]
    notices: dict[str, bool]
    connection: str
    plugins: dict[str, bool]
    unlinked: set[str] = field(default_factory=set)
    ssl_failed: bool = False

    def copy(self) -> SiteState:
        """Return an independent copy."""
        return copy.deepcopy(self)

    def changes(self, before: SiteState) -> tuple[tuple[str, object, object], ...]:
        """Return (key, before, after) of everything that differs from `before`."""
        slugs = sorted(self.modules ^ before.modules)
        found: list[tuple[str, object, object]] = [
            (f"modules.{slug}", slug in before.modules, slug in self.modules) for slug in slugs
        ]
        if self.connection != before.connection:
            found.append(("connection", before.connection, self.connection))
        if self.ssl_failed != before.ssl_failed:
            found.append(("ssl_failed", before.ssl_failed, self.ssl_failed))
        for name in sorted(self.unlinked ^ before.unlinked):
            found.append((f"users.{name}", name not in before.unlinked, name not in self.unlinked))
        parts = (
            ("settings", before.options, self.options),
            ("notices", before.notices, self.notices),
            ("plugins", before.plugins, self.plugins),
        )
        for prefix, old, new in parts:
            for key in sorted(old.keys() | new.keys()):
                if old.get(key) != new.get(key):
                    found.append((f"{prefix}.{key}", old.get(key), new.get(key)))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Applied:
    """One write that changed the site.

    Args:
        at: Unix time.
        method: HTTP method.
        route: REST route as asked for.
        user: Login name.
        changes: (key, before, after), keys as ``modules.SLUG`` or ``settings.KEY``.
    """

    at: float
    method: str
    route: str
    user: str
    changes: tuple[tuple[str, object, object], ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as the site saw it.

    Args:
        at: Unix time.
        method: HTTP method.
        path: REST route, or path within the site.
        query: Raw query.
        user: Login name of the visitor, empty for nobody.
        status: HTTP status of the answer, 0 where the connection was reset.
        client: Address of the sender.
    """

    at: float
    method: str
    path: str
    query: str
    user: str
    status: int
    client: str


@dataclass(frozen=True, slots=True)
class Urls:
    """The addresses of a site as one client sees them; none ends with a slash but `rest`.

    Args:
        origin: Scheme and host.
        home: Public address.
        core: Address of WordPress's own files.
        rest: REST root, to which a route without its first slash is appended.
        paths: Path of home and of core, with a slash at the end.
    """

    origin: str
    home: str
    core: str
    rest: str
    paths: tuple[str, str]


class SimSite:
    """One site.

    Args:
        spec: How it is made.
        catalogue: What its release can do; also for a site without Jetpack.
        clock: Unix time.
        chance: Seeded randomness for its faults.
    """

    def __init__(
        self,
        spec: SiteSpec,
        catalogue: Catalogue,
        clock: Callable[[], float],
        chance: random.Random,
    ) -> None:
        self.spec = spec
        self.catalogue = catalogue
        self.era = catalogue.era
        self.clock = clock
        self.accounts = Accounts(spec.users, spec.name, clock)
        self.faults = FaultLine(list(spec.faults), chance)
        modules = catalogue.default_modules if spec.modules is None else spec.modules
        self.state = SiteState(
            modules=set(modules),
            options=dict(spec.options),
            notices={},
            connection=spec.connection,
            plugins=self._plugins(),
            ssl_failed=spec.ssl != "passed",
        )
        self.ledger: list[Applied] = []
        self.requests: list[Seen] = []
        self.login_attempts = 0
        self.logins = 0
        self.pending_reverts: list[tuple[int, SiteState]] = []

    def _plugins(self) -> dict[str, bool]:
        plugins = {"akismet/akismet.php": False, "hello.php": False}
        if self.spec.era is not None:
            plugins["jetpack/jetpack.php"] = self.spec.jetpack_active
        return plugins | dict.fromkeys(self.spec.conflicts.values(), True)

    @property
    def title(self) -> str:
        """Return the site's title."""
        return self.spec.title or self.spec.name.replace("-", " ").title()

    @property
    def blog(self) -> int:
        """Return its number at WordPress.com; 0 where it is not connected."""
        number = self.spec.blog or zlib.crc32(self.spec.name.encode()) % 90_000_000 + 10_000_000
        return number if self.connected and self.has_jetpack else 0

    @property
    def has_jetpack(self) -> bool:
        """Return whether Jetpack is installed and active."""
        return self.spec.era is not None and self.spec.jetpack_active

    @property
    def offline(self) -> bool:
        """Return whether Jetpack is in offline mode."""
        return self.state.connection == "offline"

    @property
    def connected(self) -> bool:
        """Return whether the site is connected to WordPress.com."""
        return self.state.connection == "connected"

    @property
    def owned(self) -> bool:
        """Return whether a user of the site is connected to WordPress.com."""
        return self.owner is not None

    @property
    def owner(self) -> SimUser | None:
        """Return whose the connection is: the first administrator's."""
        first = next((user for user in self.spec.users if user.role == "administrator"), None)
        return first if self.linked(first) else None

    def linked(self, user: SimUser | None) -> bool:
        """Return whether a user is linked to WordPress.com, as administrators are at first."""
        if user is None or user.role != "administrator" or user.name in self.state.unlinked:
            return False
        return self.connected and self.spec.owner

    @property
    def active_modules(self) -> set[str]:
        """Return the modules stored as active, after what the host forces."""
        forced_on = {slug for slug, on in self.spec.forced.items() if on}
        forced_off = self.spec.forced.keys() - forced_on
        return ((self.state.modules | forced_on) - forced_off) & self.catalogue.modules.keys()

    @property
    def options(self) -> dict[str, object]:
        """Return the stored option values; a key never saved is missing."""
        return self.state.options

    def urls(self, request: SimRequest) -> Urls:
        """Return the addresses of the site for the host the request was sent to."""
        home_path = f"/{self.spec.name}/"
        folder = f"{self.spec.core_folder}/" if self.spec.core_folder else ""
        home = f"{request.origin}/{self.spec.name}"
        plain = self.spec.permalinks == "plain"
        return Urls(
            origin=request.origin,
            home=home,
            core=f"{home}/{self.spec.core_folder}" if folder else home,
            rest=f"{home}/index.php?rest_route=/" if plain else f"{home}/wp-json/",
            paths=(home_path, home_path + folder),
        )

    def expire_nonces(self) -> None:
        """Make every nonce given out so far invalid."""
        self.accounts.expire_nonces()

    def expire_sessions(self) -> None:
        """End all sessions."""
        self.accounts.expire_sessions()

    def count(self, method: str = "", path: str = "") -> int:
        """Return how many requests were seen, by method and path where given."""
        return sum(
            1 for seen in self.requests if method in ("", seen.method) and path in ("", seen.path)
        )

    def record(self, before: SiteState, method: str, route: str, user: str) -> None:
        """Enter into the ledger what a request changed since `before`, if anything."""
        changes = self.state.changes(before)
        if changes:
            self.ledger.append(Applied(self.clock(), method, route, user, changes))

    def settle_reverts(self) -> None:
        """Count down the writes that something on the host takes back, and take back the due."""
        waiting = [(left - 1, state) for left, state in self.pending_reverts]
        for left, state in waiting:
            if left <= 0:
                self.state = state
        self.pending_reverts = [(left, state) for left, state in waiting if left > 0]
