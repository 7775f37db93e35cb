"""What a page is that came where an answer of the API was asked for. Pure: one reply in.

Pages are translated and themed, so they are told by status, headers, addresses and markup. What
is not recognised here stays what `wire` calls it, and nothing here is ever a success.

Sources: wordpress-auth 4.6 and 4.7; WordPress's ``wp_die``, ``dead_db``, ``wp_maintenance`` and
its handler of fatal errors (wp-includes/functions.php, load.php, class-wp-fatal-error-handler.php,
5.2), PHP's own messages, which it never translates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fleet.site.transport import Reply
from fleet.site.vendors import asks_for_proof, blocked_by, refusal

__all__ = ["Sign", "from_a_cache", "is_wordpress_giving_up", "read_page"]

_SEEN = 256 * 1024
"""Bytes of a page that are looked at."""

_GAVE_UP = re.compile(rb"<body[^<>]{0,200}\bid=[\"']error-page[\"']|\bwp-die-message\b")
_GAVE_UP_JSON = re.compile(rb'"code"\s{0,9}:\s{0,9}"wp_die"')
_FATAL_JSON = re.compile(rb'"code"\s{0,9}:\s{0,9}"internal_server_error"')
_FATAL_HELP = re.compile(
    rb"wordpress\.org\\?/[a-z/\\]{0,60}(?:faq-troubleshooting|debugging-in-wordpress)"
)
"""Where the page of a fatal error sends its reader, in every language."""

_PHP_DIED = re.compile(rb"<b>(?:Fatal|Parse) error</b>:|\bPHP (?:Fatal|Parse) error: ")
_DATABASE_DOWN = re.compile(rb"error establishing a (redis |)database connection", re.IGNORECASE)
_BEFORE_DEATH = re.compile(
    rb"(?:[\s\xef\xbb\xbf]|<(?:br|h1|p|pre)\s?/?>"
    rb"|(?:<b>|PHP )(?:Warning|Notice|Deprecated|Strict Standards)\b[^\n]{0,4000}\n)*"
)
"""What may stand before the last words of WordPress or PHP where no theme's page is around them."""

_ONLY_A_HEADING = re.compile(
    rb"wp-die-message[\"']>\s{0,9}<h1>|id=[\"']error-page[\"'][^<>]{0,99}>\s{0,9}<h1>"
    rb'|"message"\s{0,9}:\s{0,9}"<h1>'
)
"""How WordPress dies without a database: a heading, where every other death has a paragraph."""

_SELLERS = (
    rb"(?:sedoparking|parkingcrew|parklogic|bodis|dan|afternic|hugedomains|sedo)\.(?:com|net)/"
)
_SOLD = (
    rb"(?:(?:https?:)?//(?:[\w-]{1,40}\.){0,3}" + _SELLERS + rb"|[^\s\"'<>]{0,99}/parking-lander/"
    rb"|(?:https?://[\w.-]{1,99})?/cgi-sys/(?:suspended|default))"
)
_PARKED = re.compile(
    rb"<html\b[^<>]{0,400}\bdata-adblockkey=|<script\b[^<>]{0,99}>\s{0,9}window\.park\s{0,3}="
    rb"|<(?:script|i?frame)\b[^<>]{0,200}\bsrc=[\"']?"
    + _SOLD
    + rb"|<meta\b[^<>]{0,99}\burl=[\"']?"
    + _SOLD
    + rb"|\blocation(?:\.href)?\s{0,3}=\s{0,3}[\"'](?:/lander\b|"
    + _SOLD
    + rb")",
    re.IGNORECASE,
)
"""How the pages of those work who park, sell or suspend domains; anybody's may link to them."""

_PARKED_AT = re.compile(
    r"(?:^|\.)(?:dan|afternic|hugedomains|sedo|sedoparking|bodis|parkingcrew)\.(?:com|net)$"
)
_SUSPENDED = re.compile(r"/cgi-sys/(?:suspended|default)\w{0,20}\.cgi$|^/lander$")
_HIT = re.compile(
    r"\b(?:tcp_)?(?:mem_)?(?:hit|stale|updating)\b(?!\s{0,3}[:=/(]\s{0,3}(?:0|no|false)\b)",
    re.IGNORECASE,
)
_NO_HIT = re.compile(
    r"\b(?:no|non|not)[\s_-](?:a\s)?hit\b|\bhit[\s_-]for[\s_-](?:pass|miss)\b|\buncacheable\b",
    re.IGNORECASE,
)
"""What caches say of an answer that they may not keep; Varnish has the words of the second."""

_CACHES = (
    "CF-Cache-Status",
    "X-Cache",
    "X-Cache-Status",
    "X-Proxy-Cache",
    "X-LiteSpeed-Cache",
    "X-Nginx-Cache",
    "X-Fastcgi-Cache",
)


