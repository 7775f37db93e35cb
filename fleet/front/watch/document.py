"""Reading ``fleet.yaml``: every mistake in one pass, each with its place."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from pathlib import Path

from fleet.errors import InputError, InputErrors, Place
from fleet.front.watch.fields import ALERT, CHANNEL, KIND, SCHEDULE, TO, WORD
from fleet.front.watch.nouns import (
    AlertKind,
    Channel,
    ChannelType,
    Misfire,
    Plan,
    Route,
    Schedule,
)
from fleet.inventory.document import BROKEN, Entry, Node, read_document
from fleet.inventory.fields import Field, check_name
from fleet.inventory.loader import in_order
from fleet.inventory.references import SecretRef
from fleet.inventory.selector import parse_selector
from fleet.inventory.wording import guess, shown
from fleet.operations.base import Task
from fleet.operations.registry import REGISTRY, build
from fleet.policy.reader import Reader
from fleet.policy.rules import Severity

__all__ = [
    "ALERT_LISTS",
    "CHANNEL_LISTS",
    "POLICY_RUNS",
    "SCHEDULE_LISTS",
    "TOP_KEYS",
    "is_loopback",
    "load_plan",
]

TOP_KEYS = ("version", "inventory", "schedules", "alerts", "channels")
SCHEDULE_LISTS = ("policy", "inventory", "parameters")
ALERT_LISTS = ("channels", "kinds", "schedules")
CHANNEL_LISTS = ("to",)
POLICY_RUNS = ("audit", "plan")
_NEEDED = {
    ChannelType.WEBHOOK: ("url",),
    ChannelType.SLACK: ("url",),
    ChannelType.APPRISE: ("url",),
    ChannelType.PLUGIN: ("notifier",),
    ChannelType.EMAIL: ("host", "from", "to"),
}
_ALLOWED = {
    ChannelType.WEBHOOK: {"type", "url", "secret", "digest", "ca_file"},
    ChannelType.SLACK: {"type", "url", "digest", "ca_file"},
    ChannelType.APPRISE: {"type", "url", "digest"},
    ChannelType.PLUGIN: {"type", "url", "digest", "notifier"},
    ChannelType.EMAIL: {*CHANNEL, "to"} - {"url", "secret", "notifier"},
}


def load_plan(file: Path) -> Plan:
    """Return what stands in `file`.

    Raises:
        InputErrors: Every mistake in it.
    """
    document = read_document(file)
    reader = _PlanReader(file)
    if document.complete:
        reader.read(document.root)
    errors = [*document.errors_without(reader.reader.dates), *reader.reader.errors]
    if errors:
        raise InputErrors(in_order(errors, [file]))
    return Plan(file, reader.schedules, tuple(reader.routes), reader.channels)


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class _PlanReader:
    def __init__(self, file: Path) -> None:
        self.reader = Reader()
        self.schedules: dict[str, Schedule] = {}
        self.routes: list[Route] = []
        self.channels: dict[str, Channel] = {}
        self._folder = file.parent
        self._top = Place(str(file), 1, 1)

    def read(self, root: Mapping[str, Entry]) -> None:
        reader = self.reader
        entries = reader.mapping(Node(root, self._top), TOP_KEYS)
        reader.missing(entries, ("version", "schedules"), Node(root, self._top))
        version = entries["version"].node if "version" in entries else None
        if version and version.value is not BROKEN and version.value != 1:
            reader.note("this tool reads version 1 of the format: write 1", version.place)
        inventory = self._paths(entries, "inventory") or (self._folder / "inventory.yaml",)
        for node in reader.items(entries, "schedules", "[{name: nightly, run: audit}]"):
            self._schedule(node, inventory)
        if "channels" in entries:
            for name, entry in reader.entries(entries["channels"].node).items():
                self._channel(name, entry)
        for node in reader.items(entries, "alerts", "[{name: ops, channels: [chat]}]"):
            self._route(node)

    def _schedule(self, node: Node, inventory: tuple[Path, ...]) -> None:
        reader = self.reader
        entries = reader.mapping(node, (*SCHEDULE, *SCHEDULE_LISTS))
        reader.missing(entries, ("name", "run", "cron"), node)
        name = self._unique(entries, self.schedules, "schedule")
        run = reader.field(entries, "run", SCHEDULE["run"], "")
        selector = reader.field(entries, "select", SCHEDULE["select"], ("", parse_selector("")))
        policy = self._paths(entries, "policy")
        if run in POLICY_RUNS:
            policy = policy or (self._folder / "policy.yaml",)
        elif policy:
            reader.note("only audit and plan have a policy", entries["policy"].key)
        usual = Schedule("", "", "")
        self.schedules[name] = Schedule(
            name=name,
            run=run,
            cron=reader.field(entries, "cron", SCHEDULE["cron"], ""),
            task=self._task(entries, run),
            tz=reader.field(entries, "tz", SCHEDULE["tz"], usual.tz),
            select=selector[0],
            policy=policy,
            inventory=self._paths(entries, "inventory") or inventory,
            jitter=reader.field(entries, "jitter", SCHEDULE["jitter"], usual.jitter),
            misfire=reader.field(entries, "misfire", SCHEDULE["misfire"], Misfire.RUN_ONCE),
            grace=reader.field(entries, "grace", SCHEDULE["grace"], usual.grace),
            heartbeat=self._secret(entries, "heartbeat", SCHEDULE),
            concurrency=reader.field(entries, "concurrency", SCHEDULE["concurrency"], 50),
        )

    def _task(self, entries: Mapping[str, Entry], run: str) -> Task | None:
        if not run:
            return None
        place = entries["run"].node.place
        if run in POLICY_RUNS:
            if "parameters" in entries:
                self.reader.note(f"{run} has no parameters", entries["parameters"].key)
            return None
        if run not in REGISTRY:
            hint = guess(run, (*POLICY_RUNS, *REGISTRY))
            self.reader.note(f"there is no operation {shown(run)}{hint}", place)
            return None
        if not REGISTRY[run].read_only:
            message = "a schedule only reads: nobody watches what a write does at night"
            self.reader.note(f"{shown(run)} changes sites; {message}", place)
            return None
        if "parameters" not in entries:
            return self._built(run, {}, place)
        node = entries["parameters"].node
        return self._built(run, self.reader.json(node), node.place)

    def _built(self, run: str, given: object, place: Place) -> Task | None:
        try:
            if isinstance(given, dict):
                return build(run, given)
            self.reader.note("expected a mapping of parameters", place)
        except InputErrors as errors:
            for error in errors.errors:
                self.reader.note(error.message, place)
        return None

    def _route(self, node: Node) -> None:
        reader = self.reader
        entries = reader.mapping(node, (*ALERT, *ALERT_LISTS))
        reader.missing(entries, ("name", "channels"), node)
        name = self._unique(entries, {route.name: route for route in self.routes}, "alert")
        text, selector = reader.field(entries, "select", ALERT["select"], ("", parse_selector("")))
        kinds = frozenset(
            kind
            for item in reader.items(entries, "kinds", "[drift, failing]")
            if isinstance(kind := reader.plain(item, KIND), AlertKind)
        )
        usual = Route("", ())
        self.routes.append(
            Route(
                name=name,
                channels=self._names(entries, "channels", self.channels),
                kinds=kinds or usual.kinds,
                select=text,
                selector=selector,
                severity=reader.field(entries, "severity", ALERT["severity"], Severity.LOW),
                schedules=self._names(entries, "schedules", self.schedules),
                min_sites=reader.field(entries, "min_sites", ALERT["min_sites"], 1),
                after=reader.field(entries, "after", ALERT["after"], 1),
                repeat=reader.field(entries, "repeat", ALERT["repeat"], 0.0),
            )
        )

    def _channel(self, name: str, entry: Entry) -> None:
        reader, node = self.reader, entry.node
        try:
            check_name(name)
        except ValueError as error:
            reader.note(f"bad name {shown(name)}: {error}", entry.key)
        entries = reader.mapping(node, (*CHANNEL, *CHANNEL_LISTS))
        reader.missing(entries, ("type",), node)
        kind: ChannelType | None = reader.field(entries, "type", CHANNEL["type"], None)
        if kind is not None:
            reader.missing(entries, _NEEDED[kind], node)
            for key in entries.keys() - _ALLOWED[kind]:
                reader.note(
                    f"the key '{key}' is not for a channel of type {kind}", entries[key].key
                )
        ca_file = reader.field(entries, "ca_file", CHANNEL["ca_file"], "")
        to = (reader.plain(item, TO) for item in reader.items(entries, "to", "[ops@example.org]"))
        self.channels[name] = Channel(
            name=name,
            type=kind or ChannelType.WEBHOOK,
            url=self._secret(entries, "url", CHANNEL),
            secret=self._secret(entries, "secret", CHANNEL),
            digest=reader.field(entries, "digest", CHANNEL["digest"], 0.0),
            ca_file=self._folder / ca_file if ca_file else None,
            host=self._host(entries),
            port=reader.field(entries, "port", CHANNEL["port"], 587),
            security=reader.field(entries, "security", CHANNEL["security"], "starttls"),
            username=reader.field(entries, "username", CHANNEL["username"], ""),
            password=self._secret(entries, "password", CHANNEL),
            sender=reader.field(entries, "from", CHANNEL["from"], ""),
            to=tuple(each for each in to if isinstance(each, str)),
            notifier=reader.field(entries, "notifier", CHANNEL["notifier"], ""),
        )

    def _host(self, entries: Mapping[str, Entry]) -> str:
        host = self.reader.field(entries, "host", CHANNEL["host"], "")
        plain = "security" in entries and entries["security"].node.value == "none"
        if host and plain and not is_loopback(host):
            message = "mail is sent without encryption to this machine only"
            self.reader.note(f"{message}: write starttls or tls", entries["security"].node.place)
        if ("username" in entries) != ("password" in entries):
            which = "username" if "username" in entries else "password"
            self.reader.note("a login has a username and a password", entries[which].key)
        return host

    def _unique(self, entries: Mapping[str, Entry], known: Iterable[str], what: str) -> str:
        name = self.reader.field(entries, "name", SCHEDULE["name"], "")
        if name and name in known:
            place = entries["name"].node.place
            self.reader.note(f"there is another {what} {shown(name)} above", place)
        return name

    def _names(
        self, entries: Mapping[str, Entry], key: str, known: Iterable[str]
    ) -> tuple[str, ...]:
        names = []
        for item in self.reader.items(entries, key, "[chat]"):
            name = self.reader.plain(item, WORD)
            if isinstance(name, str) and name not in known:
                hint = guess(name, known)
                self.reader.note(f"there is no {key[:-1]} {shown(name)}{hint}", item.place)
            elif isinstance(name, str):
                names.append(name)
        return tuple(names)

    def _paths(self, entries: Mapping[str, Entry], key: str) -> tuple[Path, ...]:
        found = (self.reader.plain(item, WORD) for item in self._listed(entries, key))
        return tuple(self._folder / each for each in found if isinstance(each, str))

    def _listed(self, entries: Mapping[str, Entry], key: str) -> tuple[Node, ...]:
        if key in entries and isinstance(entries[key].node.value, str):
            return (entries[key].node,)
        return self.reader.items(entries, key, f"[{key}.yaml]")

    def _secret(
        self, entries: Mapping[str, Entry], key: str, fields: Mapping[str, Field]
    ) -> SecretRef | None:
        text = self.reader.field(entries, key, fields[key], "")
        if not text:
            return None
        place = entries[key].node.place
        try:
            return SecretRef.parse(text, folder=self._folder, place=place)
        except InputError as error:
            self.reader.note(error.message, place)
            return None
