"""The REST server of a site: from a request to a handler's answer, in WordPress's own order.

Order: nonce, route, JSON, missing arguments, bad arguments, permission, handler; then the
`Allow` header, `_fields` and `_envelope`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from fleet.simulator.auth import NOBODY, Visitor
from fleet.simulator.catalogue import Catalogue
from fleet.simulator.documents import Documents
from fleet.simulator.permissions import PUBLIC
from fleet.simulator.rest import READ, Arg, Call, Handler, Reply, RestError, Route
from fleet.simulator.site import SimSite
from fleet.simulator.validation import Refusal, cast, check_rule, check_type, sanitise
from fleet.simulator.wire import Json, SimRequest, SimResponse, parse_query, php_json

__all__ = ["Router"]

_JSON_TYPE = ("Content-Type", "application/json; charset=UTF-8")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request taken apart.

    Args:
        method: After tunnelling.
        route: REST route with its first slash, no last one.
        query: Parameters of the query.
        form: Parameters of a form body.
        json_body: The JSON body, None without one.
        broken: Whether the body claims to be JSON and is not.
    """

    method: str
    route: str
    query: dict[str, Json]
    form: dict[str, Json]
    json_body: dict[str, Json] | None
    broken: bool

    @classmethod
    def of(cls, request: SimRequest, route: str) -> _Asked:
        query = parse_query(request.query)
        query.pop("rest_route", None)
        tunnel = query.get("_method") or request.header("x-http-method-override")
        method = str(tunnel).upper() if tunnel and request.method == "POST" else request.method
        kind = (request.header("content-type") or "").split(";")[0].strip().lower()
        form: dict[str, Json] = {}
        body: dict[str, Json] | None = None
        broken = False
        if kind == "application/json" and request.body:
            try:
                parsed = json.loads(request.body)
                body = parsed if isinstance(parsed, dict) else {}
            except ValueError:
                broken = True
        elif kind == "application/x-www-form-urlencoded":
            form = parse_query(request.body.decode("utf-8", "replace"))
        return cls(method, "/" + route.strip("/"), query, form, body, broken)

    @property
    def nonce(self) -> str | None:
        """Return the nonce sent as a parameter."""
        value = self.form.get("_wpnonce", self.query.get("_wpnonce"))
        return value if isinstance(value, str) else None