@dataclass(frozen=True, slots=True)
class Sign:
    """What a page is.

    Args:
        kind: A name in `KINDS`.
        message: What happened, in our words.
    """

    kind: str
    message: str


def read_page(reply: Reply) -> Sign | None:
    """Return what an answer that is not the API's is, or None where nothing is recognised."""
    for read in (_in_front, _elsewhere, _dead, _closed, _parked):
        if sign := read(reply):
            return sign
    return None


def is_wordpress_giving_up(reply: Reply) -> bool:
    """Return whether WordPress itself ended the request with ``wp_die``, as a page or as JSON."""
    return _has(_GAVE_UP, reply) or _has(_GAVE_UP_JSON, reply)


def from_a_cache(reply: Reply) -> bool:
    """Return whether a cache gave the answer, and not the site.

    Args:
        reply: The answer to a signed request, which no cache may keep for others.
    """
    age = reply.headers.get("Age", "").strip()
    if age.isascii() and age.isdigit() and len(age) < 10 and int(age) > 0:
        return True
    headers = reply.headers
    return any(_is_a_hit(",".join(headers.getall(name))) for name in _CACHES if name in headers)


def _is_a_hit(value: str) -> bool:
    """Return whether a header of caches tells of a hit; of several hops the last one decides."""
    last = value[-200:].rstrip(" ,").rpartition(",")[2]
    return _HIT.search(last) is not None and _NO_HIT.search(last) is None


def _in_front(reply: Reply) -> Sign | None:
    target = reply.location
    if asks_for_proof(reply) or (target is not None and "/sgcaptcha/" in target.path):
        return Sign("block.captcha", refusal(reply, "a challenge page"))
    if blocked_by(reply):
        return Sign("block.waf", refusal(reply, ""))
    return None


def _elsewhere(reply: Reply) -> Sign | None:
    """Return what a redirect means that leads to no part of the site."""
    target = reply.location
    if target is None:
        return None
    if _PARKED_AT.search(target.host or "") or _SUSPENDED.search(target.path):
        return Sign("site.parked", f"the address leads to {target.host}, where domains are parked")
    if target.path.endswith("/wp-admin/upgrade.php"):
        return Sign("site.upgrade_pending", "WordPress wants its database upgraded first")
    if target.path.endswith("/wp-admin/install.php"):
        return Sign("site.database_down", "WordPress finds its database empty and wants to install")
    return None


def _dead(reply: Reply) -> Sign | None:
    """Return what WordPress or PHP died of."""
    gave_up = reply.status >= 500 and reply.status != 503 and is_wordpress_giving_up(reply)
    alone = gave_up and not _has(_FATAL_HELP, reply) and _has(_ONLY_A_HEADING, reply)
    if alone or _died_of(_DATABASE_DOWN, reply):
        return Sign("site.database_down", "the site cannot reach its database")
    if _died_of(_PHP_DIED, reply):
        return Sign("site.critical_error", "PHP ended with a fatal error")
    fatal = _has(_FATAL_JSON, reply) or (gave_up and _has(_FATAL_HELP, reply))
    if reply.status >= 500 and fatal:
        return Sign("site.critical_error", "WordPress ended with a critical error")
    return None


def _closed(reply: Reply) -> Sign | None:
    """Return why a server is closed for a while: an update, a page of its own, or overload."""
    if reply.status not in (503, 508, 509):
        return None
    asked = reply.headers.get("Retry-After", "").strip()
    if reply.status == 503 and is_wordpress_giving_up(reply):
        # WordPress says so while it updates, always with ten minutes (wp_maintenance).
        update = "the site is in maintenance: WordPress is being updated"
        other = "the site is in maintenance: a plugin has closed it"
        return Sign("site.maintenance", update if asked in ("", "600") else other)
    if reply.status == 503 and asked:
        return Sign("site.maintenance", "the site is in maintenance: the server has closed it")
    return Sign("site.overloaded", f"the server answered {reply.status}: it has no room for more")


def _parked(reply: Reply) -> Sign | None:
    if reply.status < 500 and _has(_PARKED, reply):
        return Sign("site.parked", "the address shows a page of a parked or suspended domain")
    return None


def _died_of(sign: re.Pattern[bytes], reply: Reply) -> bool:
    """Return whether these are a site's last words, and not those of a page about them."""
    found = sign.search(reply.body, 0, _SEEN)
    if found is None or reply.status >= 500:
        return found is not None
    return _BEFORE_DEATH.fullmatch(reply.body, 0, found.start()) is not None


def _has(sign: re.Pattern[bytes], reply: Reply) -> bool:
    return sign.search(reply.body, 0, _SEEN) is not None
