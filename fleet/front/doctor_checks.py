"""What ``fleet doctor`` found of a site, one check after the other. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fleet.errors import KINDS
from fleet.results import SiteResult, Status
from fleet.site.certificate import Certificate

__all__ = ["Check", "checks_of"]

OK, SOON, PROBLEM, UNKNOWN = "ok", "note", "problem", "-"
_STEPS = ("DNS", "server", "TLS", "REST", "login", "rights", "Jetpack")
_SKEW = 300
"""Seconds between two clocks from which on nonces and certificates get into trouble."""
_SHORT = 14
"""Days before its end from which on a certificate is worth a word."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Args:
        name: What.
        state: ``ok``, ``note``, ``problem``, or ``-`` where it could not be looked at.
        found: What was found; what a site said in it is hostile text.
        fix: What to do, where something is to be done.
    """

    name: str
    state: str
    found: str = ""
    fix: str = ""


def checks_of(
    result: SiteResult, address: str | None, certificate: Certificate | None, now: datetime
) -> tuple[Check, ...]:
    """Return the checks of one site in the order in which a visit meets them.

    Args:
        result: How the visit ended.
        address: What its host name leads to; None where nobody knows.
        certificate: What its server shows, whoever believes it; None where there is none.
        now: The time.
    """
    if result.status in (Status.SKIPPED, Status.NOT_STARTED):
        return (Check("visit", UNKNOWN, result.message),)
    at = _STEPS.index(_step(result.kind)) if result.kind else len(_STEPS)
    checks = [_check(step, number - at, result) for number, step in enumerate(_STEPS)]
    if address is not None and result.kind != "net.dns":
        checks[0] = Check("DNS", OK, address)
    if result.url.startswith("http:"):
        checks[2] = Check("TLS", UNKNOWN, "plain http")
    elif certificate is not None:
        checks[2] = _tls(checks[2], certificate, now)
    if not result.kind:
        checks[6] = Check(
            "Jetpack", OK, f"{_told(result, 'jetpack')}, {_told(result, 'connection')}"
        )
        checks += [Check("WordPress", OK, _told(result, "wordpress")), _clock(result)]
    return tuple(checks)


def _step(kind: str) -> str:
    """Return where on its way a visit ended."""
    if kind == "net.dns":
        return "DNS"
    if kind == "auth.forbidden":
        return "rights"
    room = kind.partition(".")[0]
    if room in ("auth", "identity") or kind == "site.login_hidden":
        return "login"
    return {"net": "server", "tls": "TLS", "jetpack": "Jetpack"}.get(room, "REST")


def _check(step: str, beyond: int, result: SiteResult) -> Check:
    """Return what a step came to; `beyond` counts from the one that failed."""
    if beyond == 0 and result.kind:
        return Check(step, PROBLEM, f"{result.kind}: {result.message}", KINDS[result.kind].hint)
    unmet = step in ("login", "rights") and result.kind == "jetpack.missing"
    return Check(step, UNKNOWN, "not tried") if beyond > 0 or unmet else Check(step, OK)


def _tls(check: Check, certificate: Certificate, now: datetime) -> Check:
    days = (certificate.ends - now).days
    when = f"until {certificate.ends:%Y-%m-%d}, {days} days left, by {certificate.issuer}"
    if days < 0:
        when = f"ended {certificate.ends:%Y-%m-%d}, {-days} days ago, by {certificate.issuer}"
    if check.state == PROBLEM:
        return Check("TLS", PROBLEM, f"{check.found} ({when})", check.fix)
    if days < _SHORT:
        return Check("TLS", SOON, when, "Renew the certificate.")
    return Check("TLS", check.state, when)


def _told(result: SiteResult, key: str) -> str:
    figure = result.data.get(key)
    if not isinstance(figure, Mapping):
        return "not told"
    value = figure.get("value")
    return str(value) if value is not None else f"not told ({figure.get('reason', '')})"


def _clock(result: SiteResult) -> Check:
    figure = result.data.get("clock")
    apart = figure.get("value") if isinstance(figure, Mapping) else None
    if not isinstance(apart, int):
        return Check("clock", UNKNOWN, "not told")
    if abs(apart) < _SKEW:
        return Check("clock", OK, f"{abs(apart)} s apart")
    way = "ahead of" if apart > 0 else "behind"
    found = f"the site's is {abs(apart)} s {way} this machine's"
    return Check("clock", SOON, found, "Set the clocks by NTP; nonces and caches go by them.")
