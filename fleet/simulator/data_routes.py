"""Figures, lists and small switches: module data, site data, plugins, notices, resets.

What comes from WordPress.com is made up for connected sites and fails for the others as seen on
real ones.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable

from fleet.simulator.rest import Call, Reply, RestError
from fleet.simulator.toggles import activate, conflict, possible
from fleet.simulator.wire import Json

__all__ = [
    "akismet_key",
    "dismiss_notice",
    "elsewhere",
    "install_plugin",
    "jumpstart",
    "jumpstart_status",
    "licensing_error",
    "list_plugins",
    "module_data",
    "my_jetpack_site",
    "one_plugin",
    "plans",
    "plugin_updates",
    "recommendations",
    "reset",
    "set_tracking",
    "site_benefits",
    "site_data",
    "site_features",
    "threats",
    "tracking",
    "verify_site",
    "waf",
]

_SERVICES = ("google", "bing", "pinterest", "yandex", "facebook")


def _figure(call: Call, topic: str, top: int) -> int:
    """Return a figure that stays the same for a site and topic."""
    return zlib.crc32(f"{call.site.spec.name} {topic}".encode()) % top


def _active(call: Call, slug: str) -> None:
    if slug not in call.site.active_modules:
        raise RestError("not_active", "The module is off.", 404)


def _protect_data(call: Call) -> Reply:
    _active(call, "protect")
    blocked = _figure(call, "blocked logins", 5000)
    return Reply(blocked if call.site.era.number >= (12, 3) else str(blocked))


def _monitor_data(call: Call) -> Reply:
    _active(call, "monitor")
    if not call.site.connected:
        raise RestError("monitor-downtime", "WordPress.com did not answer.", 500, bare=True)
    days = _figure(call, "downtime", 40)
    return Reply({"code": "success", "date": f"{days} days" if days > 20 else None})


def _verification_data(call: Call) -> Reply:
    _active(call, "verification-tools")
    names = [key.capitalize() for key in _SERVICES if call.site.options.get(key)]
    if not names:
        raise RestError("empty", "No service has verified the site.", 404)
    message = f"Verified by {', '.join(names)}."
    return Reply({"code": "success", "message": message, "services": names})


def _akismet_data(call: Call) -> Reply:
    if not call.site.state.plugins["akismet/akismet.php"]:
        return Reply("not_active")
    spam = _figure(call, "spam", 9000)
    if call.site.era.number >= (11, 2):
        return Reply(spam)
    return Reply({"all": {"spam": str(spam), "ham": "12", "time_saved": spam * 8}})


def _vaultpress_data(_call: Call) -> Reply:
    raise RestError("not_active", "The module is off.", 404)


def _stats_data(call: Call) -> Reply:
    span = str(call.params.get("range", "day"))
    span = span if span in ("day", "week", "month") else "day"
    if not call.site.connected:
        error: Json = {"errors": {"missing_token": [""]}, "error_data": []}
        return Reply({"general": error, "day": []} if span == "day" else {span: error})
    views = _figure(call, "views", 20_000)
    rows = {
        "fields": ["period", "views", "visitors"],
        "unit": span,
        "data": [[f"2026-11-{day:02}", views // day, views // day // 3] for day in range(1, 31)],
    }
    if span != "day":
        return Reply({span: rows})
    general = {
        "date": "2026-11-30",
        "stats": {"views_today": views // 30, "visitors_today": views // 90, "views": views * 12},
    }
    return Reply({"general": general, "day": rows})


_DATA: dict[str, Callable[[Call], Reply]] = {
    "protect": _protect_data,
    "monitor": _monitor_data,
    "verification-tools": _verification_data,
    "akismet": _akismet_data,
    "vaultpress": _vaultpress_data,
    "stats": _stats_data,
}


def module_data(call: Call) -> Reply:
    """Answer GET module/SLUG/data; nothing at all for other slugs."""
    answer = _DATA.get(call.named["slug"])
    return answer(call) if answer else Reply(None)


def akismet_key(call: Call) -> Reply:
    """Answer GET and POST module/akismet/key/check."""
    if call.named["service"] != "akismet":
        return Reply(False)
    return Reply(
        {
            "validKey": False,
            "invalidKeyCode": "not_active",
            "invalidKeyMessage": "Akismet is not active.",
        }
    )


def _site_object(call: Call) -> dict[str, Json]:
    plan = call.site.spec.plan
    return {
        "ID": 1000 + _figure(call, "blog", 100_000),
        "name": call.site.spec.name.replace("-", " ").title(),
        "URL": call.urls.home,
        "jetpack": True,
        "plan": {"product_slug": f"jetpack_{plan}", "class": plan, "features": {"active": []}},
        "products": [],
        "options": {"jetpack_version": call.site.era.jetpack, "timezone": "Europe/Oslo"},
    }


def site_data(call: Call) -> Reply:
    """Answer GET site: the data is JSON in a text."""
    if call.site.connected:
        data = json.dumps(_site_object(call))
        return Reply({"code": "success", "message": "Site data received.", "data": data})
    number = call.site.era.number
    if number < (5, 5):
        raise RestError("site_id_missing", "The site has no id.", 404)
    if number < (8, 9):
        raise RestError("site_data_fetch_failed", "Site data could not be fetched.", 400)
    extra: dict[str, Json] = {"api_error_code": "site_id_missing", "api_http_code": None}
    message = "Site data could not be fetched: no id."
    raise RestError("site_id_missing", message, 400, extra if number >= (9, 0) else None)


def site_features(call: Call) -> Reply:
    """Answer GET site/features and site/purchases."""
    if not call.site.connected:
        raise RestError("failed_to_fetch_data", "The data could not be fetched.", 500)
    data = "[]"
    if call.route.endswith("features"):
        paid = call.site.spec.plan != "free"
        available: Json = [] if paid else {"antispam": ["jetpack_security"], "scan": []}
        told = {"active": ["antispam", "scan"] if paid else [], "available": available}
        data = json.dumps(told)
    return Reply({"code": "success", "message": "Received.", "data": data})


def site_benefits(_call: Call) -> Reply:
    """Answer GET site/benefits: a list in a text."""
    return Reply({"code": "success", "message": "Received.", "data": "[]"})


def threats(call: Call) -> Reply:
    """Answer GET rewind and scan."""
    if not call.site.connected:
        raise RestError("site_id_missing", "The site has no id.", 404)
    state: dict[str, Json] = {"state": "unavailable", "reason": "missing_plan"}
    if call.site.spec.plan in ("security", "complete") and call.route.endswith("scan"):
        found = _figure(call, "threats", 3)
        state = {"state": "idle", "threats": [{"id": number} for number in range(found)]}
    data = json.dumps(state)
    return Reply({"code": "success", "message": "Received.", "data": data})


def plans(call: Call) -> Reply:
    """Answer GET plans and products."""
    if call.site.connected:
        return Reply({"jetpack_free": {"product_slug": "jetpack_free"}})
    if call.route.endswith("plans"):
        return Reply(None)
    error = {"status": ""}
    return Reply({"code": "failed_to_fetch_data", "message": "Not fetched.", "data": error})


def verify_site(call: Call) -> Reply:
    """Answer verify-site/SERVICE, whose error code has the service in it."""
    if call.site.connected:
        return Reply({"verified": False})
    code = f"error_checking_if_site_verified_{call.named['service']}"
    raise RestError(code, "No token.", 500, bare=True)


def plugin_updates(call: Call) -> Reply:
    """Answer GET updates/plugins: 200 with another code where updates wait."""
    count = call.site.spec.updates if call.visitor.can("update_plugins") else 0
    if count:
        message = f"{count} to update."
        return Reply({"code": "updates-available", "message": message, "count": count})
    return Reply({"code": "success", "message": "All up to date.", "count": 0})


def list_plugins(call: Call) -> Reply:
    """Answer GET plugins."""
    listed: dict[str, Json] = {}
    for file, active in call.site.state.plugins.items():
        name = file.split("/")[0].removesuffix(".php")
        version = call.site.era.jetpack if name == "jetpack" else "1.7"
        entry: dict[str, Json] = {
            "Name": name.capitalize(),
            "PluginURI": f"https://plugins.example/{name}",
            "Version": version,
            "Description": f"The {name} plugin.",
            "Author": "Someone",
            "AuthorURI": "https://plugins.example/",
            "TextDomain": name,
            "DomainPath": "",
            "Network": False,
        }
        if call.site.era.core >= (5, 2):
            entry |= {"RequiresWP": "", "RequiresPHP": "", "UpdateURI": ""}
        if call.site.era.core >= (6, 5):
            entry["RequiresPlugins"] = ""
        listed[file] = entry | {"Title": name, "AuthorName": "Someone", "active": active}
    return Reply(listed)


def one_plugin(call: Call) -> Reply:
    """Answer GET plugin/FILE."""
    if call.named["plugin"] not in call.site.state.plugins:
        raise RestError("plugin_not_found", "There is no such plugin.", 404)
    return Reply({"code": "success", "message": "Found.", "data": {"Name": call.named["plugin"]}})


def install_plugin(call: Call) -> Reply:
    """Answer POST plugins; what is installed already is a success."""
    slug = str(call.params["slug"])
    file = next((file for file in call.site.state.plugins if file.startswith(slug)), None)
    file = file or f"{slug}/{slug}.php"
    on = call.params.get("status") == "active" or call.site.state.plugins.get(file, False)
    call.site.state.plugins[file] = on
    return Reply({"code": "success", "message": f"{slug} is installed."})


def dismiss_notice(call: Call) -> Reply:
    """Answer POST notice/NAME with all notices dismissed so far."""
    if call.named["notice"] not in ("welcome", "feedback_dash_request"):
        raise RestError("invalid_param", "Not valid: &quot;notice&quot;.", 404)
    if call.params.get("dismissed") is not True:
        raise RestError("invalid_param", "Not valid: &quot;dismissed&quot;.", 404)
    call.site.state.notices[call.named["notice"]] = True
    return Reply(dict(call.site.state.notices))


def reset(call: Call) -> Reply:
    """Answer POST options/WHAT: modules to their defaults, or options and modules."""
    what, site = call.named["options"], call.site
    if what not in ("options", "modules") or call.params.get("reset") is not True:
        raise RestError("invalid_param", "The parameter is not valid.", 404)
    site.state.modules = {slug for slug in site.catalogue.default_modules if possible(site, slug)}
    if what == "options":
        gone = ("sharedaddy", "stats", "sso", "related-posts", "settings", "protect")
        for key in [key for key in site.options if _group(call, key) in gone]:
            del site.options[key]
        if site.era.number >= (12, 3):
            site.options.pop("jetpack_waf_ip_allow_list", None)
        site.options.pop("jumpstart", None)
    return Reply({"code": "success", "message": f"Reset: {what}."})


def _group(call: Call, key: str) -> str:
    option = call.site.catalogue.options.get(key)
    if option is None or (key.startswith("jetpack_protect") and call.site.era.number >= (12, 3)):
        return ""
    return option.group


def jumpstart(call: Call) -> Reply:
    """Answer POST jumpstart (until 7.4): switches on everything tagged for it.

    Dismissing is about the prompt of a new connection and leaves any other state as it is.
    """
    site = call.site
    if not call.params.get("active"):
        if "jumpstart" not in site.options:
            site.options["jumpstart"] = "jumpstart_dismissed"
        return Reply({"code": "success", "message": "Dismissed."})
    tagged = [
        slug
        for slug, module in site.catalogue.modules.items()
        if "Jumpstart" in module.features and not conflict(site, slug)
    ]
    failed = [slug for slug in tagged if activate(site, slug)]
    if failed:
        raise RestError("jumpstart_failed", f"Not switched on: {', '.join(failed)}.", 400)
    site.options["jumpstart"] = "jumpstart_activated"
    data: Json = {"activated_modules": tagged, "failed_modules": []}
    return Reply({"code": "success", "message": "Done.", "data": data})


def jumpstart_status(call: Call) -> Reply:
    """Answer GET jumpstart (4.5 to 7.4)."""
    return Reply({"status": call.site.options.get("jumpstart", "new_connection")})


def tracking(call: Call) -> Reply:
    """Answer GET tracking/settings."""
    return Reply(
        {"tracks_opt_out": call.site.options.get("tracks_opt_out", not call.site.connected)}
    )


def set_tracking(call: Call) -> Reply:
    """Answer POST tracking/settings."""
    call.site.options["tracks_opt_out"] = bool(call.params.get("tracks_opt_out"))
    return tracking(call)


def waf(call: Call) -> Reply:
    """Answer GET waf."""
    on = "protect" in call.site.active_modules
    found: dict[str, Json] = {
        "jetpack_waf_automatic_rules": False,
        "jetpack_waf_ip_allow_list": "",
        "jetpack_waf_ip_allow_list_enabled": False,
        "jetpack_waf_ip_block_list": False,
        "jetpack_waf_ip_block_list_enabled": False,
        "jetpack_waf_share_data": False,
        "jetpack_waf_share_debug_data": False,
        "bootstrap_path": "/srv/www/waf/bootstrap.php",
        "standalone_mode": False,
        "automatic_rules_available": False,
        "brute_force_protection": on,
        "jetpack_waf_ip_list": False,
    }
    if call.site.era.number >= (14, 0):
        found |= {"waf_supported": True, "automatic_rules_last_updated": False}
    return Reply(found)


def recommendations(_call: Call) -> Reply:
    """Answer GET recommendations/data of a site that recommends nothing."""
    return Reply([])


def licensing_error(_call: Call) -> Reply:
    """Answer GET licensing/error of a site without one: an empty text."""
    return Reply("")


def my_jetpack_site(call: Call) -> Reply:
    """Answer GET my-jetpack/v1/site: the site object itself, or an error that claims 200."""
    if call.site.connected:
        return Reply(_site_object(call))
    error = {"status": ""}
    return Reply({"code": "site_data_fetch_failed", "message": "Not fetched.", "data": error})


def elsewhere(_call: Call) -> Reply:
    """Answer a route that is listed for its size only: nothing."""
    return Reply(None)
