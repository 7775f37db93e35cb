"""Comparing a site with its policies: what differs, what is only asked for, what has run out.

It runs like an operation that is never let write, so that an audit sees a site with the same eyes
as the apply that would mend it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from fleet.engine.fleet import Fleet
from fleet.engine.run import Listener, Order
from fleet.engine.stop import Stop
from fleet.inventory.model import Inventory, Site
from fleet.operations.audit import plugin_rows
from fleet.operations.base import Decision, Operation, WriteLog
from fleet.operations.conform import Conform, ConformState
from fleet.operations.facts import read_versions
from fleet.operations.readers import Figure
from fleet.policy.document import PolicyDocument
from fleet.policy.rules import FORBIDDEN, REQUIRED, Desired, Mode, Requirement, Severity
from fleet.results import Change, KeyResult, RunReport, Verdict
from fleet.site.client import JetpackClient, JetpackReader

__all__ = ["Examine", "Examined", "audit", "worst_drift"]

_VERSION = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Examined:
    """What a site says about what its policies ask.

    Args:
        conform: Its modules and settings, where a rule is about one.
        plugins: Its plugins by folder, with version and whether they are active; None where no
            requirement asks for them.
        versions: Its versions of WordPress and PHP, where one is asked for.
    """

    conform: ConformState | None
    plugins: Mapping[str, tuple[str, bool]] | None = None
    versions: Mapping[str, Figure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Examine(Operation[Examined]):
    """Compare a site with its policies.

    Args:
        desired: What the site should be.
        today: The day, for exceptions that have run out.
    """

    name = "policy.audit"
    summary = "Compare sites with their policies."
    routes = (*Conform.routes, "GET plugins")
    read_only = True

    desired: Desired
    today: date

    def parameters(self) -> Mapping[str, object]:
        """Return what is asked of the site, as its policies name it."""
        conform = self._conform()
        asked = [requirement.key for requirement in self.desired.requirements]
        return {**(conform.parameters() if conform else {}), "requirements": asked}

    async def observe(self, reader: JetpackReader) -> Examined:
        """Return what the site says, asking for no more than its policies do."""
        conform = self._conform()
        seen = await conform.observe(reader) if conform else None
        asked = {requirement.key.partition(".")[0] for requirement in self.desired.requirements}
        plugins = None
        if asked & {"jetpack", "plugins"}:
            plugins = _by_folder(plugin_rows(await reader.read("plugins")))
        versions = await read_versions(reader) if asked & {"wordpress", "php"} else {}
        return Examined(seen, plugins, versions)

    def decide(self, state: Examined) -> Decision:
        """Return every key with how it stands; what is only warned of becomes a note."""
        found = [*self._conformity(state), *self._requirements(state), *self._expired()]
        notes = self._untold(state)
        kept = []
        for mode, result in found:
            if mode is Mode.WARN and not result.verdict.good:
                notes.append(f"warning: {result.key}: {result.reason or 'is not as wanted'}")
            else:
                kept.append(result)
        return Decision((), tuple(kept), tuple(notes))

    async def enact(
        self,
        client: JetpackClient,
        state: Examined,
        changes: tuple[Change, ...],
        log: WriteLog,
    ) -> None:
        """Refuse: an audit decides on no change."""
        del client, state, changes, log
        raise RuntimeError("an audit cannot write")

    def found(self, state: Examined, key: str) -> object:
        """Refuse: no key is ever written here."""
        del state, key
        raise RuntimeError("an audit cannot write")

    def _conform(self) -> Conform | None:
        wanted = {
            key: each.rule.value
            for key, each in self.desired.rules.items()
            if each.waiver is None and each.rule.mode is not Mode.IGNORE
        }
        return Conform(wanted) if wanted else None

    def _conformity(self, state: Examined) -> Iterable[tuple[Mode, KeyResult]]:
        conform = self._conform()
        if conform is None or state.conform is None:
            return
        decision = conform.decide(state.conform)
        for settled in decision.settled:
            yield self.desired.rules[settled.key].rule.mode, settled
        for change in decision.changes:
            rule = self.desired.rules[change.key].rule
            before = conform.shown(change.key, change.before)
            wanted = conform.shown(change.key, change.after)
            reason = f"{rule.severity.value}, {rule.policy}"
            yield (
                rule.mode,
                KeyResult(change.key, Verdict.DRIFT, before, wanted, before, None, reason),
            )

    def _requirements(self, state: Examined) -> Iterable[tuple[Mode, KeyResult]]:
        for asked in self.desired.requirements:
            if asked.mode is Mode.IGNORE:
                continue
            known, found = _found(state, asked)
            if not known:
                continue
            wanted = _wanted(asked)
            verdict = Verdict.UNCHANGED if _holds(asked, found) else Verdict.DRIFT
            reason = f"{asked.severity.value}, {asked.policy}" if verdict is Verdict.DRIFT else ""
            yield asked.mode, KeyResult(asked.key, verdict, found, wanted, found, None, reason)

    def _expired(self) -> Iterable[tuple[Mode, KeyResult]]:
        for waiver in self.desired.expired:
            reason = f"{waiver.place}: the exception ran out on {waiver.until}: {waiver.reason}"
            yield (
                Mode.ENFORCE,
                KeyResult(
                    f"exceptions.{waiver.key}",
                    Verdict.DRIFT,
                    waiver.until.isoformat(),
                    "renewed or removed",
                    waiver.until.isoformat(),
                    None,
                    reason,
                ),
            )

    def _untold(self, state: Examined) -> list[str]:
        return [
            f"{asked.key} cannot be checked: {_reason(state, asked)}"
            for asked in self.desired.requirements
            if asked.mode is not Mode.IGNORE and not _found(state, asked)[0]
        ]


async def audit(
    fleet: Fleet,
    document: PolicyDocument,
    selected: Inventory,
    *,
    listeners: Iterable[Listener] = (),
    stop: Stop | None = None,
) -> RunReport:
    """Return how the selected sites stand to their policies; sites without any are left out.

    Raises:
        InputErrors: A secret cannot be resolved; nothing was contacted.
    """
    today = fleet.now().date()
    day = document.on(today)

    def asked(site: Site) -> bool:
        desired = day.desired(site)
        return bool(desired.rules or desired.requirements or desired.expired)

    sites = selected.where(asked).sites.listed()
    order = Order("audit", {}, sites, dry_run=True, kind="audit")
    async with fleet.begin(order, listeners=listeners, stop=stop) as run:
        await run.visit(sites, lambda site: Examine(day.desired(site), today))
    return run.report


def worst_drift(
    report: RunReport, document: PolicyDocument, selected: Inventory, today: date
) -> Severity | None:
    """Return how grave the gravest difference in an audit is, or None without any."""
    worst: Severity | None = None
    for result in report.results:
        keys = {key.key for key in result.keys if key.verdict is Verdict.DRIFT}
        if not keys:
            continue
        desired = document.desired(selected.sites[result.site], today)
        found = [each.rule.severity for key, each in desired.rules.items() if key in keys]
        found += [each.severity for each in desired.requirements if each.key in keys]
        found += [Severity.MEDIUM for key in keys if key.startswith("exceptions.")]
        worst = max((*found, *([worst] if worst else [])), key=lambda each: each.rank)
    return worst


def _by_folder(rows: Iterable[Mapping[str, object]]) -> dict[str, tuple[str, bool]]:
    """Return version and state by folder; plugins of one file stand under its name."""
    found = {}
    for row in rows:
        file = str(row["file"])
        folder = file.partition("/")[0].removesuffix(".php")
        found[folder] = (str(row["version"] or ""), row["active"] is True)
    return found


def _found(state: Examined, asked: Requirement) -> tuple[bool, str | None]:
    """Return whether the site tells what is asked for, and the version it has, if any."""
    subject = asked.key.partition(".")[0]
    if subject in ("wordpress", "php"):
        value = state.versions.get(subject, {}).get("value")
        return value is not None, str(value)
    plugins = state.plugins or {}
    if subject == "jetpack":
        version = plugins.get("jetpack", ("", False))[0]
        return bool(version), version
    folder = asked.key.removeprefix(REQUIRED).removeprefix(FORBIDDEN)
    version, active = plugins.get(folder, ("", False))
    return True, version if active else None


def _reason(state: Examined, asked: Requirement) -> str:
    subject = asked.key.partition(".")[0]
    reason = state.versions.get(subject, {}).get("reason")
    return str(reason or "the site does not list Jetpack among its plugins")


def _wanted(asked: Requirement) -> str:
    if asked.key.startswith(FORBIDDEN):
        return "not active"
    if asked.key.startswith(REQUIRED) and asked.value is None:
        return "active"
    return f"{asked.value} or later"


def _holds(asked: Requirement, found: str | None) -> bool:
    if asked.key.startswith(FORBIDDEN):
        return found is None
    if found is None:
        return False
    return asked.value is None or _number(found) >= _number(asked.value)


def _number(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, without zeros at its end, so that 13 is 13.0."""
    numbers = [int(part) for part in _VERSION.findall(version.partition("-")[0])[:6]]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
