"""Reading and writing single option values, with every habit a key is known for.

Most keys store what they are given. The others have a function of their own here: commands,
values that read differently from how they are written, and writes that only claim success.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from fleet.simulator.rest import RestError
from fleet.simulator.settings import Option
from fleet.simulator.site import SimSite
from fleet.simulator.validation import cast
from fleet.simulator.wire import Json

__all__ = ["Written", "read_option", "write_option"]

_OWN_ROW = ("related-posts", "stats", "sharedaddy")
"""Groups whose options share one row, where an unsaved false is stored all the same."""


@dataclass(frozen=True, slots=True)
class Written:
    """How a write of one option ended.

    Args:
        done: False where the key counts as not updated.
        reason: What the answer says about it, often nothing.
        echo: Members the answer repeats.
    """

    done: bool = True
    reason: str = ""
    echo: dict[str, Json] = field(default_factory=dict)


_FAILED = Written(done=False)


def _service(slug: str) -> dict[str, Json]:
    return {"button_style": "icon-text", "smart": False, "shortname": slug, "icon": "\\f204"}


def _read_services(site: SimSite, option: Option) -> Json:
    unsaved = {"visible": [], "hidden": []} if site.era.number < (4, 4) else option.default
    lists = site.options.get(option.key, unsaved)
    if not isinstance(lists, dict):
        return []
    shown: dict[str, Json] = {
        part: {slug: _service(slug) for slug in lists[part]} or [] for part in ("visible", "hidden")
    }
    every = [*lists["visible"], *lists["hidden"]]
    return {**shown, "all": {slug: place for place, slug in enumerate(every)} or []}


def _allow_list(site: SimSite) -> list[str]:
    stored = site.options.get("jetpack_protect_global_whitelist", [])
    return [str(address) for address in stored] if isinstance(stored, list) else []


def _read_whitelist(site: SimSite, _option: Option) -> Json:
    return {"local": _allow_list(site)}


def _read_allow_list(site: SimSite, option: Option) -> Json:
    if option.group == "waf":
        return site.options.get(option.key, "")
    return " ".join(_allow_list(site))


def _read_onboarding(site: SimSite, _option: Option) -> Json:
    return {
        "siteTitle": site.spec.name,
        "siteDescription": "",
        "siteType": False,
        "homepageFormat": False,
        "addContactForm": 0,
        "businessAddress": False,
        "installWooCommerce": False,
        "stats": "stats" in site.active_modules,
    }


def _fixed(value: Json) -> Callable[[SimSite, Option], Json]:
    return lambda _site, _option: value


def _unsaved(value: Json) -> Callable[[SimSite, Option], Json]:
    return lambda site, option: site.options.get(option.key, value)


def _read_show(site: SimSite, option: Option) -> Json:
    return site.options.get(option.key, [] if site.era.number < (4, 4) else ["post", "page"])


_READERS: dict[str, Callable[[SimSite, Option], Json]] = {
    "sharing_services": _read_services,
    "jetpack_protect_global_whitelist": _read_whitelist,
    "jetpack_waf_ip_allow_list": _read_allow_list,
    "onboarding": _read_onboarding,
    "custom": _fixed([]),
    "sharing_delete_service": _fixed(""),
    "search_auto_config": _fixed(False),
    "post_by_email_address": _unsaved(""),
    "jetpack_protect_key": _unsaved(False),
    "jetpack_wga": _unsaved(False),
    "site_icon_id": _unsaved(False),
    "site_icon_url": _unsaved(False),
    "button_style": _unsaved("icon-text"),
    "sharing_label": _unsaved("Share this:"),
    "count_roles": _unsaved([]),
    "show": _read_show,
    "lang_id": _unsaved("en_US"),
}


def read_option(site: SimSite, option: Option) -> Json:
    """Return an option's value as GET settings and module/all show it."""
    reader = _READERS.get(option.key)
    if reader is not None:
        return reader(site, option)
    value = site.options.get(option.key, option.default)
    if option.kind == "boolean":
        return cast("boolean", value)
    return value


def _write_notifications(site: SimSite, option: Option, value: Json) -> Written:
    if not site.connected:
        raise RestError("wp_die", "WordPress.com did not answer.", 500)
    return _store(site, option, value)


def _write_mailbox(site: SimSite, option: Option, value: Json) -> Written:
    if not site.connected or value == "noop":
        return _FAILED
    if value == "delete":
        site.options.pop(option.key, None)
        return Written()
    number = len(str(site.options.get(option.key, ""))) + 100
    address = f"letter{number}@post.{site.spec.name}.example"
    site.options[option.key] = address
    return Written(echo={option.key: address})


def _write_protect_key(site: SimSite, option: Option, value: Json) -> Written:
    if value != "create" or not site.connected:
        return _FAILED
    site.options[option.key] = "0123456789abcdef0123456789abcdef01234567"
    return Written(echo={option.key: site.options[option.key]})


