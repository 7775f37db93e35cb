"""Which Jetpack routes and settings a site has, from its own capabilities document.

``GET jetpack/v4`` is public in every version from 4.3 on and names each route as a PHP pattern.
From 4.4 the arguments of ``/settings`` list every settings key of that very site with type and
choices, which is the best schema there is: it needs no table of versions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from fleet.errors import SiteError

__all__ = ["RouteTable", "SettingSpec"]

_PREFIX = "/jetpack/v4"
_LONGEST = 1000
"""Characters of a pattern; those of Jetpack are below a hundred, a longer one is no route."""


@dataclass(frozen=True, slots=True)
class SettingSpec:
    """What the site says about one settings key.

    Args:
        type: ``boolean``, ``integer``, ``string``, ``array``, ``object``, or empty if unsaid.
        choices: Allowed values, empty if any.
        default: Value it has until it is set.
    """

    type: str = ""
    choices: tuple[object, ...] = ()
    default: object = None


@dataclass(frozen=True, slots=True)
class RouteTable:
    """Routes and settings keys of one site.

    Args:
        routes: Route templates such as ``/module/{slug}/active`` with their methods.
        settings: Keys that ``POST /settings`` takes; empty on Jetpack 4.3, which does not tell.
    """

    routes: Mapping[str, frozenset[str]]
    settings: Mapping[str, SettingSpec] = field(default_factory=dict)

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> RouteTable:
        """Return the table of a capabilities document; entries of a strange shape are left out.

        Raises:
            SiteError: ``proto.not_json`` where there are no routes at all.
        """
        routes = document.get("routes")
        if not isinstance(routes, dict):
            raise SiteError("proto.not_json", "the capabilities document lists no routes")
        methods: dict[str, frozenset[str]] = {}
        settings: dict[str, SettingSpec] = {}
        for pattern, route in routes.items():
            if not pattern.startswith(_PREFIX) or not isinstance(route, dict):
                continue
            if len(pattern) > _LONGEST:
                continue
            template = _template(pattern.removeprefix(_PREFIX))
            methods[template] = frozenset(_strings(route.get("methods")))
            if template == "/settings":
                settings = _settings(route)
        return cls(methods, settings)

    def has(self, method: str, template: str) -> bool:
        """Return whether the site answers `method` on a route such as ``/module/{slug}``."""
        return method in self.routes.get(template, frozenset())


def _template(pattern: str) -> str:
    """Return a PHP route pattern with each named group as ``{name}``."""
    out: list[str] = []
    position = 0
    for match in re.finditer(r"\(\?P<(\w+)>", pattern):
        if match.start() < position:
            continue
        out += [pattern[position : match.start()], "{", match.group(1), "}"]
        position = _group_end(pattern, match.start())
    return "".join(out) + pattern[position:]


def _group_end(pattern: str, start: int) -> int:
    depth = 0
    for index in range(start, len(pattern)):
        depth += (pattern[index] == "(") - (pattern[index] == ")")
        if depth == 0:
            return index + 1
    return len(pattern)


def _settings(route: Mapping[str, object]) -> dict[str, SettingSpec]:
    endpoints = route.get("endpoints")
    found: dict[str, SettingSpec] = {}
    for endpoint in endpoints if isinstance(endpoints, list) else []:
        if not isinstance(endpoint, dict) or "POST" not in _strings(endpoint.get("methods")):
            continue
        args = endpoint.get("args")
        for key, spec in (args if isinstance(args, dict) else {}).items():
            if isinstance(spec, dict):
                found[key] = _spec(spec)
    return found


def _spec(spec: Mapping[str, object]) -> SettingSpec:
    kind, choices = spec.get("type"), spec.get("enum")
    return SettingSpec(
        type=kind if isinstance(kind, str) else "",
        choices=tuple(choices) if isinstance(choices, list) else (),
        default=spec.get("default"),
    )


def _strings(value: object) -> list[str]:
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, str)]
