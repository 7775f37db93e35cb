"""Says what happened to a site in the words of its owner, who knows no error kinds and no keys."""

from __future__ import annotations

from collections.abc import Mapping

from fleet.report.inert import inert
from fleet.report.values import shown
from fleet.results import Status

__all__ = ["asked_words", "changed_words", "figure_words", "risk_words", "trouble_words"]

_MODULES: Mapping[str, str] = {
    "blaze": "advertising with Blaze",
    "carousel": "the full-screen picture gallery",
    "comment-likes": "likes for comments",
    "comments": "comments with social log-ins",
    "contact-form": "contact forms",
    "copy-post": "copying of posts",
    "custom-css": "own style rules",
    "enhanced-distribution": "sharing of content with search services",
    "google-analytics": "Google Analytics",
    "google-fonts": "Google fonts",
    "gravatar-hovercards": "profile pop-ups",
    "infinite-scroll": "endless scrolling",
    "json-api": "remote management",
    "latex": "mathematical formulas",
    "likes": "likes",
    "markdown": "writing in Markdown",
    "monitor": "downtime monitoring",
    "notes": "notifications",
    "photon": "faster pictures",
    "photon-cdn": "faster delivery of files",
    "post-by-email": "posting by e-mail",
    "protect": "protection against password guessing",
    "publicize": "sharing of posts on social networks",
    "related-posts": "related posts",
    "search": "better search",
    "seo-tools": "tools for search engines",
    "sharedaddy": "sharing buttons",
    "shortcodes": "embedded media",
    "shortlinks": "short links",
    "sitemaps": "site maps for search engines",
    "sso": "sign-in with WordPress.com",
    "stats": "visitor statistics",
    "subscriptions": "subscriptions by e-mail",
    "tiled-gallery": "tiled galleries",
    "vaultpress": "backups",
    "verification-tools": "proof of ownership for search engines",
    "videopress": "video hosting",
    "waf": "the firewall",
    "widget-visibility": "visibility of widgets",
    "widgets": "extra widgets",
    "woocommerce-analytics": "shop statistics",
    "wordads": "advertisements",
}

_TROUBLES: Mapping[str, str] = {
    "net": "The site could not be reached.",
    "tls": "The certificate behind the padlock of the site is not in order.",
    "proto": "The site gave an answer that could not be understood.",
    "redirect": "The site forwards to another address, so we stayed away.",
    "auth": "The site did not accept our access.",
    "auth.second_factor": "The site asks for a second step at sign-in, which only a person can do.",
    "auth.forbidden": "Our access to the site does not include this.",
    "block": "A firewall in front of the site kept us out.",
    "site": "The site had a problem of its own.",
    "site.maintenance": "The site was being updated at that time.",
    "site.overloaded": "The site was overloaded at that time.",
    "site.parked": "The address shows a parking page instead of the site.",
    "site.database_down": "The database of the site was not available.",
    "site.upgrade_pending": "An update of the site is waiting to be finished.",
    "identity": "The address did not lead to the site we know, so we stayed away.",
    "jetpack": "The Jetpack plugin on the site did not take this.",
    "jetpack.missing": "The Jetpack plugin is not active on the site.",
    "jetpack.offline": "Jetpack on the site is not connected to WordPress.com.",
    "jetpack.not_connected": "Jetpack on the site is not connected to WordPress.com.",
    "jetpack.plan": "This is not part of the site's Jetpack plan.",
    "jetpack.override": "The hosting company decides on this; it cannot be changed from outside.",
    "jetpack.unsupported": "The version of Jetpack on the site does not have this.",
    "throttle": "The site asked us to come back later.",
    "write": "It could not be confirmed in full, and will be looked at again.",
    "verify": "The site took the change but did not keep it.",
    "plan": "The site had changed in the meantime, so it was left alone.",
    "run": "Work was stopped early as a precaution, before this site's turn.",
}

