"""The vocabulary of REST routes: arguments, permissions, handlers, and how a handler answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fleet.simulator.auth import Visitor
from fleet.simulator.catalogue import Catalogue
from fleet.simulator.site import SimSite, Urls
from fleet.simulator.wire import Json, SimRequest

__all__ = [
    "EDIT",
    "READ",
    "Arg",
    "Call",
    "Handler",
    "Permission",
    "Reply",
    "RestError",
    "Route",
]

READ = ("GET",)
EDIT = ("POST", "PUT", "PATCH")


@dataclass(frozen=True, slots=True)
class Arg:
    """A declared argument of a route.

    Args:
        name: Its name.
        kind: Declared type, empty for none.
        required: Whether it has to be there.
        default: Value where it is missing; None for no default.
        rule: Jetpack's validator, as in `validation`.
        sanitiser: Name of a sanitiser; the check by type is skipped where there is one.
        choices: Values of an enumeration.
        about: Description in the capabilities document.
    """

    name: str
    kind: str = ""
    required: bool = False
    default: Json = None
    rule: str = ""
    sanitiser: str = ""
    choices: tuple[str, ...] = ()
    about: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a handler.

    Args:
        site: The site.
        urls: Its addresses for this client.
        request: The request.
        visitor: Who asks, after the nonce was judged.
        method: HTTP method after tunnelling.
        route: REST route as asked for.
        params: Arguments of URL, query, form and JSON together, cast and sanitised.
        named: Names found in the URL.
        body: The arguments of the JSON or form body alone, in their order; None without one.
        is_json: Whether the body was JSON.
    """

    site: SimSite
    urls: Urls
    request: SimRequest
    visitor: Visitor
    method: str
    route: str
    params: Mapping[str, Json]
    named: Mapping[str, str]
    body: Mapping[str, Json] | None
    is_json: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """What a handler answers.

    Args:
        data: JSON value.
        status: HTTP status.
        headers: Further headers.
        raw: Bytes to send instead of JSON.
    """

    data: Json = None
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    raw: bytes | None = None


class RestError(Exception):
    """An error answer.

    Args:
        code: Error code.
        message: For people; None where the release sends null.
        status: HTTP status.
        data: Members of `data` beside the status.
        bare: `data` leaves the status out, as errors do that become a 500.

    The attribute `headers` may be set to send cookies along.
    """

    def __init__(
        self,
        code: str,
        message: str | None,
        status: int,
        data: Mapping[str, Json] | None = None,
        bare: bool = False,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.headers: tuple[tuple[str, str], ...] = ()
        inner: Json = dict(data or {}) if bare else {"status": status, **(data or {})}
        self.body: dict[str, Json] = {"code": code, "message": message, "data": inner or None}


@dataclass(frozen=True, slots=True)
class Permission:
    """Who may call a handler.

    Args:
        test: Tells for a site and a visitor.
        code: Error code of a refusal.
        spoken: False where the release may send a null message.
        shared: The callback looks at the method of the request, so that for `Allow` all methods
            of the route stand or fall with the one asked for.
    """

    test: Callable[[SimSite, Visitor], bool]
    code: str = "rest_forbidden"
    spoken: bool = True
    shared: bool = False

    def refusal(self, site: SimSite, visitor: Visitor) -> RestError:
        """Return the error for a visitor who may not."""
        message = None if site.era.null_message and not self.spoken else "You may not do that here."
        return RestError(self.code, message, 403 if visitor.user else 401)


@dataclass(frozen=True, slots=True)
class Handler:
    """What a route does for some methods.

    Args:
        methods: HTTP methods.
        run: Answers a call or raises `RestError`.
        may: Who may call it.
        args: Its arguments, given the release.
    """

    methods: tuple[str, ...]
    run: Callable[[Call], Reply]
    may: Permission
    args: Callable[[Catalogue], tuple[Arg, ...]] | tuple[Arg, ...] = ()

    def arguments(self, catalogue: Catalogue) -> tuple[Arg, ...]:
        """Return its arguments in a release."""
        return self.args if isinstance(self.args, tuple) else self.args(catalogue)


@dataclass(frozen=True, slots=True)
class Route:
    """One route.

    Args:
        pattern: Regular expression without anchors, as in the capabilities document.
        handlers: In the order in which the `Allow` header names their methods.
    """

    pattern: str
    handlers: tuple[Handler, ...]
    regex: re.Pattern[str] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Compile the pattern."""
        python = self.pattern.replace("(?<", "(?P<")
        object.__setattr__(self, "regex", re.compile(f"^{python}$", re.IGNORECASE))

    def handler(self, method: str) -> Handler | None:
        """Return the handler of a method; HEAD is served as GET."""
        wanted = "GET" if method == "HEAD" else method
        return next((handler for handler in self.handlers if wanted in handler.methods), None)

    @property
    def methods(self) -> tuple[str, ...]:
        """Return all methods in their order."""
        return tuple(method for handler in self.handlers for method in handler.methods)