class Router:
    """The routes of one release.

    Args:
        catalogue: Its modules and options.
        routes: Its routes, in the order in which they are tried.
    """

    def __init__(self, catalogue: Catalogue, routes: tuple[Route, ...]) -> None:
        self._catalogue = catalogue
        self._documents = Documents(catalogue, routes)
        index = Handler(READ, self._documents.namespace, PUBLIC)
        self._routes = (Route("/jetpack/v4", (index,)), *routes)

    def answer(self, site: SimSite, request: SimRequest, route: str) -> SimResponse:
        """Return the answer to a REST request; `route` is the part below the REST root."""
        urls = site.urls(request)
        asked = _Asked.of(request, route)
        link = ("Link", f'<{urls.rest}>; rel="https://api.w.org/"')
        common = (_JSON_TYPE, ("X-Robots-Tag", "noindex"), link)
        visitor, nonce, accepted = _identify(site, request, asked)
        uncached = ("Cache-Control", site.era.no_cache)
        if not accepted:
            body = RestError("rest_cookie_invalid_nonce", "The nonce does not hold.", 403).body
            return SimResponse(403, (*common, uncached), php_json(body))
        own = (*common, ("X-WP-Nonce", nonce)) if nonce else common
        if visitor.user:
            own = (*own, uncached)
        found, handler, named = self._find(site, asked)
        before = site.state.copy() if asked.method not in ("GET", "HEAD", "OPTIONS") else None
        try:
            if found is None or handler is None:
                dot = "." if site.era.core >= (5, 0) else ""
                raise RestError("rest_no_route", f"There is no such route{dot}", 404)
            reply = self._run(site, request, visitor, (asked, found, handler, named))
        except RestError as error:
            reply = Reply(error.body, error.status, error.headers)
            return self._finish(site, visitor, asked, found, (reply, own, True))
        finally:
            if before is not None:
                name = visitor.user.name if visitor.user else ""
                site.record(before, asked.method, asked.route, name)
        return self._finish(site, visitor, asked, found, (reply, own, False))

    def _find(
        self, site: SimSite, asked: _Asked
    ) -> tuple[Route | None, Handler | None, Mapping[str, str]]:
        for route in self._routes:
            match = route.regex.match(asked.route)
            if match is None or not _present(site, route):
                continue
            method = route.methods[0] if asked.method == "OPTIONS" else asked.method
            if handler := route.handler(method):
                return route, handler, match.groupdict()
        return None, None, {}

    def _run(
        self,
        site: SimSite,
        request: SimRequest,
        visitor: Visitor,
        target: tuple[_Asked, Route, Handler, Mapping[str, str]],
    ) -> Reply:
        asked, route, handler, named = target
        urls = site.urls(request)
        if asked.method == "OPTIONS":
            return Reply(self._documents.route(route, urls))
        if asked.broken:
            detail = {"json_error_code": 4, "json_error_message": "Syntax error"}
            raise RestError("rest_invalid_json", "The body is no JSON.", 400, detail)
        params: dict[str, Json] = {**named, **asked.query, **asked.form, **(asked.json_body or {})}
        _complete(params, self._arguments(site, handler, named), site.era.modern_rest)
        if not handler.may.test(site, visitor):
            raise handler.may.refusal(site, visitor)
        body = asked.json_body if asked.json_body is not None else (asked.form or None)
        call = Call(
            site=site,
            urls=urls,
            request=request,
            visitor=visitor,
            method=asked.method,
            route=asked.route,
            params=params,
            named=named,
            body=None if body is None else {key: params[key] for key in body},
            is_json=asked.json_body is not None,
        )
        return handler.run(call)

    def _arguments(
        self, site: SimSite, handler: Handler, named: Mapping[str, str]
    ) -> tuple[Arg, ...]:
        """Return the arguments of a call.

        Jetpack 4.3 declares only those of the module in the URL, and its enumerations name
        labels where values belong, so that newer cores refuse even their defaults.
        """
        found = handler.arguments(self._catalogue)
        if site.era.many_settings or "slug" not in named:
            return found
        own = {option.key for option in self._catalogue.by_group.get(named["slug"], ())}
        return tuple(
            replace(arg, rule="enum:", required=True) if arg.choices else arg
            for arg in found
            if arg.name in own or arg.name == "active"
        )

    def _finish(
        self,
        site: SimSite,
        visitor: Visitor,
        asked: _Asked,
        route: Route | None,
        outcome: tuple[Reply, tuple[tuple[str, str], ...], bool],
    ) -> SimResponse:
        reply, headers, failed = outcome
        allowed = _allowed(site, visitor, route, asked.method)
        data = reply.data
        fields = asked.query.get("_fields")
        if fields and not failed and reply.status < 400:
            data = _select(data, fields, site.era.nested_fields)
        if "_envelope" in asked.query:
            kept: Json = {"Allow": allowed} if allowed else []
            wrapped = {"body": data, "status": reply.status, "headers": kept}
            return SimResponse(200, (*headers, *reply.headers), php_json(wrapped))
        if allowed:
            headers = (*headers, ("Allow", allowed))
        body = php_json(data) if reply.raw is None else reply.raw
        if reply.raw is None and data is None and site.era.modern_rest:
            body = b""
        return SimResponse(reply.status, (*headers, *reply.headers), body)


def _present(site: SimSite, route: Route) -> bool:
    if route.pattern.startswith("/my-jetpack/"):
        return site.has_jetpack and site.era.my_jetpack and not site.offline
    return site.has_jetpack or not route.pattern.startswith("/jetpack/")


