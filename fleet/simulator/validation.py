"""What values Jetpack and WordPress accept for an argument, and what they make of them.

Two checks run as on a real server: first Jetpack's own rule, then WordPress's check by type,
which also casts. A key with a sanitiser skips the second. Messages are ours; codes are real.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Refusal", "cast", "check_rule", "check_type", "sanitise"]

_ROLES = ("administrator", "editor", "author", "contributor", "subscriber")
_VIEWS = ("index", "post", "page", "attachment", "jetpack-portfolio")
_SERVICES = (
    "facebook", "x", "twitter", "google-plus-1", "linkedin", "tumblr", "pinterest", "reddit",
    "telegram", "jetpack-whatsapp", "mastodon", "bluesky", "nextdoor", "email", "print", "pocket",
    "threads", "skype", "press-this",
)  # fmt: skip
_SUBSCRIPTION_TEXTS = (
    "invitation", "welcome", "comment_follow", "subscribe_modal_heading",
    "free_tier_description", "hide_free_tier",
)  # fmt: skip
_META_TAG = re.compile(r"""<meta\s[^>]*content=["']([^"']+)["'][^>]*>""", re.I)

_ESCAPED_ENTITY = re.compile(r"&amp;((?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8}\d?);)", re.I)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a value is refused.

    Args:
        code: The inner error code, as in ``data.details``.
        message: For people.
        data: Inner data; Jetpack's own rules send null.
    """

    code: str
    message: str
    data: object = None


def _is_truth(value: object) -> bool:
    return (
        isinstance(value, bool)
        or (isinstance(value, int) and value in (0, 1))
        or value
        in (
            "0",
            "1",
        )
    )


def _is_positive(value: object) -> bool:
    if isinstance(value, bool):
        return False
    return (isinstance(value, int) and value > 0) or (
        isinstance(value, str) and value.isdigit() and int(value) > 0
    )


def _is_known_list(value: object, known: tuple[str, ...]) -> bool:
    return isinstance(value, list) and (not value or any(item in known for item in value))


def _is_services(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    parts = [value.get("visible"), value.get("hidden")]
    return all(_is_known_list(part, _SERVICES) for part in parts)


def _is_custom(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(key), str) and value[key]
        for key in ("sharing_name", "sharing_url", "sharing_icon")
    )


def _is_verification(value: object) -> bool:
    if not isinstance(value, str):
        return False
    return value == "" or bool(re.fullmatch(r"[A-Za-z0-9_-]+", value) or _META_TAG.search(value))


def _is_subscription_texts(value: object) -> bool:
    return isinstance(value, dict) and all(key in _SUBSCRIPTION_TEXTS for key in value)


def _is_text(value: object, pattern: str) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


_RULES: dict[str, tuple[Callable[[object], bool], str, str]] = {
    "bool": (_is_truth, "invalid_param", "has to be true, false, 0 or 1"),
    "posint": (_is_positive, "invalid_param", "has to be a number above zero"),
    "string": (lambda value: isinstance(value, str), "invalid_param", "has to be text"),
    "alnum": (
        lambda value: _is_text(value, r"[A-Za-z0-9]*"),
        "invalid_param",
        "has to be letters and digits",
    ),
    "twitter": (
        lambda value: _is_text(value, r"(@?\w{1,15})?"),
        "invalid_param",
        "has to be a user name",
    ),
    "verify": (_is_verification, "invalid_param", "has to be a code or a meta tag"),
    "whole": (_is_verification, "invalid_param", "has to be a code or a meta tag"),
    "show": (
        lambda value: _is_known_list(value, _VIEWS),
        "invalid_param_value",
        "has to name at least one known view",
    ),
    "roles": (
        lambda value: _is_known_list(value, _ROLES),
        "invalid_param_value",
        "has to name at least one known role",
    ),
    "list": (lambda value: isinstance(value, list), "invalid_param", "has to be a list"),
    "object": (
        lambda value: isinstance(value, dict | list),
        "invalid_param",
        "has to be an object",
    ),
    "titles": (
        lambda value: isinstance(value, dict) and bool(value),
        "invalid_param",
        "has to be an object of formats",
    ),
    "services": (
        _is_services,
        "invalid_param_value",
        "has to hold visible and hidden services",
    ),
    "custom": (_is_custom, "invalid_param", "has to hold a name, an address and an icon"),
    "delete": (
        lambda value: _is_text(value, r"(custom-\d+)?"),
        "invalid_param",
        "has to be a custom service",
    ),
    "reply": (
        lambda value: value in ("author", "no-reply", "comment"),
        "invalid_param_value",
        "has to be author, no-reply or comment",
    ),
    "suboptions": (_is_subscription_texts, "invalid_param", "has an unknown member"),
    "false": (lambda value: value is False, "rest_invalid_param", "can only be false"),
}


