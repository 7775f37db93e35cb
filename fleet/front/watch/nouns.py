"""The nouns of ``fleet.yaml``: schedules, routes of alerts, and channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from fleet.inventory.references import SecretRef
from fleet.inventory.selector import Selector, parse_selector
from fleet.operations.base import Task
from fleet.policy.rules import Severity

__all__ = ["AlertKind", "Channel", "ChannelType", "Misfire", "Plan", "Route", "Schedule"]


class Misfire(StrEnum):
    """What becomes of a run whose time passed while nobody could start it."""

    RUN_ONCE = "run_once"
    SKIP = "skip"


class AlertKind(StrEnum):
    """What an alert can be about."""

    DRIFT = "drift"
    FAILING = "failing"
    MISSED = "missed"
    RECOVERED = "recovered"


class ChannelType(StrEnum):
    """How an alert travels."""

    WEBHOOK = "webhook"
    SLACK = "slack"
    EMAIL = "email"
    APPRISE = "apprise"
    PLUGIN = "plugin"


@dataclass(frozen=True, slots=True)
class Schedule:
    """One run that comes again and again; it only reads.

    Args:
        name: Its unique name.
        run: ``audit``, ``plan`` or the name of an operation that only reads.
        cron: Five fields, as in a crontab.
        task: The operation with its parameters; None for an audit and a plan.
        tz: Time zone in which `cron` counts.
        select: Label selector; empty for all sites.
        policy: Policy files.
        inventory: Inventory files.
        jitter: Seconds over which starts are spread.
        misfire: What becomes of a run whose time passed.
        grace: Seconds for which a run that is late is still started, and not yet missed.
        heartbeat: Address that is told of each run that ended, or None.
        concurrency: Sites worked on at the same time.
    """

    name: str
    run: str
    cron: str
    task: Task | None = None
    tz: str = "UTC"
    select: str = ""
    policy: tuple[Path, ...] = ()
    inventory: tuple[Path, ...] = ()
    jitter: float = 0.0
    misfire: Misfire = Misfire.RUN_ONCE
    grace: float = 3600.0
    heartbeat: SecretRef | None = None
    concurrency: int = 50


@dataclass(frozen=True, slots=True)
class Route:
    """Which alerts go where.

    Args:
        name: Its unique name.
        channels: Names of channels.
        kinds: What it tells.
        select: Label selector of the sites it is about, as written.
        selector: The same, parsed.
        severity: The least grave difference that it tells.
        schedules: Names of the schedules it is about; empty for all.
        min_sites: Sites that have to be concerned before anything is told.
        after: Runs in a row that have to see a trouble before it is told.
        repeat: Seconds after which a trouble that is still there is told again; 0 for never.
    """

    name: str
    channels: tuple[str, ...]
    kinds: frozenset[AlertKind] = frozenset(AlertKind)
    select: str = ""
    selector: Selector = field(default_factory=lambda: parse_selector(""))
    severity: Severity = Severity.LOW
    schedules: tuple[str, ...] = ()
    min_sites: int = 1
    after: int = 1
    repeat: float = 0.0


@dataclass(frozen=True, slots=True)
class Channel:
    """One place that alerts go to.

    Args:
        name: Its unique name.
        type: How they travel.
        url: The address, a secret; None for e-mail.
        secret: Key that webhooks are signed with, or None.
        digest: Seconds for which alerts are gathered into one message; 0 for one by run.
        ca_file: Certificate authorities to trust instead of the system's.
        host: Mail server.
        port: Its port.
        security: ``starttls``, ``tls``, or ``none`` on this machine only.
        username: Login at the mail server; empty for none.
        password: Its password, or None.
        sender: Address that mail comes from.
        to: Addresses that it goes to.
        notifier: Name of the plugin that takes messages.
    """

    name: str
    type: ChannelType
    url: SecretRef | None = None
    secret: SecretRef | None = None
    digest: float = 0.0
    ca_file: Path | None = None
    host: str = ""
    port: int = 587
    security: str = "starttls"
    username: str = ""
    password: SecretRef | None = None
    sender: str = ""
    to: tuple[str, ...] = ()
    notifier: str = ""

    @property
    def secrets(self) -> tuple[SecretRef, ...]:
        """Return every secret that it needs."""
        return tuple(ref for ref in (self.url, self.secret, self.password) if ref)


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a ``fleet.yaml`` says.

    Args:
        file: The file.
        schedules: The schedules by name, in order.
        routes: The routes, in order.
        channels: The channels by name.
    """

    file: Path
    schedules: Mapping[str, Schedule]
    routes: tuple[Route, ...]
    channels: Mapping[str, Channel]

    @property
    def secrets(self) -> tuple[SecretRef, ...]:
        """Return every secret that alerts and heartbeats need."""
        beats = [each.heartbeat for each in self.schedules.values() if each.heartbeat]
        return (*beats, *(ref for channel in self.channels.values() for ref in channel.secrets))
