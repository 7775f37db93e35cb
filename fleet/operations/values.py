"""What kind of thing each settings key is, and in which shape its value is sent and shown.

The tables hold what servers do not tell about their own keys; types and choices come from the
site (`RouteTable`). Facts are from Jetpack 4.3 to 16.1: class.core-rest-api-endpoints.php and
class.jetpack-core-api-module-endpoints.php.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from fleet.redaction import MASK

__all__ = [
    "COMMANDS",
    "LATE",
    "MASK",
    "NEVER",
    "PER_SITE",
    "PER_USER",
    "READ_ONLY",
    "REMOTE",
    "SECRET",
    "holds_credential",
    "is_plain_value",
    "masked",
    "sendable",
]

READ_ONLY = frozenset({"akismet", "categories", "newsletter_has_active_plan"})
"""Keys that can be read but not sent."""

NEVER = frozenset({"onboarding"})
"""Keys that are never sent: this one runs the set-up of a new site (Jetpack 5.4 to 13.8)."""

COMMANDS = frozenset(
    {
        "custom",
        "jetpack_protect_key",
        "post_by_email_address",
        "search_auto_config",
        "sharing_delete_service",
        "unignore_phrase",
    }
)
"""Keys where sending a value makes something happen instead of storing it."""

REMOTE = frozenset(
    {
        "jetpack_protect_key",
        "monitor_receive_notifications",
        "post_by_email_address",
        "search_auto_config",
    }
)
"""Keys that a site keeps at WordPress.com."""

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

PER_USER = frozenset(
    {
        "Bias Language",
        "Cliches",
        "Complex Expression",
        "Diacritical Marks",
        "Double Negative",
        "Hidden Verbs",
        "Jargon Language",
        "Passive voice",
        "Phrases to Avoid",
        "Redundant Expression",
        "guess_lang",
        "ignored_phrases",
        "monitor_receive_notifications",
        "onpublish",
        "onupdate",
    }
)
"""Keys that belong to the user who asks; those of After the Deadline ended with 7.2."""

PER_SITE = frozenset(
    {
        "advanced_seo_front_page_description",
        "bing",
        "blog_id",
        "collapse_nudges",
        "dismiss_dash_agencies_learn_more",
        "dismiss_dash_app_card",
        "dismiss_dash_backup_getting_started",
        "dismiss_empty_stats_card",
        "facebook",
        "google",
        "google_analytics_tracking_id",
        "has_jetpack_search_product",
        "jetpack-twitter-cards-site-tag",
        "jetpack_subscriptions_from_name",
        "jetpack_wga",
        "lang_id",
        "pinterest",
        "sharing_services",
        "show_welcome_for_new_plan",
        "site_icon_id",
        "site_icon_url",
        "subscription_options",
        "version",
        "wordads_approved",
        "wordads_ccpa_privacy_policy_url",
        "wordads_custom_adstxt",
        "wpcom_newsletter_categories",
        "yandex",
    }
)
"""Keys that belong to one site: its codes, texts, names, numbers and dismissed cards.

``sharing_services`` is among them because each version of Jetpack knows other services.
"""

LATE = (
    "jetpack_protect_global_whitelist",
    "sharing_services",
    "monitor_receive_notifications",
    *sorted(COMMANDS),
    "lang_id",
)
"""Keys that are sent alone and last, in this order: each can stop the rest of its request."""

_WORDS = MappingProxyType(
    {
        "post_by_email_address": ("noop", "create", "regenerate", "delete"),
        "jetpack_protect_key": ("create",),
    }
)
"""Words that secret keys take as commands; they give nothing away."""
_SECRET_NAME = re.compile(r"nonce|token|secret|passw|(api|private)_?key", re.IGNORECASE)
_CREDENTIALS = frozenset({"jetpack_protect_key", "post_by_email_address", "wordpress_api_key"})
"""Secret keys by which somebody gets in; the others only tell whom a site trusts."""

_DEEPEST = 40
_LONGEST_MAIL = 320
"""Characters of the longest address that mail knows (RFC 3696)."""
_MAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+")


def masked(key: str, value: object, *, levels: int = _DEEPEST) -> object:
    """Return `value` with a mask for what is secret in it; empty values stay visible as such.

    A value is secret by its key, at any depth, or because it is somebody's address. What is
    nested deeper than `levels` is not looked at and not shown.
    """
    if isinstance(value, bool | int | float) or not value:
        return value
    if key in SECRET or _SECRET_NAME.search(key):
        return value if value in _WORDS.get(key, ()) else MASK
    if isinstance(value, Mapping | list) and levels == 0:
        return MASK
    if isinstance(value, Mapping):
        return {name: masked(str(name), each, levels=levels - 1) for name, each in value.items()}
    if isinstance(value, list):
        return [masked("", each, levels=levels - 1) for each in value]
    return MASK if isinstance(value, str) and _is_mail(value.strip()) else value


def holds_credential(key: str, value: object, *, levels: int = _DEEPEST) -> bool:
    """Return whether a value, or one in it at any depth, is by its key what lets somebody in."""
    if isinstance(value, bool | int | float) or not value:
        return False
    if key in _CREDENTIALS or _SECRET_NAME.search(key):
        return value not in _WORDS.get(key, ())
    if levels == 0:
        return True
    if isinstance(value, Mapping):
        return any(
            holds_credential(str(name), each, levels=levels - 1) for name, each in value.items()
        )
    items = value if isinstance(value, list) else []
    return any(holds_credential("", each, levels=levels - 1) for each in items)


def _is_mail(text: str) -> bool:
    return len(text) <= _LONGEST_MAIL and _MAIL.fullmatch(text) is not None


def is_plain_value(key: str) -> bool:
    """Return whether a key holds a value that can be sent and read back."""
    return key not in READ_ONLY and key not in COMMANDS and key not in NEVER


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
    names = value if isinstance(value, Mapping | list) else []
    return list(dict.fromkeys(str(name) for name in names))
