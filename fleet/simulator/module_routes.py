"""The routes under `module/`: lists, single modules, toggles, options of a module."""

from __future__ import annotations

from fleet.simulator.catalogue import Catalogue
from fleet.simulator.modules import Module
from fleet.simulator.rest import Arg, Call, Reply, RestError
from fleet.simulator.settings import Option
from fleet.simulator.settings_routes import apply_options, some_updated
from fleet.simulator.site import SimSite
from fleet.simulator.toggles import activate, cookies_of, restating, toggle
from fleet.simulator.values import read_option
from fleet.simulator.wire import Json

__all__ = [
    "TOGGLE",
    "bulk_args",
    "bulk_toggle",
    "get_module",
    "list_modules",
    "module_table",
    "set_module",
    "toggle_module",
]

TOGGLE = (Arg("active", "boolean", required=True, default=True, rule="bool"),)


def bulk_args(catalogue: Catalogue) -> tuple[Arg, ...]:
    """Return the arguments of the bulk toggle; an empty text by default, which is refused."""
    known = f"modules:{','.join(catalogue.modules)}"
    return (
        Arg("modules", "array", required=True, default="", rule=known),
        Arg("active", "boolean", default=True, rule="bool"),
    )


def _head(site: SimSite, module: Module) -> dict[str, Json]:
    """Return what both the list and the single module say."""
    era = site.era
    prose = site.catalogue.prose[module.slug]
    head: dict[str, Json] = {"name": prose["name"], "description": prose["short"]}
    if era.number <= (7, 4):
        head["jumpstart_desc"] = prose["short"] if "Jumpstart" in module.features else ""
    head |= {
        "sort": module.sort,
        "recommendation_order": module.order,
        "introduced": module.introduced,
        "changed": "",
        "deactivate": True,
        "free": True,
        "requires_connection": module.needs_site,
    }
    if era.owners:
        head["requires_user_connection"] = module.needs_owner
    head |= {
        "auto_activate": module.auto,
        "module_tags": list(module.features),
        "feature": list(module.features),
        "additional_search_queries": prose["terms"],
    }
    if era.plan_gate:
        head["plan_classes"] = list(module.plans)
    return head


def _unavailable(site: SimSite, module: Module) -> str | bool:
    """Return why a module cannot be used: a text, empty without one, False if it can."""
    if module.slug == "vaultpress":
        return ""
    if module.slug == "woocommerce-analytics" and not _unconnected(site):
        return "Needs WooCommerce"
    if site.offline:
        return "Not in offline mode" if module.needs_site else False
    if not site.connected:
        return "Not connected"
    if site.era.owners and module.needs_owner and not site.owned:
        return "No user is connected"
    return False if module.included_in(site.spec.plan) else "Not in the plan"


def _unconnected(site: SimSite) -> bool:
    return site.state.connection == "unconnected"


def _described(site: SimSite, option: Option) -> Json:
    found: dict[str, Json] = {
        "description": f"Option {option.key.replace('_', ' ')}.",
        "type": option.kind,
    }
    if option.kind == "array" and site.era.many_settings:
        found["items"] = {"type": "string"}
    found["default"] = option.default
    if option.choices:
        labels = {choice: choice.capitalize() for choice in option.choices}
        found["enum"] = list(option.choices) if site.era.many_settings else labels
        if site.era.many_settings:
            found["enum_labels"] = labels
    if option.sanitiser:
        found["sanitize_callback"] = f"simulated_{option.sanitiser}"
    if site.era.many_settings:
        found["jp_group"] = option.group
    found["current_value"] = read_option(site, option)
    return found


def _options(site: SimSite, module: Module) -> Json:
    shown = site.catalogue.readable(module.slug)
    return {option.key: _described(site, option) for option in shown} or []


