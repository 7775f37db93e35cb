"""Switching modules on and off, with every reason a site has to refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fleet.simulator.modules import Module
from fleet.simulator.rest import Call, Reply
from fleet.simulator.site import SimSite

__all__ = [
    "Refused",
    "activate",
    "conflict",
    "cookies_of",
    "deactivate",
    "possible",
    "restating",
    "toggle",
]

_NEEDS_PUBLIC = ("photon", "enhanced-distribution", "json-api")


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a module did not change.

    Args:
        code: Error code of the toggle route.
        status: Its HTTP status.
        message: For people; `settings` repeats it per key.
    """

    code: str
    status: int
    message: str


_NOT_FOUND = Refused("not_found", 404, "There is no such module.")
_FAILED = Refused("activation_failed", 424, "The module could not be switched on.")
_PLAN = Refused("not_supported", 424, "The plan does not include the module.")
_PRIVATE = Refused("rest_cannot_publish", 424, "The module needs a public site.")
_STUCK = Refused("deactivation_failed", 400, "The module could not be switched off.")
_ALREADY = Refused("already_inactive", 409, "The module was off already.")


class _PluginWent(Exception):
    """A plugin in conflict was switched off instead of anything else."""


def restating(run: Callable[[Call], Reply]) -> Callable[[Call], Reply]:
    """Return a handler that redirects to itself where a plugin in conflict had to go first."""

    def guarded(call: Call) -> Reply:
        try:
            return run(call)
        except _PluginWent:
            mark = "&" if call.request.query else "?"
            query = f"?{call.request.query}" if call.request.query else ""
            target = f"{call.request.origin}{call.request.path}{query}{mark}jetpack_restate=1"
            return Reply(status=302, raw=b"", headers=(("Location", target),))

    return guarded


def conflict(site: SimSite, slug: str) -> str:
    """Return the file of the active plugin that a module is in conflict with, or nothing."""
    file = site.spec.conflicts.get(slug, "")
    return file if site.state.plugins.get(file) else ""


def activate(site: SimSite, slug: str) -> Refused | None:
    """Switch a module on; one that is on already is no refusal."""
    module = site.catalogue.modules.get(slug)
    if module is None:
        return _NOT_FOUND
    if slug in site.active_modules:
        return None
    if refused := _unable(site, module):
        return refused
    if file := conflict(site, slug):
        site.state.plugins[file] = file in site.spec.stubborn
        raise _PluginWent
    if slug != "vaultpress":
        site.state.modules.add(slug)
    _side_effects(site, slug, on=True)
    return None


def _unable(site: SimSite, module: Module) -> Refused | None:
    if site.connected:
        return None if module.included_in(site.spec.plan) else _FAILED
    if not site.offline:
        return _FAILED
    if site.era.number < (4, 5) and module.slug in _NEEDS_PUBLIC:
        return _PRIVATE
    return _FAILED if module.needs_site else None


def possible(site: SimSite, slug: str) -> bool:
    """Return whether a module can be on with this connection and plan."""
    return _unable(site, site.catalogue.modules[slug]) is None


def deactivate(site: SimSite, slug: str) -> Refused | None:
    """Switch a module off."""
    if slug not in site.catalogue.modules:
        return _NOT_FOUND
    if slug not in site.active_modules:
        return _ALREADY
    if site.spec.forced.get(slug):
        return _STUCK
    site.state.modules.discard(slug)
    _side_effects(site, slug, on=False)
    return None


def toggle(site: SimSite, slug: str, on: bool) -> Refused | None:
    """Switch a module as the single route does, which looks at the plan first."""
    module = site.catalogue.modules.get(slug)
    if on and module and site.era.plan_gate and not module.included_in(site.spec.plan):
        return _PLAN
    return activate(site, slug) if on else deactivate(site, slug)


def _side_effects(site: SimSite, slug: str, on: bool) -> None:
    if slug == "gravatar-hovercards":
        site.options["gravatar_disable_hovercards"] = "enabled" if on else "disabled"
    if slug == "markdown" and on and site.era.number >= (4, 7):
        site.options["wpcom_publish_posts_with_markdown"] = True


def cookies_of(site: SimSite, slug: str) -> tuple[tuple[str, str], ...]:
    """Return the cookies that the activation of a module leaves on the browser."""
    folder = f"/{site.spec.core_folder}" if site.spec.core_folder else ""
    only = "; HttpOnly" if site.era.connection_package else ""
    path = f"path=/{site.spec.name}{folder}/wp-admin{only}"
    gone = "expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0"
    return (
        ("Set-Cookie", f"jetpackState[module]={slug}; {path}"),
        ("Set-Cookie", f"jetpackState[error]=module_activation_failed; {path}"),
        ("Set-Cookie", f"jetpackState[error]=deleted; {gone}; {path}"),
    )