def _identify(
    site: SimSite, request: SimRequest, asked: _Asked
) -> tuple[Visitor, str | None, bool]:
    """Return the visitor, the nonce to hand out, and whether the nonce sent was accepted."""
    accounts = site.accounts
    cookie = accounts.by_cookie(request, "logged_in")
    if cookie is NOBODY and site.era.application_passwords:
        basic = accounts.by_basic(request)
        if basic is not NOBODY:
            return basic, None, True
    sent = asked.nonce or request.header("x-wp-nonce")
    if not sent:
        return NOBODY, None, True
    if not accounts.nonce_holds(cookie, sent):
        return NOBODY, None, False
    return cookie, accounts.nonce(cookie), True


def _allowed(site: SimSite, visitor: Visitor, route: Route | None, method: str) -> str:
    if route is None:
        return ""
    asked = route.handler(method)
    judges = [
        (asked.may if asked and handler.may.shared else handler.may, handler.methods)
        for handler in route.handlers
    ]
    methods = [name for may, names in judges if may.test(site, visitor) for name in names]
    return ", ".join(methods)


def _judge(arg: Arg, value: Json) -> tuple[Refusal | None, Json]:
    """Return why a value is refused, or the value as the handler gets it."""
    if value is not None and (refusal := check_rule(arg.name, arg.rule, value)):
        return refusal, value
    if arg.sanitiser:
        return None, sanitise(arg.rule, arg.sanitiser, "" if value is None else value)
    if refusal := check_type(arg.name, arg.kind, value):
        return refusal, value
    return None, sanitise(arg.rule, "", cast(arg.kind, value))


def _complete(params: dict[str, Json], args: tuple[Arg, ...], detailed: bool) -> None:
    """Fill in defaults, then check and cast the arguments in place.

    Raises:
        RestError: An argument is missing or refused.
    """
    for arg in args:
        if arg.required and arg.default is not None:
            params.setdefault(arg.name, arg.default)
    missing = [arg.name for arg in args if arg.required and params.get(arg.name) is None]
    if missing:
        message = f"Missing: {', '.join(missing)}"
        raise RestError("rest_missing_callback_param", message, 400, {"params": missing})
    refused: dict[str, Refusal] = {}
    for arg in args:
        if arg.name not in params:
            continue
        refusal, params[arg.name] = _judge(arg, params[arg.name])
        if refusal:
            refused[arg.name] = refusal
    if not refused:
        return
    data: dict[str, Json] = {"params": {name: why.message for name, why in refused.items()}}
    if detailed:
        data["details"] = {
            name: {"code": why.code, "message": why.message, "data": why.data}
            for name, why in refused.items()
        }
    raise RestError("rest_invalid_param", f"Refused: {', '.join(refused)}", 400, data)


def _select(data: Json, fields: Json, nested: bool) -> Json:
    """Return only the fields asked for, by name or, where the release can, by dotted path."""
    names = fields if isinstance(fields, list) else str(fields).split(",")
    wanted: dict[str, Json] = {}
    for name in names:
        path = str(name).strip()
        _want(wanted, path.split(".") if nested else [path])
    if isinstance(data, list):
        return [_intersect(item, wanted) for item in data]
    return _intersect(data, wanted)


def _want(wanted: dict[str, Json], path: list[str]) -> None:
    """Enter a path; a field wanted as a whole stays whole."""
    level = wanted
    for part in path[:-1]:
        following = level.setdefault(part, {})
        if not isinstance(following, dict):
            return
        level = following
    level[path[-1]] = True


def _intersect(data: Json, wanted: Json) -> Json:
    if not isinstance(data, dict) or not isinstance(wanted, dict):
        return data
    kept = {key: _intersect(value, wanted[key]) for key, value in data.items() if key in wanted}
    return kept or []
