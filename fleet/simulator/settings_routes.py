"""The routes `settings` and what they share with the options of single modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fleet.simulator.auth import Visitor
from fleet.simulator.catalogue import Catalogue
from fleet.simulator.rest import Arg, Call, Reply, RestError
from fleet.simulator.settings import Option
from fleet.simulator.site import SimSite
from fleet.simulator.toggles import cookies_of, restating, toggle
from fleet.simulator.validation import cast
from fleet.simulator.values import read_option, write_option
from fleet.simulator.wire import Json

__all__ = [
    "Outcome",
    "apply_options",
    "get_settings",
    "option_args",
    "settings_args",
    "settings_table",
    "some_updated",
    "update_settings",
    "update_snow",
]

_SNOW = "jetpack_holiday_snow_enabled"
_INACTIVE = "The module is off."
_CATEGORY = {
    "term_id": 1, "name": "Harbour", "slug": "harbour", "term_group": 0, "term_taxonomy_id": 1,
    "taxonomy": "category", "description": "", "parent": 0, "count": 3, "filter": "raw",
}  # fmt: skip


@dataclass(slots=True)
class Outcome:
    """What a write of several keys came to.

    Args:
        invalid: Keys that are no options here.
        failed: Key to the reason told, often empty.
        echo: Members the answer repeats.
        cookies: Headers of activations.
        fixed: A bare value that ends the request early, as `lang_id` does.
    """

    invalid: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    echo: dict[str, Json] = field(default_factory=dict)
    cookies: tuple[tuple[str, str], ...] = ()
    fixed: bool | None = None


def _arg(option: Option) -> Arg:
    return Arg(
        name=option.key,
        kind=option.kind,
        default=option.default,
        rule=option.rule,
        sanitiser=option.sanitiser,
        choices=option.choices,
        about=f"Option {option.key.replace('_', ' ')}.",
    )


def option_args(catalogue: Catalogue) -> tuple[Arg, ...]:
    """Return the arguments of all options and modules of a release."""
    toggles = tuple(
        Arg(slug, "boolean", default=False, rule="bool", about=f"Module {slug}.")
        for slug in catalogue.modules
    )
    return (
        Arg("context", default="edit"),
        *(_arg(option) for option in catalogue.options.values()),
        *toggles,
    )


def settings_args(catalogue: Catalogue) -> tuple[Arg, ...]:
    """Return the arguments of POST settings; 4.3 declares none."""
    return option_args(catalogue) if catalogue.era.many_settings else ()


def _shown(site: SimSite, visitor: Visitor, group: str) -> dict[str, Json]:
    """Return the options of a group that a visitor gets to see."""
    hides = site.era.number >= (16, 1) and not visitor.can("manage_options")
    return {
        option.key: read_option(site, option)
        for option in site.catalogue.readable(group)
        if not (hides and "guarded" in option.traits)
    }


def settings_table(site: SimSite, visitor: Visitor) -> dict[str, Json]:
    """Return all settings: options of each module, its state, then the rest."""
    catalogue, number = site.catalogue, site.era.number
    if not site.era.tells_settings:
        return {_SNOW: bool(site.options.get(_SNOW, False))}
    found: dict[str, Json] = {}
    active = site.active_modules
    for slug in catalogue.modules:
        found.update(_shown(site, visitor, slug))
        found[slug] = slug in active
    if number >= (13, 2):
        found["categories"] = [_CATEGORY]
    found.update(_shown(site, visitor, "settings"))
    found["akismet"] = site.state.plugins["akismet/akismet.php"]
    if number >= (14, 7):
        found["newsletter_has_active_plan"] = False
    return found


def get_settings(call: Call) -> Reply:
    """Answer GET settings."""
    return Reply(settings_table(call.site, call.visitor))


def _write(site: SimSite, options: Mapping[str, Option], key: str, value: Json) -> Outcome:
    """Write one key."""
    option = options.get(key)
    if option is None:
        return Outcome(invalid=[key])
    if "lone" in option.traits and value in ("en_US", "", None):
        return Outcome(fixed=site.options.pop(key, None) is not None)
    if not site.era.tells_settings and not _works(site, option):
        return Outcome(failed={key: _INACTIVE})
    written = write_option(site, option, cast(option.kind, value))
    failed = {} if written.done else {key: written.reason}
    return Outcome(failed=failed, echo=written.echo)


def _works(site: SimSite, option: Option) -> bool:
    return option.group == "settings" or option.group in site.active_modules


def apply_options(
    site: SimSite, options: Mapping[str, Option], body: Mapping[str, Json]
) -> Outcome:
    """Write the keys of a body in their order and return what came of it."""
    total = Outcome()
    for key, value in body.items():
        if key in ("slug", "context", "_wpnonce") or key.isdigit():
            continue
        one = _write(site, options, key, value)
        if one.fixed is not None:
            total.fixed = one.fixed
            break
        total.invalid += one.invalid
        total.failed |= one.failed
        total.echo |= one.echo
    return total


def some_updated(outcome: Outcome) -> None:
    """Say which keys were not stored.

    Raises:
        RestError: Any key was invalid or failed.
    """
    if not outcome.invalid and not outcome.failed:
        return
    message = ""
    if outcome.invalid:
        plural = "s" if len(outcome.invalid) > 1 else ""
        message = f"Unknown option{plural}: {', '.join(outcome.invalid)}."
    reasons = [f"{key}: {reason}" for key, reason in outcome.failed.items() if reason]
    if reasons:
        message = f"{message} {'. '.join(reasons)}"
    error = RestError("some_updated", message, 400)
    error.headers = outcome.cookies
    raise error


def _switch(site: SimSite, toggles: Mapping[str, Json]) -> Outcome:
    """Switch the modules of a settings body; turning off what is off is fine from 4.6 on."""
    outcome = Outcome()
    fine = ("already_inactive",) if site.era.tells_settings else ()
    for slug, value in toggles.items():
        fresh = bool(value) and slug not in site.active_modules
        refused = toggle(site, slug, bool(value))
        if refused and refused.code not in fine:
            outcome.failed[slug] = refused.message
            continue
        if fresh:
            outcome.cookies = cookies_of(site, slug)
        if site.era.echoes_toggles:
            outcome.echo[slug] = value
    return outcome


def _is_fatal(site: SimSite, body: Mapping[str, Json]) -> bool:
    """Return whether PHP dies over a body: seen in 6.1, whose code needs the module loaded."""
    loads_itself = site.era.number >= (8, 0) or not site.era.tells_settings
    if loads_itself or "jetpack_protect_global_whitelist" not in body:
        return False
    return "protect" not in site.active_modules


@restating
def update_settings(call: Call) -> Reply:
    """Answer POST settings: modules first, then options; what fails does not stop the rest."""
    site = call.site
    if call.body is None and site.era.number < (4, 9):
        raise RestError("missing_options", "There are no options.", 404)
    body = call.body or {}
    if _is_fatal(site, body):
        return Reply(status=500, raw=b"")
    toggles = {key: value for key, value in body.items() if key in site.catalogue.modules}
    outcome = _switch(site, toggles)
    others = {key: value for key, value in body.items() if key not in toggles}
    written = apply_options(site, site.catalogue.options, others)
    if written.fixed is not None:
        return Reply(written.fixed)
    written.failed = {**outcome.failed, **written.failed}
    written.cookies = outcome.cookies
    some_updated(written)
    echo = {**outcome.echo, **written.echo}
    answer = {"code": "success", "message": "The settings are stored.", **echo}
    return Reply(answer, headers=outcome.cookies)


def update_snow(call: Call) -> Reply:
    """Answer POST settings of Jetpack 4.3: one key, and only if it changes."""
    if not call.is_json:
        raise RestError("missing_setting", "There is no setting.", 404)
    key, value = next(iter((call.body or {}).items()), ("", None))
    if key != _SNOW or bool(value) == bool(call.site.options.get(_SNOW, False)):
        raise RestError("setting_not_updated", "The setting was not stored.", 400)
    call.site.options[_SNOW] = bool(value)
    return Reply({"code": "success", "message": "The setting is stored.", "value": value})