_ENDS: Mapping[Status, str] = {
    Status.FAILED: "The work on the site did not succeed.",
    Status.UNKNOWN: "It could not be confirmed, and will be looked at again.",
    Status.PARTIAL: "Only a part of the work could be done.",
    Status.UNREACHABLE: "The site could not be reached.",
    Status.BLOCKED: "Something on the site prevented the work.",
    Status.SKIPPED: "The site was left out on purpose.",
    Status.NOT_STARTED: "Work was stopped early, before this site's turn.",
}

_PROGRAMS = {"jetpack": "Jetpack", "wordpress": "WordPress", "php": "PHP"}

_FIGURES = {
    "protect": "Attacks blocked",
    "akismet": "Spam comments caught",
    "updates": "Updates waiting",
    "monitor": "Downtime",
    "backup": "Backups",
}


def changed_words(key: str, before: object, after: object) -> str:
    """Return what was done, as one sentence without its full stop."""
    room, _, name = key.partition(".")
    if room == "modules" and isinstance(after, bool):
        return f"Switched {'on' if after else 'off'} {_module(name)}"
    if isinstance(before, bool) and isinstance(after, bool):
        return f"Switched {'on' if after else 'off'} \u201c{_plain(name)}\u201d"
    what = f"\u201c{_plain(name or room)}\u201d"
    return f"Changed {what} from {value_words(before)} to {value_words(after)}"


def asked_words(key: str, wanted: object) -> str:
    """Return what was to be done, as one sentence without its full stop."""
    room, _, name = key.partition(".")
    if isinstance(wanted, bool):
        what = _module(name) if room == "modules" else f"\u201c{_plain(name)}\u201d"
        return f"Switch {'on' if wanted else 'off'} {what}"
    return f"Set \u201c{_plain(name or room)}\u201d to {value_words(wanted)}"


def risk_words(key: str, found: object, wanted: object) -> str:
    """Return how a site differs from what was agreed, as one sentence."""
    room, _, name = key.partition(".")
    if room == "modules" and isinstance(wanted, bool):
        what = _module(name)
        return f"{what[0].upper()}{what[1:]}: {_switch(found)}, should be {_switch(wanted)}."
    if room in _PROGRAMS and name == "min_version":
        return f"{_PROGRAMS[room]} is at version {_text(found)}; {_text(wanted)} was agreed."
    if room == "plugins":
        return (
            f"The plugin {inert(name, 40)}: {value_words(found)}; {value_words(wanted)} was agreed."
        )
    if room == "exceptions":
        return f"An agreed exception has run out and needs a decision ({_plain(key)})."
    what = f"\u201c{_plain(name or room)}\u201d"
    return f"{what} is {value_words(found)}; {value_words(wanted)} was agreed."


def trouble_words(kind: str | None, status: Status) -> str:
    """Return why something was not done, as one sentence."""
    kind = kind or ""
    plain = _TROUBLES.get(kind) or _TROUBLES.get(kind.partition(".")[0])
    return plain or _ENDS.get(status, "The work on the site did not succeed.")


def figure_words(path: str, unit: str) -> str:
    """Return the name of a figure."""
    if path in _FIGURES:
        return _FIGURES[path]
    return inert(unit or _plain(path), 60).capitalize()


def value_words(value: object) -> str:
    """Return a value as people write it, inert."""
    if isinstance(value, bool):
        return _switch(value)
    if value in (None, "", [], {}):
        return "nothing"
    if isinstance(value, str):
        return f"\u201c{inert(value, 80)}\u201d"
    return shown(value, 80)


def _switch(value: object) -> str:
    return "on" if value is True else "off" if value is False else value_words(value)


def _text(value: object) -> str:
    return inert(value, 40) if isinstance(value, str) else shown(value, 40)


def _module(slug: str) -> str:
    return _MODULES.get(slug) or f"the feature \u201c{_plain(slug)}\u201d"


def _plain(name: str) -> str:
    return inert(name, 60).replace("_", " ").replace("-", " ").replace(".", ", ")
