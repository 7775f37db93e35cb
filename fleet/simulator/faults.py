"""Troubles as data: what goes wrong on a site, where, how often and from when on.

A fault only describes; `trouble` carries it out.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

__all__ = ["KINDS", "Fault", "FaultLine", "Stage"]

Stage = str
"""When a kind acts: ``prepare`` before, ``replace`` instead of, ``login`` within or ``transform``
after the site's own answer."""

_LOGIN: Final = "/wp-login.php"
_ANY: Final = "*"
_WRITES: Final = ("POST", "PUT", "PATCH")

KINDS: Final[dict[str, tuple[Stage, str]]] = {
    "expire_nonce": ("prepare", _ANY),
    "expire_session": ("prepare", _ANY),
    "drop_credentials": ("prepare", _ANY),
    "server_error": ("replace", _ANY),
    "fatal": ("replace", _ANY),
    "bad_gateway": ("replace", _ANY),
    "unavailable": ("replace", _ANY),
    "maintenance": ("replace", _ANY),
    "rate_limit": ("replace", _ANY),
    "parked": ("replace", _ANY),
    "html": ("replace", "/jetpack/*"),
    "redirect_origin": ("replace", _ANY),
    "redirect_https": ("replace", _ANY),
    "redirect_loop": ("replace", _ANY),
    "waf": ("replace", _ANY),
    "no_rest": ("replace", "/*"),
    "rest_restricted": ("replace", "/*"),
    "hidden_login": ("replace", _LOGIN),
    "reset_before": ("replace", _ANY),
    "oversized": ("replace", _ANY),
    "gzip_bomb": ("replace", _ANY),
    "lockout": ("login", _LOGIN),
    "captcha": ("login", _LOGIN),
    "protect_block": ("login", _LOGIN),
    "protect_math": ("login", _LOGIN),
    "sso_redirect": ("login", _LOGIN),
    "two_factor": ("login", _LOGIN),
    "sso_only": ("login", _LOGIN),
    "password_detection": ("login", _LOGIN),
    "cached": ("transform", "/*"),
    "slow": ("transform", _ANY),
    "drip": ("transform", _ANY),
    "reset_after": ("transform", _ANY),
    "truncate": ("transform", "/jetpack/*"),
    "truncated_json": ("transform", "/jetpack/*"),
    "php_notice": ("transform", "/jetpack/*"),
    "bom": ("transform", "/jetpack/*"),
    "long_header": ("transform", _ANY),
    "lie_unchanged": ("transform", "/jetpack/*"),
    "lie_applied": ("transform", "/jetpack/*"),
    "revert": ("transform", "/jetpack/*"),
}
"""Every kind with its stage and the places it acts on unless told otherwise."""

_ONLY_WRITES: Final = frozenset({"lie_unchanged", "lie_applied", "revert"})


@dataclass(frozen=True, slots=True)
class Fault:
    """One trouble of one site.

    Args:
        kind: A key of `KINDS`.
        where: Pattern (as of a shell) for the place of a request: the REST route, such as
            ``/jetpack/v4/settings``, or the path within the site, such as ``/wp-login.php``;
            empty for the usual places of the kind.
        methods: HTTP methods it acts on, empty for all that make sense.
        times: How many requests it hits, None for ever.
        after: Requests that match and are let through first.
        chance: Probability per request, from the world's seeded randomness.
        value: What the kind needs: seconds (`slow`, `drip`, `rate_limit`), bytes (`oversized`,
            `gzip_bomb`, `truncate`), requests until `revert`; 0 for its usual amount.

    Raises:
        ValueError: The kind is unknown.
    """

    kind: str
    where: str = ""
    methods: tuple[str, ...] = ()
    times: int | None = None
    after: int = 0
    chance: float = 1.0
    value: float = 0.0

    def __post_init__(self) -> None:
        """Refuse an unknown kind."""
        if self.kind not in KINDS:
            raise ValueError(f"no fault is called {self.kind!r}")

    @property
    def stage(self) -> Stage:
        """Return when it acts."""
        return KINDS[self.kind][0]

    def amount(self, usual: float) -> float:
        """Return its value, or the usual one."""
        return self.value or usual

    def matches(self, place: str, method: str) -> bool:
        """Return whether a request is of its kind of places and methods."""
        methods = self.methods or (_WRITES if self.kind in _ONLY_WRITES else ())
        if methods and method not in methods:
            return False
        return fnmatchcase(place, self.where or KINDS[self.kind][1])


@dataclass(slots=True)
class _Count:
    seen: int = 0
    hit: int = 0


@dataclass(slots=True)
class FaultLine:
    """The faults of a site with their counters.

    Args:
        faults: What may go wrong.
        chance: Seeded randomness.
    """

    faults: list[Fault]
    chance: random.Random
    _counts: dict[int, _Count] = field(default_factory=dict)

    def add(self, fault: Fault) -> None:
        """Let one more thing go wrong from now on."""
        self.faults.append(fault)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self.faults.clear()
        self._counts.clear()

    def strike(self, place: str, method: str) -> list[Fault]:
        """Return the faults that hit this request, and count them."""
        return [
            fault
            for index, fault in enumerate(self.faults)
            if fault.matches(place, method) and self._hits(index, fault)
        ]

    def _hits(self, index: int, fault: Fault) -> bool:
        count = self._counts.setdefault(index, _Count())
        count.seen += 1
        if count.seen <= fault.after:
            return False
        if fault.times is not None and count.hit >= fault.times:
            return False
        if fault.chance < 1.0 and self.chance.random() >= fault.chance:
            return False
        count.hit += 1
        return True
