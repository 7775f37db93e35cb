"""The mistakes of one site that only show when its layers are laid over one another."""

from __future__ import annotations

from yarl import URL

from fleet.errors import InputError, Place
from fleet.inventory.address import is_loopback
from fleet.inventory.effective import Effective
from fleet.inventory.fields import display
from fleet.inventory.layers import Setting
from fleet.inventory.parts import Named
from fleet.inventory.wording import shown

__all__ = ["mistakes_of", "mistakes_of_times"]

_RANK = {"built": 0, "defaults": 1, "group": 2, "site": 3}


def mistakes_of(key: Named, site: Effective) -> list[InputError]:
    """Return the mistakes in the outcome.

    Args:
        key: The site's name and place.
        site: Its settings.
    """
    return [*_missing(key, site), *_plaintext(site), *mistakes_of_times(site)]


def _missing(key: Named, site: Effective) -> list[InputError]:
    name = shown(key.name)
    errors = []
    if "url" not in site.settings:
        errors.append(InputError(f"the site {name} has no url", key.place))
    for path in ("auth.username", "auth.password"):
        if path not in site.settings:
            message = f"the site {name} has no {path}: write it here, in a group or in defaults"
            errors.append(InputError(message, key.place))
    return errors


def _plaintext(site: Effective) -> list[InputError]:
    url = site.value("url", URL)
    allowed = site.settings["http.allow_plaintext"].value
    if not url or url.scheme != "http" or allowed is not False or is_loopback(url):
        return []
    message = (
        "plain http would show the password to everyone on the way: write https://, "
        "or set http.allow_plaintext: true"
    )
    return [InputError(message, _place(site.settings["url"]))]


def mistakes_of_times(site: Effective) -> list[InputError]:
    """Return the mistakes in how the time limits of a site go together."""
    http = site.http
    if not http or http.deadline >= http.timeout:
        return []
    settings = site.settings["http.timeout"], site.settings["http.deadline"]
    message = (
        f"http.deadline ({display(http.deadline)}) is shorter than http.timeout "
        f"({display(http.timeout)})"
    )
    return [InputError(message, _place(max(settings, key=_rank)))]


def _place(setting: Setting) -> Place | None:
    return setting.origin.place


def _rank(setting: Setting) -> int:
    return _RANK[setting.origin.source.split()[0]]
