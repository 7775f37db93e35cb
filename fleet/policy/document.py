"""Policy files as one document: what they say, and what they come to for a site."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from fleet.errors import InputError, InputErrors, Place
from fleet.inventory.document import Document, parse_document, read_bytes, stopped
from fleet.inventory.globs import fits, is_glob
from fleet.inventory.loader import in_order
from fleet.inventory.model import Inventory, Site
from fleet.inventory.wording import guess, shown
from fleet.policy.conflicts import conflicts
from fleet.policy.desired import Day, resolve
from fleet.policy.parts import Part, read_part
from fleet.policy.rollout import Rollout
from fleet.policy.rules import Desired, Policy, Waiver

__all__ = ["Policy", "PolicyDocument"]


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """All that one or more policy files say; read-only.

    Args:
        files: The files, in the order in which they were given.
        policies: Their policies, in order.
        waivers: Their exceptions, in order.
        rollout: How changes are rolled out.
        digest: SHA-256 of the bytes of the files, one after the other, in hexadecimal.
    """

    files: tuple[Path, ...]
    policies: tuple[Policy, ...]
    waivers: tuple[Waiver, ...]
    rollout: Rollout
    digest: str

    @classmethod
    def load(cls, paths: Sequence[Path]) -> PolicyDocument:
        """Return what stands in the files `paths`; one that is named twice is read once.

        Raises:
            InputErrors: Every mistake of all files, in their order.
        """
        files = list({path.absolute(): path for path in paths}.values())
        digest = hashlib.sha256()
        parts = [read_part(_read(file, digest.update)) for file in files]
        errors = [error for part in parts for error in part.errors]
        if not files:
            errors.append(InputError("no policy is given: name one with --policy"))
        errors.extend(_across(parts))
        if errors:
            raise InputErrors(in_order(errors, files))
        return cls(
            files=tuple(files),
            policies=tuple(policy for part in parts for policy in part.policies),
            waivers=tuple(waiver for part in parts for waiver in part.waivers),
            rollout=next((part.rollout[0] for part in parts if part.rollout), Rollout()),
            digest=digest.hexdigest(),
        )

    def desired(self, site: Site, today: date) -> Desired:
        """Return what `site` should be on the day `today`."""
        return resolve(self.policies, self.waivers, site, today)

    def on(self, today: date) -> Day:
        """Return what is wanted on the day `today`, for whoever asks for many sites."""
        return Day(self.policies, self.waivers, today)

    def check(self, inventory: Inventory) -> None:
        """Find the mistakes that only show together with the whole `inventory`.

        Raises:
            InputErrors: Policies of one level that disagree on a site, one error for each pair of
                rules; exceptions for sites that do not exist.
        """
        errors = conflicts(self.policies, inventory.sites.values())
        for waiver in self.waivers:
            for name in waiver.sites:
                if not is_glob(name) and name not in inventory.sites:
                    hint = guess(name, inventory.sites)
                    errors.append(InputError(f"there is no site {shown(name)}{hint}", waiver.place))
        if errors:
            raise InputErrors(in_order(errors, self.files))

    def warnings(self, inventory: Inventory) -> list[str]:
        """Return what is no mistake but hardly meant: policies and exceptions without effect."""
        found = [*self._idle_policies(inventory), *self._idle_waivers(inventory)]
        return [str(error) for error in in_order(found, self.files)]

    def _idle_policies(self, inventory: Inventory) -> Iterator[InputError]:
        labels = [site.labels for site in inventory.sites.values()]
        for policy in self.policies:
            name = shown(policy.name)
            if not any(map(policy.selector.matches, labels)):
                yield InputError(f"the policy {name} selects none of the sites", policy.place)
            if not policy.statements:
                yield InputError(f"the policy {name} asks for nothing", policy.place)

    def _idle_waivers(self, inventory: Inventory) -> Iterator[InputError]:
        known = {rule.key for policy in self.policies for rule in policy.statements}
        for waiver in self.waivers:
            if waiver.key not in known:
                key = shown(waiver.key) + guess(waiver.key, known)
                yield InputError(f"no policy says anything about {key}", waiver.place)
            for name in waiver.sites:
                if is_glob(name) and not any(map(fits([name]), inventory.sites)):
                    yield InputError(f"no site fits {shown(name)}", waiver.place)


def _read(file: Path, digest: Callable[[bytes], object]) -> Document:
    try:
        data = read_bytes(file)
    except InputError as error:
        return stopped(file, error)
    digest(data)
    return parse_document(data, file)


def _across(parts: Sequence[Part]) -> Iterator[InputError]:
    """Yield what is written twice, in one file or in several."""
    names: dict[str, Place] = {}
    for policy in (policy for part in parts for policy in part.policies):
        first = names.setdefault(policy.name, policy.place)
        if policy.name and first is not policy.place:
            name = shown(policy.name)
            yield InputError(f"the policy {name} is already in {first}", policy.place)
    rollouts = [part.rollout[1] for part in parts if part.rollout]
    for place in rollouts[1:]:
        yield InputError(f"there is a rollout already, in {rollouts[0]}", place)
