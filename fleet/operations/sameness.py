"""When a stored value is what was asked for.

A server trims, escapes, strips, sorts and merges what it is given. A value counts as the same
where what was found is a form that Jetpack makes of what was wanted; a form that cannot be told
beforehand is not, and the report names it. Facts are from Jetpack 4.3 to 16.1.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

__all__ = ["same_value", "truth"]

_SETS = frozenset({"count_roles", "roles", "show", "wpcom_newsletter_categories"})
"""Lists without an order; other lists keep theirs."""

_ADDRESSES = frozenset(
    {
        "jetpack_protect_global_whitelist",
        "jetpack_waf_ip_allow_list",
        "jetpack_waf_ip_block_list",
    }
)
"""Texts of addresses and ranges, between blanks, lines, commas or semicolons."""

_STRIPPED = frozenset(
    {
        "advanced_seo_front_page_description",
        "highlander_comment_form_prompt",
        "wordads_ccpa_privacy_policy_url",
        "wordads_custom_adstxt",
    }
)
"""Texts that lose their markup and blanks in a row; the last one keeps its lines."""

_TEXT_FIELDS = frozenset({"highlander_comment_form_prompt"})
"""Texts that lose octets such as ``%41`` too."""

_CODES = frozenset({"bing", "facebook", "google", "pinterest", "yandex"})
"""Verification codes; a whole meta tag is stored as its content from 6.7 on."""

_MERGED = frozenset({"advanced_seo_title_formats", "subscription_options"})
"""Objects that are merged into what is there, so that an empty one asks for nothing."""

_TAG = re.compile(r"<[^>]*>")
_NO_NEWSLETTER_TAG = re.compile(r"</?(?!(?:a|em|li|ol|p|strong|ul)\b)[a-z][^>]*>", re.IGNORECASE)
_META = re.compile(r"""<meta\s[^>]*content=["']([^"']+)["'][^>]*>""", re.IGNORECASE)
_OCTET = re.compile(r"%[0-9a-f]{2}", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d{1,18}(\.0*)?", re.ASCII)


def same_value(wanted: object, found: object, key: str = "") -> bool:
    """Return whether `found` is what Jetpack makes of `wanted` when it stores and reads it.

    Args:
        wanted: The value to send, as `sendable` gives it.
        found: The value read, likewise.
        key: The settings key; without one only the habits that all keys share count.
    """
    if key == "sharing_services":
        return wanted == found
    if key == "lang_id":
        return (wanted or "en_US") == (found or "en_US")
    if key in _SETS and isinstance(wanted, list) and isinstance(found, list):
        # Statistics without any role to see them are not possible.
        asked = wanted or ["administrator"] if key == "roles" else wanted
        return {str(item) for item in asked} == {str(item) for item in found}
    if key in _ADDRESSES and isinstance(wanted, str) and isinstance(found, str):
        return _addresses(wanted) == _addresses(found)
    return _alike(wanted, found, key)


def truth(value: object) -> bool | None:
    """Return what Jetpack's booleans take a value for, or None where they refuse it."""
    if isinstance(value, bool):
        return value
    return {"0": False, "1": True}.get(str(value)) if isinstance(value, int | str) else None


def _alike(wanted: object, found: object, key: str) -> bool:
    if found is False and wanted in ("", [], {}):
        return True  # what was never stored reads as false, whatever its type
    if isinstance(found, bool) or isinstance(wanted, bool):
        return truth(wanted) is not None and truth(wanted) == truth(found)
    if isinstance(found, int | float) and isinstance(wanted, int | float | str):
        return _number(wanted) == found
    if isinstance(found, str) and isinstance(wanted, int | float | str):
        return not _forms(str(wanted), key).isdisjoint(_readings(found, key))
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(
            _alike(one, other, key) for one, other in zip(wanted, found, strict=True)
        )
    if isinstance(wanted, Mapping) and (isinstance(found, Mapping) or found == []):
        return _held(wanted, found, key)
    return wanted == found


def _held(wanted: Mapping[str, object], found: object, key: str) -> bool:
    """Return whether `found` has every wanted member; an empty object asks for none at all."""
    there = found if isinstance(found, Mapping) else {}
    if not wanted:
        return not there or key in _MERGED
    return all(name in there and _alike(each, there[name], key) for name, each in wanted.items())


def _number(value: float | str) -> object:
    text = str(value).strip()
    return int(text.partition(".")[0]) if _NUMBER.fullmatch(text) else value


def _addresses(text: str) -> set[str]:
    joined = " ".join(html.unescape(text).split()).replace(" - ", "-")
    return {part for part in re.split(r"[\s,;]+", joined) if part}


def _forms(text: str, key: str) -> set[str]:
    """Return the texts that Jetpack may make of `text`."""
    forms = [text]
    if key in _STRIPPED:
        per_line = "\n".join(_TAG.sub("", line) for line in text.split("\n"))
        forms += [_TAG.sub("", text), per_line]
    if key in _TEXT_FIELDS:
        forms += [_without_octets(form) for form in forms]
    if key in _CODES:
        forms += _META.findall(text)[:1]
    if key == "subscription_options":
        forms.append(_NO_NEWSLETTER_TAG.sub("", text))
    return {reading for form in forms for reading in _readings(form, key)}


def _without_octets(text: str) -> str:
    while _OCTET.search(text):
        text = _OCTET.sub("", text)
    return text


def _readings(text: str, key: str) -> set[str]:
    """Return `text` as it stands and with its entities resolved, both without outer blanks."""
    if key == "jetpack-twitter-cards-site-tag":
        text = text.strip().removeprefix("@")
    return {_even(text, key), _even(html.unescape(text), key)}


def _even(text: str, key: str) -> str:
    lines = text.replace("\r\n", "\n").strip()
    if key not in _STRIPPED:
        return lines
    if key == "wordads_custom_adstxt":
        return "\n".join(" ".join(line.split()) for line in lines.split("\n"))
    return " ".join(lines.split())