def check_rule(name: str, rule: str, value: object) -> Refusal | None:
    """Return why Jetpack's rule refuses a value, or None. An empty rule refuses nothing."""
    if not rule:
        return None
    if rule.startswith("modules:"):
        return _check_modules(name, rule[8:].split(","), value)
    if rule.startswith("enum:"):
        if value in rule[5:].split(","):
            return None
        return Refusal("invalid_param_value", f"{name} has to be one of {rule[5:]}.")
    accepts, code, message = _RULES[rule]
    if accepts(value):
        return None
    data = {"status": 400} if code == "rest_invalid_param" else None
    return Refusal(code, f"{name} {message}.", data)


def _check_modules(name: str, known: list[str], value: object) -> Refusal | None:
    if not isinstance(value, list):
        return Refusal("invalid_param", f"{name} has to be a list.")
    if all(item in known for item in value):
        return None
    return Refusal("invalid_param_value", f"{name} has to name modules.")


def _fits(kind: str, value: object) -> bool:
    if kind == "boolean":
        return _is_truth(value) or value in ("true", "false")
    if kind == "integer":
        return not isinstance(value, bool) and (
            isinstance(value, int) or (isinstance(value, str) and value.lstrip("-").isdigit())
        )
    if kind == "array":
        return isinstance(value, list | str)
    if kind == "object":
        return isinstance(value, dict | list)
    return isinstance(value, str)


def check_type(name: str, kind: str, value: object) -> Refusal | None:
    """Return why WordPress refuses a value by its declared type, or None."""
    if not kind or _fits(kind, value):
        return None
    return Refusal("rest_invalid_type", f"{name} is no {kind}.", {"param": name})


def cast(kind: str, value: object) -> object:
    """Return a value that passed `check_type` as WordPress hands it on."""
    if kind == "boolean":
        return value is True or value in (1, "1", "true")
    if kind == "integer":
        return int(str(value)) if _fits("integer", value) else 0
    if kind == "array" and isinstance(value, str):
        return [part for part in re.split(r"[\s,]+", value) if part]
    return value


def _escape(text: str, *, again: bool) -> str:
    """Return text for HTML; esc_html leaves entities alone, esc_textarea escapes them again."""
    escaped = html.escape(text).replace("&#x27;", "&#039;")
    return escaped if again else _ESCAPED_ENTITY.sub(r"&\1", escaped)


def _strip(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", text)).strip()


def _without_octets(text: str) -> str:
    while re.search(r"%[0-9a-f]{2}", text, re.I):
        text = re.sub(r"%[0-9a-f]{2}", "", text, flags=re.I)
    return text


def sanitise(rule: str, sanitiser: str, value: object) -> object:
    """Return a value as it is stored: escaped, stripped or reduced, by sanitiser and rule."""
    if rule == "verify" and isinstance(value, str):
        match = _META_TAG.search(value)
        return match.group(1) if match else value
    if not isinstance(value, str):
        return value
    if rule == "twitter":
        value = value.removeprefix("@")
    if sanitiser in ("html", "textarea"):
        return _escape(value, again=sanitiser == "textarea")
    if sanitiser == "text":
        return _strip(value)
    if sanitiser == "field":
        return _strip(_without_octets(_strip(value)))
    if sanitiser == "lines":
        return "\n".join(_strip(line) for line in value.split("\n")).strip()
    return value
