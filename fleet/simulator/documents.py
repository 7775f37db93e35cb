"""The capabilities document of a release: big, the same for every site but for its address.

Built once, kept as bytes with a mark where the REST root goes.
"""

from __future__ import annotations

import json

from fleet.simulator.catalogue import Catalogue
from fleet.simulator.rest import Arg, Call, Reply, Route
from fleet.simulator.site import Urls
from fleet.simulator.wire import Json, php_json

__all__ = ["Documents"]

_MARK = "@rest-root@"


class Documents:
    """Descriptions of routes.

    Args:
        catalogue: Modules and options of the release.
        routes: Its routes.
    """

    def __init__(self, catalogue: Catalogue, routes: tuple[Route, ...]) -> None:
        self._catalogue = catalogue
        self._old = catalogue.era.core < (5, 0)
        own = [route for route in routes if route.pattern.startswith("/jetpack/v4")]
        entries: dict[str, Json] = {"/jetpack/v4": self._own_entry()}
        entries.update((route.pattern, self._entry(route)) for route in own)
        self._document: dict[str, Json] = {
            "namespace": "jetpack/v4",
            "routes": entries,
            "_links": {"up": [{"href": _MARK}]},
        }
        self._bytes = php_json(self._document)
        self._mark = php_json(_MARK)[1:-1]

    def namespace(self, call: Call) -> Reply:
        """Return the document `GET jetpack/v4`."""
        if call.request.query and "_fields" in call.request.query:
            return Reply(_placed(self._document, call.urls))
        root = php_json(call.urls.rest)[1:-1]
        raw = self._bytes.replace(self._mark, root)
        if "_envelope" in call.request.query:
            return Reply(json.loads(raw))
        return Reply(raw=raw)

    def route(self, route: Route, urls: Urls) -> Json:
        """Return the description of one route, as OPTIONS answers it."""
        return _placed(self._entry(route), urls)

    def _own_entry(self) -> Json:
        args: dict[str, Json] = {
            "namespace": {"default": "jetpack/v4", "required": False},
            "context": {"default": "view", "required": False},
        }
        return {
            "namespace": "jetpack/v4",
            "methods": ["GET"],
            "endpoints": [{"methods": ["GET"], "args": args}],
            "_links": self._links("/jetpack/v4"),
        }

    def _links(self, path: str) -> Json:
        href = f"{_MARK}{path[1:]}"
        return {"self": href if self._old else [{"href": href}]}

    def _entry(self, route: Route) -> dict[str, Json]:
        endpoints: list[Json] = []
        for handler in route.handlers:
            args = {arg.name: _describe(arg) for arg in handler.arguments(self._catalogue)}
            if not self._catalogue.era.many_settings and "slug>" in route.pattern:
                args = {name: value for name, value in args.items() if name in ("active", "range")}
            endpoints.append({"methods": list(handler.methods), "args": args or []})
        entry: dict[str, Json] = {
            "namespace": "/".join(route.pattern.split("/")[1:3]),
            "methods": list(route.methods),
            "endpoints": endpoints,
        }
        if "(" not in route.pattern:
            entry["_links"] = self._links(route.pattern)
        return entry


def _describe(arg: Arg) -> dict[str, Json]:
    found: dict[str, Json] = {}
    if arg.about:
        found["description"] = arg.about
    if arg.kind:
        found["type"] = arg.kind
    if arg.kind == "array":
        found["items"] = {"type": "string"}
    if arg.default is not None:
        found["default"] = arg.default
    if arg.choices:
        found["enum"] = list(arg.choices)
    found["required"] = arg.required
    return found


def _placed(value: Json, urls: Urls) -> Json:
    """Return a copy with the mark replaced by the REST root of the site."""
    text = json.dumps(value).replace(_MARK, json.dumps(urls.rest)[1:-1])
    placed: Json = json.loads(text)
    return placed