def _listed(call: Call, module: Module, active: set[str]) -> dict[str, Json]:
    site, slug = call.site, module.slug
    prose = site.catalogue.prose[slug]
    reason = _unavailable(site, module)
    works = site.connected or (site.offline and not module.needs_site)
    entry = _head(site, module) | {
        "module": slug,
        "activated": slug in active and works,
        "deactivate_nonce": site.accounts.nonce(call.visitor, f"off-{slug}"),
        "activate_nonce": site.accounts.nonce(call.visitor, f"on-{slug}"),
        "available": reason is False,
    }
    if site.era.owners:
        entry["unavailable_reason"] = reason
    entry["short_description"] = prose["short"]
    entry["configure_url"] = f"{call.urls.core}/wp-admin/admin.php?page=jetpack#/{slug}"
    if site.era.number >= (6, 1):
        forced = site.spec.forced.get(slug)
        entry["override"] = False if forced is None else ("active" if forced else "inactive")
    if site.era.number >= (12, 3):
        entry["disabled"] = "" if reason is False else 'disabled="disabled"'
    entry |= {
        "learn_more_button": f"https://help.example/{slug}",
        "long_description": f"<p>{prose['long']}</p>",
        "search_terms": prose["terms"],
        "configurable": False,
        "options": _options(site, module),
    }
    if slug == "sitemaps":
        home = call.urls.home
        entry["extra"] = {
            "sitemap_url": f"{home}/sitemap.xml",
            "news_sitemap_url": f"{home}/news-sitemap.xml",
        }
    return entry


def module_table(call: Call) -> dict[str, Json]:
    """Return all modules by slug, those that need a connection last where there is none."""
    modules = call.site.catalogue.listed
    if call.site.connected:
        modules = tuple(sorted(modules, key=lambda module: module.sort))
    active = call.site.active_modules
    return {module.slug: _listed(call, module, active) for module in modules}


def list_modules(call: Call) -> Reply:
    """Answer GET module/all; the real route takes HEAD for a toggle without modules."""
    if call.method == "HEAD":
        raise RestError("not_found", "There is no such module.", 404)
    return Reply(module_table(call))


def _known(call: Call) -> Module:
    module = call.site.catalogue.modules.get(call.named["slug"])
    if module is None:
        raise RestError("not_found", "There is no such module.", 404)
    return module


def get_module(call: Call) -> Reply:
    """Answer GET module/SLUG, which leaves out whether it is on."""
    module = _known(call)
    found = _head(call.site, module)
    if call.site.offline and module.needs_site:
        found["activated"] = False
    found["options"] = _options(call.site, module)
    found["short_description"] = call.site.catalogue.prose[module.slug]["short"]
    return Reply(found)


@restating
def toggle_module(call: Call) -> Reply:
    """Answer POST module/SLUG/active."""
    slug, on = call.named["slug"], bool(call.params["active"])
    fresh = on and slug not in call.site.active_modules
    if refused := toggle(call.site, slug, on):
        raise RestError(refused.code, refused.message, refused.status)
    cookies = cookies_of(call.site, slug) if fresh else ()
    message = f"The module is {'on' if on else 'off'} now."
    return Reply({"code": "success", "message": message}, headers=cookies)


@restating
def bulk_toggle(call: Call) -> Reply:
    """Answer POST module/all/active, which only switches on, whatever `active` says."""
    modules = call.params["modules"]
    slugs = [str(slug) for slug in modules] if isinstance(modules, list) else []
    if call.site.era.number < (4, 5):
        raise RestError("not_found", "There is no such module.", 404)
    failed: list[str] = []
    cookies: tuple[tuple[str, str], ...] = ()
    for slug in slugs:
        fresh = slug not in call.site.active_modules
        if activate(call.site, slug):
            failed.append(slug)
        elif fresh:
            cookies = cookies_of(call.site, slug)
    if failed:
        error = RestError("activation_failed", f"Not switched on: {', '.join(failed)}. ", 424)
        error.headers = cookies
        raise error
    return Reply({"code": "success", "message": "All of them are on."}, headers=cookies)


def set_module(call: Call) -> Reply:
    """Answer POST module/SLUG and POST settings/SLUG: options of one active module."""
    module = _known(call)
    if module.slug not in call.site.active_modules:
        raise RestError("inactive", "The module is off.", 409)
    if call.body is None and call.site.era.number < (4, 9):
        raise RestError("missing_options", "There are no options.", 404)
    own = {option.key: option for option in call.site.catalogue.by_group[module.slug]}
    outcome = apply_options(call.site, own, call.body or {})
    some_updated(outcome)
    return Reply({"code": "success", "message": "The options are stored.", **outcome.echo})
