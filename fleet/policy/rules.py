"""The nouns of policies: rules, audit-only requirements, waivers, and what they come to.

A rule is about one key and says what it should be. Keys have one spelling everywhere:
``modules.protect`` (true or false), ``settings.carousel_display_exif`` (Jetpack's own flat name),
and for what is only audited ``jetpack.min_version`` or ``plugins.required.akismet``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum, StrEnum

from fleet.errors import Place
from fleet.inventory.globs import fits
from fleet.inventory.selector import Selector

__all__ = [
    "FORBIDDEN",
    "MODULES",
    "PLUGIN_PATTERN",
    "REQUIRED",
    "SETTINGS",
    "SLUG_PATTERN",
    "VERSIONS",
    "Desired",
    "Effective",
    "Level",
    "Mode",
    "Policy",
    "Requirement",
    "Rule",
    "Severity",
    "Waiver",
    "canonical_key",
    "is_setting",
    "subject",
]

MODULES = "modules."
SETTINGS = "settings."
REQUIRED = "plugins.required."
FORBIDDEN = "plugins.forbidden."
VERSIONS = ("jetpack.min_version", "wordpress.min_version", "php.min_version")
"""The keys of requirements that ask for a version."""
SLUG_PATTERN = "[a-z][a-z-]{0,59}"
"""Pattern of a whole slug of a module."""
PLUGIN_PATTERN = "[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
"""Pattern of a whole name of a plugin's folder."""

_TAKEN = ("modules", "settings", "plugins", "jetpack", "wordpress", "php")


class Level(IntEnum):
    """How special a policy is; the higher one wins."""

    BASE = 0
    TIER = 1
    CLIENT = 2
    SITE = 3

    def __str__(self) -> str:
        """Return the level as it is written in a file."""
        return self.name.lower()


class Mode(StrEnum):
    """What follows from a site that differs: it is changed, only told, or left in peace."""

    ENFORCE = "enforce"
    WARN = "warn"
    IGNORE = "ignore"

    @property
    def rank(self) -> int:
        """Return how strict it is; the stricter of two has the higher rank."""
        return ("ignore", "warn", "enforce").index(self.value)


class Severity(StrEnum):
    """How bad it is when a site differs."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """Return its rank; the worse of two has the higher one."""
        return ("low", "medium", "high").index(self.value)


@dataclass(frozen=True, slots=True)
class Rule:
    """What one policy says about one key that can be changed.

    Args:
        key: ``modules.<slug>`` or ``settings.<jetpack's key>``.
        value: What it should be: true or false for a module, any JSON value for a setting.
        policy: Name of the policy.
        level: Level of the policy.
        mode: What follows from a difference.
        severity: How bad a difference is.
        place: Where the value is written.
    """

    key: str
    value: object = field(hash=False)
    policy: str
    level: Level
    mode: Mode
    severity: Severity
    place: Place


@dataclass(frozen=True, slots=True)
class Requirement:
    """What one policy asks for that is only audited and never changed.

    Args:
        key: ``jetpack.min_version``, ``wordpress.min_version``, ``php.min_version``,
            ``plugins.required.<slug>`` or ``plugins.forbidden.<slug>``.
        value: The lowest version that will do; None where any will, and for forbidden plugins.
        policy: Name of the policy.
        level: Level of the policy.
        mode: What follows from a difference; enforced ones too are only told.
        severity: How bad a difference is.
        place: Where it is written.
    """

    key: str
    value: str | None
    policy: str
    level: Level
    mode: Mode
    severity: Severity
    place: Place


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy.

    Args:
        name: Its unique name.
        level: How special it is.
        select: Its label selector as written; empty where it is for every site.
        selector: The same, parsed.
        rules: What it says about modules and settings.
        requirements: What it asks for besides.
        place: Where its name is written.
    """

    name: str
    level: Level
    select: str
    selector: Selector
    rules: tuple[Rule, ...]
    requirements: tuple[Requirement, ...]
    place: Place

    @property
    def statements(self) -> tuple[Rule | Requirement, ...]:
        """Return rules and requirements together."""
        return (*self.rules, *self.requirements)


@dataclass(frozen=True, slots=True)
class Waiver:
    """An exception: a key that need not hold on some sites until a day comes.

    Args:
        sites: Names and globs of the sites.
        key: The key, as rules and requirements have it.
        until: The first day on which the key counts again.
        reason: Why.
        owner: Who answers for it.
        ticket: Where it is discussed.
        place: Where its key is written.
    """

    sites: tuple[str, ...]
    key: str
    until: date
    reason: str
    owner: str | None
    ticket: str | None
    place: Place

    def covers(self, site: str) -> bool:
        """Return whether it is about the site of this name."""
        return fits(self.sites)(site)

    def holds(self, today: date) -> bool:
        """Return whether it is in force on the day `today`."""
        return today < self.until


@dataclass(frozen=True, slots=True)
class Effective:
    """The rule that counts for a key of a site.

    Args:
        rule: The rule that wins.
        beaten: The other rules about the key, the strongest first.
        waiver: The waiver in force today, if there is one.
    """

    rule: Rule
    beaten: tuple[Rule, ...]
    waiver: Waiver | None


@dataclass(frozen=True, slots=True)
class Desired:
    """What a site should be today.

    Args:
        rules: The rule that counts by key, in the order of keys; those of every mode, waived ones
            included.
        requirements: What is asked for besides, one each, waived ones left out.
        expired: Waivers for this site whose day has come; each is a finding.
    """

    rules: Mapping[str, Effective] = field(hash=False)
    requirements: tuple[Requirement, ...]
    expired: tuple[Waiver, ...]

    @property
    def enforced(self) -> dict[str, object]:
        """Return the values to bring about by key: what is enforced and not waived."""
        return {
            key: each.rule.value
            for key, each in self.rules.items()
            if each.rule.mode is Mode.ENFORCE and not each.waiver
        }


def canonical_key(text: str) -> str:
    """Return the one spelling of a key that may be written as ``module.option`` too.

    Raises:
        ValueError: It is not the form of a key; what was written is not repeated.
    """
    head, dot, rest = text.partition(".")
    if head == "modules" and re.fullmatch(SLUG_PATTERN, rest):
        return text
    if head == "settings" and is_setting(rest):
        return text
    if text in VERSIONS:
        return text
    for prefix in (REQUIRED, FORBIDDEN):
        if text.startswith(prefix) and re.fullmatch(PLUGIN_PATTERN, text.removeprefix(prefix)):
            return text
    if dot and head not in _TAKEN and re.fullmatch(SLUG_PATTERN, head) and is_setting(rest):
        return SETTINGS + rest
    raise ValueError(
        "expected a key, such as modules.protect, carousel.carousel_display_exif (a module and its "
        "option), settings.carousel_display_exif or jetpack.min_version"
    )


def is_setting(text: str) -> bool:
    """Return whether `text` can be Jetpack's name of a setting."""
    return 0 < len(text) <= 100 and text.isprintable() and text == text.strip()


def subject(key: str) -> str:
    """Return what a key is about: a plugin is either required or forbidden, not both."""
    for prefix in (REQUIRED, FORBIDDEN):
        if key.startswith(prefix):
            return f"plugins.{key.removeprefix(prefix)}"
    return key