def _addresses(text: str) -> list[str] | None:
    """Return the addresses and ranges of a text, None if one is neither."""
    found = [part for part in re.split(r"[\s,;]+", text.replace(" - ", "-")) if part]
    for part in found:
        ends = [part] if "/" in part else part.split("-")
        try:
            for end in ends:
                ipaddress.ip_network(end, strict=False)
        except ValueError:
            return None
    return found


def _write_whitelist(site: SimSite, _option: Option, value: Json) -> Written:
    """Store the addresses; an address that is none is dropped while success is claimed."""
    found = _addresses(str(value))
    if found is not None:
        site.options["jetpack_protect_global_whitelist"] = found
    return Written()


def _write_allow_list(site: SimSite, option: Option, value: Json) -> Written:
    if option.group == "waf":
        return _store(site, option, value)
    return _write_whitelist(site, option, value)


def _write_api_key(site: SimSite, option: Option, value: Json) -> Written:
    if value == "":
        site.options.pop(option.key, None)
        return Written()
    if not site.state.plugins["akismet/akismet.php"]:
        return Written(done=False, reason="Akismet is not active.")
    return _store(site, option, value)


def _write_services(site: SimSite, option: Option, value: Json) -> Written:
    if site.options.get(option.key, option.default) == value:
        return _FAILED
    return _store(site, option, value)


def _custom_services(site: SimSite) -> dict[str, Json]:
    stored = site.options.get("custom", {})
    return dict(stored) if isinstance(stored, dict) else {}


def _write_custom(site: SimSite, _option: Option, value: Json) -> Written:
    services = _custom_services(site)
    name = f"custom-{1001 + len(services)}"
    site.options["custom"] = {**services, name: value}
    return Written(echo={"custom": {"id": name}})


def _delete_service(site: SimSite, _option: Option, value: Json) -> Written:
    services = _custom_services(site)
    if str(value) not in services:
        return _FAILED
    del services[str(value)]
    site.options["custom"] = services
    return Written()


def _write_roles(site: SimSite, option: Option, value: Json) -> Written:
    return _store(site, option, value or ["administrator"])


def _write_show(site: SimSite, option: Option, value: Json) -> Written:
    types = ("index", "post", "page", "attachment", "jetpack-portfolio")
    kept = [view for view in value if view in types] if isinstance(value, list) else []
    return _store(site, option, kept) if kept else Written()


def _write_categories(site: SimSite, option: Option, value: Json) -> Written:
    if not isinstance(value, list) or not value:
        return Written()
    return _store(site, option, [int(item) for item in value if str(item).isdigit()])


def _write_texts(site: SimSite, option: Option, value: Json) -> Written:
    former = read_option(site, option)
    if isinstance(former, dict) and isinstance(value, dict):
        return _store(site, option, {**former, **value})
    return _FAILED


_WRITERS: dict[str, Callable[[SimSite, Option, Json], Written]] = {
    "monitor_receive_notifications": _write_notifications,
    "post_by_email_address": _write_mailbox,
    "jetpack_protect_key": _write_protect_key,
    "jetpack_protect_global_whitelist": _write_whitelist,
    "jetpack_waf_ip_allow_list": _write_allow_list,
    "wordpress_api_key": _write_api_key,
    "sharing_services": _write_services,
    "custom": _write_custom,
    "sharing_delete_service": _delete_service,
    "search_auto_config": lambda _site, _option, _value: Written(),
    "unignore_phrase": lambda _site, _option, _value: Written(),
    "onboarding": lambda _site, _option, _value: Written(),
    "roles": _write_roles,
    "show": _write_show,
    "wpcom_newsletter_categories": _write_categories,
    "subscription_options": _write_texts,
}


def _store(site: SimSite, option: Option, value: Json) -> Written:
    site.options[option.key] = value
    return Written()


def _forgotten(site: SimSite, option: Option, value: Json) -> bool:
    """Return whether an old release takes false for "no row yet" and stores nothing."""
    if not site.era.forgets_false or option.kind != "boolean" or option.key in site.options:
        return False
    if option.key in ("stb_enabled", "stc_enabled") and site.era.number >= (9, 3):
        return False
    return value is False and bool(option.default) and option.group not in _OWN_ROW


def _is_no_news(site: SimSite, option: Option, value: Json) -> bool:
    """Return whether a value is what a site without a row for it has already.

    Old releases take no row for false, so that they store everything else, defaults too.
    """
    return read_option(site, option) == value and not (site.era.forgets_false and value)


def write_option(site: SimSite, option: Option, value: Json) -> Written:
    """Store an option's value, already checked and cast, the way its key does.

    Raises:
        RestError: The key takes the whole request down.
    """
    if option.group != "settings" and option.group not in site.catalogue.modules:
        return _FAILED
    if option.key in _WRITERS:
        return _WRITERS[option.key](site, option, value)
    if _forgotten(site, option, value):
        return Written()
    if option.key not in site.options and _is_no_news(site, option, value):
        return Written()
    return _store(site, option, value)
