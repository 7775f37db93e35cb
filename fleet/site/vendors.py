"""Who stands in front of a site: a guess at the vendor of a firewall or CDN, and its request id.

A firewall's support asks for the id of the request it refused, so the message of the error has
it. Vendors are told by headers, and by what stands in the markup of their pages; never by words.

Sources: the vendors' own documentation of their headers (Cloudflare ``cf-ray`` and
``cf-mitigated``, Sucuri ``x-sucuri-id``, Imperva ``x-iinfo``, AWS WAF ``x-amzn-waf-action``,
Akamai's reference numbers), and wordpress-auth 1.8 and 4.7 for what runs inside of WordPress.
"""

from __future__ import annotations

import re

from fleet.site.transport import Reply

__all__ = ["asks_for_proof", "blocked_by", "in_front", "refusal", "request_id"]

_SEEN = 256 * 1024
"""Bytes of a page that are looked at; the pages of firewalls are far shorter."""

_BY_HEADER = (
    ("Jetpack's firewall", "X-JetpackWAF-Blocked", ""),
    ("Sucuri", "X-Sucuri-Block", ""),
    ("Sucuri", "X-Sucuri-ID", ""),
    ("Imperva", "X-Iinfo", ""),
    ("AWS WAF", "x-amzn-waf-action", ""),
    ("DataDome", "X-DataDome", ""),
    ("Imunify360", "Server", "imunify360"),
    ("DDoS-Guard", "Server", "ddos-guard"),
    ("Akamai", "Server", "akamaighost"),
    ("Sucuri", "Server", "sucuri"),
    ("ModSecurity", "Server", "mod_security"),
    ("Cloudflare", "CF-RAY", ""),
    ("Cloudflare", "Server", "cloudflare"),
    ("Amazon CloudFront", "X-Amz-Cf-Id", ""),
)
"""Vendor, header, and how its value begins or what stands in it; the first that fits."""

_BY_PAGE = (
    ("Wordfence", re.compile(rb"wordfence\.com/help/|\bwf-?block", re.IGNORECASE)),
    ("NinjaFirewall", re.compile(rb"\bninjafirewall\b", re.IGNORECASE)),
    ("ModSecurity", re.compile(rb"\bmod_security\b", re.IGNORECASE)),
    ("Imunify360", re.compile(rb"\bimunify360?\b", re.IGNORECASE)),
    ("Cloudflare", re.compile(rb"\bcf-error-(?:details|code)\b|/cdn-cgi/styles/cf\.errors")),
    ("Imperva", re.compile(rb"_Incapsula_Resource\?[^\"'<>]{0,400}incident_id=")),
    ("SiteGround", re.compile(rb"/sgcaptcha/")),
    ("Sucuri", re.compile(rb"\bcloudproxy\.sucuri\.net\b|sucuri_cloudproxy", re.IGNORECASE)),
    ("Akamai", re.compile(rb"errors\.edgesuite\.net/", re.IGNORECASE)),
)
"""Vendor, and what only the pages have with which it refuses."""

_PROOF_PAGE = re.compile(
    rb"/sgcaptcha/|/cdn-cgi/challenge-platform/\S{1,40}?orchestrate/"
    rb"|_Incapsula_Resource\?[^\"'<>]{0,400}incident_id=|sucuri_cloudproxy_js"
    rb"|/\.well-known/ddos-guard/check|captcha-delivery\.com/(?:captcha|interstitial)"
    rb"|/_sec/cp_challenge/|\bid=[\"']px-captcha[\"']",
    re.IGNORECASE,
)
"""What only pages have that want a proof of being human, whatever their status."""

_PROOF_WIDGET = re.compile(
    rb"cf-turnstile|g-recaptcha|h-captcha|frc-captcha|altcha-widget|/cdn-cgi/challenge-platform/",
    re.IGNORECASE,
)
"""What healthy pages have, too, for their comment forms."""

_IDS = ("CF-RAY", "X-Sucuri-ID", "X-Iinfo", "x-amzn-RequestId", "X-Amz-Cf-Id", "X-Request-ID")
_ID = re.compile(r"[A-Za-z0-9._:+/=-]{4,64}")
_REFERENCE = re.compile(rb"(?:Reference|incident)[^0-9A-Za-z]{1,12}([0-9a-f][0-9a-f.]{5,60})", re.I)
"""Akamai's reference and NinjaFirewall's incident number, which stand in the page."""


def in_front(reply: Reply) -> str:
    """Return who seems to stand in front of the site, or an empty string."""
    return _by_header(reply) or _by_page(reply)


def request_id(reply: Reply) -> str:
    """Return what the vendor calls the request, or an empty string; made of harmless signs."""
    for name in _IDS:
        found = _ID.match(reply.headers.get(name, "").strip())
        if found:
            return found.group()
    reference = _REFERENCE.search(reply.body, 0, _SEEN)
    return reference.group(1).decode("ascii").strip(".") if reference else ""


def asks_for_proof(reply: Reply) -> bool:
    """Return whether a reply asks for a proof of being human.

    Healthy pages, themed 404 pages too, carry captcha widgets for their comment forms and
    Cloudflare's scripts, so those count only with a status that challenges are sent with.
    """
    if "cf-mitigated" in reply.headers or "x-amzn-waf-action" in reply.headers:
        return True
    if _PROOF_PAGE.search(reply.body, 0, _SEEN):
        return True
    widget = _PROOF_WIDGET.search(reply.body, 0, _SEEN) is not None
    return reply.status in (202, 401, 403) and widget


def blocked_by(reply: Reply) -> str:
    """Return whose firewall refused the request, or an empty string where none surely did.

    A CDN marks every answer that goes through it, so its headers alone prove nothing.
    """
    for name in ("X-JetpackWAF-Blocked", "X-Sucuri-Block"):
        if name in reply.headers:
            return in_front(reply)
    if reply.status in (403, 405, 406, 409, 415, 444, 503):
        return _by_page(reply)
    return ""


def refusal(reply: Reply, what: str) -> str:
    """Return the sentence for a refusal.

    Args:
        reply: The answer.
        what: What was answered, such as ``a challenge page``; may be empty.
    """
    vendor, number = in_front(reply), request_id(reply)
    who = f"a firewall (it looks like {vendor})" if vendor else "a firewall or the server"
    asked = f" with {what}" if what else ""
    named = f"; it calls the request {number}" if number else ""
    return f"{who} answered {reply.status}{asked}{named}"


def _by_header(reply: Reply) -> str:
    for vendor, name, value in _BY_HEADER:
        if name in reply.headers and value in reply.headers[name].lower():
            return vendor
    return ""


def _by_page(reply: Reply) -> str:
    found = (vendor for vendor, sign in _BY_PAGE if sign.search(reply.body, 0, _SEEN))
    return next(found, "")
