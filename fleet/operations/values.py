"""What kind of thing each settings key is, and when a stored value is what was asked for.

The tables hold what servers do not tell about their own keys; types and choices come from the
site (`RouteTable`). Facts are from Jetpack 4.3 to 16.1: class.core-rest-api-endpoints.php and
class.jetpack-core-api-module-endpoints.php.
"""

from __future__ import annotations

import html
from collections.abc import Mapping

__all__ = [
    "COMMANDS",
    "LATE",
    "PER_SITE",
    "READ_ONLY",
    "SECRET",
    "is_plain_value",
    "masked",
    "same_value",
    "sendable",
]

READ_ONLY = frozenset({"akismet", "categories", "newsletter_has_active_plan"})
"""Keys that can be read but not sent."""

COMMANDS = frozenset(
    {
        "custom",
        "google_analytics_tracking_id",
        "jetpack_protect_key",
        "onboarding",
        "post_by_email_address",
        "search_auto_config",
        "sharing_delete_service",
        "unignore_phrase",
    }
)
"""Keys where sending a value makes something happen instead of storing it."""

SECRET = frozenset(
    {
        "jetpack_protect_global_whitelist",
        "jetpack_protect_key",
        "jetpack_waf_ip_allow_list",
        "jetpack_waf_ip_block_list",
        "post_by_email_address",
        "wordpress_api_key",
    }
)
"""Keys whose value is never shown."""

PER_SITE = frozenset(
    {
        "advanced_seo_front_page_description",
        "bing",
        "blog_id",
        "facebook",
        "google",
        "has_jetpack_search_product",
        "jetpack-twitter-cards-site-tag",
        "jetpack_subscriptions_from_name",
        "jetpack_wga",
        "lang_id",
        "monitor_receive_notifications",
        "pinterest",
        "sharing_services",
        "subscription_options",
        "version",
        "wordads_approved",
        "wordads_ccpa_privacy_policy_url",
        "wordads_custom_adstxt",
        "wpcom_newsletter_categories",
        "yandex",
    }
)
"""Keys that belong to one site or one user and are not carried to others unless named.

``sharing_services`` is among them because each version of Jetpack knows other services.
"""

LATE = ("sharing_services", "monitor_receive_notifications", "lang_id")
"""Keys that are sent alone and last, in this order: each can stop the rest of its request."""

MASK = "(secret)"


def masked(key: str, value: object) -> object:
    """Return `value`, or a mask where the key is secret; empty values stay visible as such."""
    if key not in SECRET or value in (None, "", False, [], {}):
        return value
    return MASK


def is_plain_value(key: str) -> bool:
    """Return whether a key holds a value that can be sent and read back."""
    return key not in READ_ONLY and key not in COMMANDS


def sendable(key: str, value: object) -> object:
    """Return a value as it is sent, from the shape in which it is read.

    ``sharing_services`` is read as services with their looks and sent as two lists of names;
    ``jetpack_protect_global_whitelist`` is read as lists and sent as lines.
    """
    if not isinstance(value, Mapping):
        return value
    if key == "jetpack_protect_global_whitelist":
        return "\n".join(_names(value.get("local")))
    if key == "sharing_services":
        return {part: _names(value.get(part)) for part in ("visible", "hidden")}
    return value


def _names(value: object) -> list[str]:
    return [str(name) for name in value] if isinstance(value, Mapping | list) else []


def same_value(wanted: object, found: object) -> bool:
    """Return whether `found` is what Jetpack makes of `wanted` when it stores and reads it.

    Booleans also come as 0 and 1, numbers as text; strings come back trimmed and HTML-escaped;
    lists are sets; objects are merged into what is there.
    """
    if isinstance(found, bool) or isinstance(wanted, bool):
        return _as_bool(wanted) is not None and _as_bool(wanted) == _as_bool(found)
    if isinstance(found, int | float) and isinstance(wanted, int | float | str):
        return str(wanted).strip() == str(found)
    if isinstance(found, str) and isinstance(wanted, int | float | str):
        return _plain(str(wanted)) == _plain(found)
    if isinstance(found, list) and isinstance(wanted, list):
        return _as_set(wanted) == _as_set(found)
    if isinstance(wanted, Mapping) and (isinstance(found, Mapping) or found == []):
        there = found if isinstance(found, Mapping) else {}
        return all(key in there and same_value(value, there[key]) for key, value in wanted.items())
    return wanted == found


def _as_bool(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"0": False, "1": True}.get(str(value)) if isinstance(value, int | str) else None


def _plain(text: str) -> str:
    return html.unescape(text).replace("\r\n", "\n").strip()


def _as_set(items: list[object]) -> frozenset[str]:
    return frozenset(str(item) for item in items)
