"""Made-up fleets and the inventory that lists them, for demonstrations and measurements."""

from __future__ import annotations

import random
from collections.abc import Iterable

from fleet.simulator.auth import SimUser
from fleet.simulator.faults import Fault
from fleet.simulator.site import DEFAULT_USERS, SiteSpec

__all__ = ["PASSWORD_VARIABLE", "demo_fleet", "inventory_text"]

PASSWORD_VARIABLE = "FLEET_PASSWORD"  # noqa: S105 - the name of a variable
"""Environment variable that the inventory takes the password from."""

_PLACES = (
    "harbour", "fjord", "meadow", "island", "orchard", "lantern", "willow", "pebble", "heather",
    "estuary", "maple", "birch", "lagoon", "valley", "dune", "juniper", "saffron", "clover",
    "bramble", "cedar",
)  # fmt: skip
_TRADES = (
    "cafe", "shop", "books", "school", "bakery", "clinic", "hotel", "studio", "garden", "choir",
    "museum", "press", "tours", "market", "yoga",
)  # fmt: skip
_CLIENTS = ("harbour", "fjord", "northwind", "lumen")
_ERAS = ("16.1", "16.1", "16.1", "15.1", "15.1", "13.9", "11.5", "8.9")
_PLANS = ("free", "free", "security", "complete")
_SOME_MODULES = ("sitemaps", "carousel", "related-posts", "photon", "monitor", "sharedaddy", "sso")


def _name(index: int) -> str:
    """Return the name of the n-th site: places and trades drift apart, numbers come last."""
    rounds, place = divmod(index, len(_PLACES))
    trade = _TRADES[(place + rounds) % len(_TRADES)]
    number = rounds // len(_TRADES)
    return f"{_PLACES[place]}-{trade}" + (f"-{number + 1}" if number else "")


def _healthy(index: int, chance: random.Random) -> SiteSpec:
    era = _ERAS[index % len(_ERAS)]
    extra = chance.sample(_SOME_MODULES, k=3)
    base = ("protect", "stats", "contact-form", "notes")
    return SiteSpec(
        name=_name(index),
        era=era,
        permalinks="plain" if index % 7 == 3 else "pretty",
        core_folder="wp" if index % 11 == 6 else "",
        plan=chance.choice(_PLANS),
        modules=tuple(sorted({*base, *extra})),
        updates=chance.choice((0, 0, 1, 3)),
        confirm_email=chance.random() < 0.2,
    )


def _troubled(spec: SiteSpec, trouble: int) -> SiteSpec:
    """Return a site with one of the usual troubles."""
    name = spec.name
    if trouble == 0:
        rotated = SimUser(DEFAULT_USERS[0].name, "changed-by-somebody")
        return SiteSpec(name, users=(rotated, DEFAULT_USERS[1]), modules=spec.modules)
    if trouble == 1:
        return SiteSpec(name, era=None)
    if trouble == 2:
        return SiteSpec(name, faults=(Fault("maintenance"),))
    if trouble == 3:
        return SiteSpec(name, modules=("monitor", "sitemaps"), forced={"monitor": False})
    if trouble == 4:
        return SiteSpec(name, era="4.3", connection="connected")
    return SiteSpec(name, era="15.1", connection="offline", modules=("sitemaps", "contact-form"))


_TROUBLES = 6


def demo_fleet(count: int, seed: int = 0, faults: bool = True) -> list[SiteSpec]:
    """Return a believable mixed fleet; the same for the same arguments.

    Args:
        count: How many sites.
        seed: Of what differs between fleets.
        faults: Whether some sites are in trouble: a rotated password, no Jetpack, maintenance, a
            module forced off, Jetpack 4.3, offline mode. At most every other site of a small
            fleet, at most 24 of a large one.
    """
    chance = random.Random(seed)  # noqa: S311 - reproducible, no secret
    specs = [_healthy(index, chance) for index in range(count)]
    if faults:
        ill = min(count // 2, _TROUBLES * max(1, min(4, count // 50)))
        for step in range(ill):
            place = 1 + step * count // max(1, ill)
            specs[place] = _troubled(specs[place], step % _TROUBLES)
    return specs


def inventory_text(specs: Iterable[SiteSpec], base_url: str) -> str:
    """Return an inventory of simulated sites, as YAML.

    Args:
        specs: The sites.
        base_url: Address of the server, without a slash at its end.
    """
    lines = [
        "# Simulated sites; nothing here is real.",
        "version: 1",
        "defaults:",
        "  auth:",
        "    method: cookie",
        f"    username: {DEFAULT_USERS[0].name}",
        f'    password: "env:{PASSWORD_VARIABLE}"',
        "  http: {timeout: 10s, deadline: 60s}",
        "groups:",
        "  gold: {labels: {tier: gold}}",
        "  silver: {labels: {tier: silver}}",
        "sites:",
    ]
    for index, spec in enumerate(specs):
        client = _CLIENTS[index % len(_CLIENTS)]
        env = "staging" if index % 6 == 5 else "prod"
        group = "gold" if index % 3 == 0 else "silver"
        lines += [
            f"  {spec.name}:",
            f"    url: {base_url.rstrip('/')}/{spec.name}/",
            f"    groups: [{group}]",
            f"    labels: {{client: {client}, env: {env}}}",
        ]
    return "\n".join(lines) + "\n"
