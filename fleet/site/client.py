"""Jetpack's HTTP API as typed verbs, with payloads checked at this border.

`JetpackReader` has no way to write; read-only operations get that one. `JetpackClient` adds the
writes, which return the raw `Answer`: what a write's answer says is a hint, and only reading
again is proof.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from fleet.errors import SiteError
from fleet.site.routes import RouteTable
from fleet.site.session import JETPACK, SiteSession
from fleet.site.wire import Answer

__all__ = ["Connection", "JetpackClient", "JetpackReader", "Module", "demand"]

_LONGEST = 5000
"""Characters of the names of fields; many servers take addresses up to 8 KB."""
_DECISIVE = (
    "activated",
    "available",
    "override",
    "requires_connection",
    "requires_user_connection",
)
M = TypeVar("M", bound=BaseModel)
Get = Callable[[str, Mapping[str, str] | None], Awaitable[Answer]]
Page = Callable[[str, Mapping[str, str] | None], Awaitable[str]]


def _php_object(value: object) -> object:
    """Return an empty PHP array as the empty object it stands for."""
    return {} if value == [] else value


class _Payload(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class OfflineMode(_Payload):
    """Why Jetpack is in offline mode, called development mode before 8.8."""

    active: bool = Field(default=False, alias="isActive")


class Connection(_Payload):
    """``GET connection``, public in every version; keys come and go with versions."""

    is_active: bool = Field(default=False, alias="isActive")
    is_staging: bool = Field(default=False, alias="isStaging")
    is_registered: bool | None = Field(default=None, alias="isRegistered")
    has_connected_owner: bool | None = Field(default=None, alias="hasConnectedOwner")
    offline_mode: OfflineMode | None = Field(default=None, alias="offlineMode")
    dev_mode: OfflineMode | None = Field(default=None, alias="devMode")

    @property
    def connected(self) -> bool:
        """Return whether the site itself is connected (``isRegistered`` since 7.7)."""
        return self.is_active if self.is_registered is None else self.is_registered

    @property
    def owner(self) -> bool:
        """Return whether a user owns the connection (``hasConnectedOwner`` since 10.4)."""
        return self.is_active if self.has_connected_owner is None else self.has_connected_owner

    @property
    def offline(self) -> bool:
        """Return whether Jetpack runs without WordPress.com on purpose."""
        mode = self.offline_mode or self.dev_mode
        return mode is not None and mode.active


class Module(_Payload):
    """One module of ``GET module/all``.

    ``override`` says that code on the host forces the module on or off (Jetpack 6.1),
    ``requires_user_connection`` that it works only while a user is connected too (10.4).
    """

    activated: bool = False
    available: bool = True
    override: str | bool = False
    requires_connection: bool = False
    requires_user_connection: bool = False
    name: str = ""
    options: Annotated[dict[str, object], BeforeValidator(_php_object)] = Field(
        default_factory=dict
    )


class JetpackReader:
    """Everything of Jetpack that can be read.

    Args:
        get: Sends a GET to a REST route of the site.
        page: Fetches a page below wp-admin, where the account signs in like a browser.
        nested: False where WordPress is known to take no nested names in ``_fields``.
        flat: Told when it turns out to take none.
    """

    def __init__(
        self,
        get: Get,
        page: Page | None = None,
        *,
        nested: bool = True,
        flat: Callable[[], None] = lambda: None,
    ) -> None:
        self._nested = nested
        self._flat = flat
        self._get = get
        self._page = page
        self._routes: RouteTable | None = None

    async def read(self, route: str, query: Mapping[str, str] | None = None) -> Answer:
        """Return whatever the site answers below ``jetpack/v4``, errors included."""
        return await self._get(f"{JETPACK}/{route}" if route else JETPACK, query)

    async def core(self, route: str, query: Mapping[str, str] | None = None) -> Answer:
        """Return whatever the site answers on a route of WordPress, such as ``wp/v2/users``."""
        return await self._get(route, query)

    async def admin_page(self, page: str, query: Mapping[str, str] | None = None) -> str:
        """Return the HTML of a page below wp-admin; hostile text.

        Raises:
            SiteError: ``jetpack.unsupported`` for application passwords, which open no pages.
        """
        if self._page is None:
            raise SiteError("jetpack.unsupported", "this account opens no admin pages")
        return await self._page(page, query)

    async def routes(self) -> RouteTable:
        """Return the site's routes and settings keys, read once."""
        if self._routes is None:
            self._routes = RouteTable.from_document(demand(await self.read("")).mapping)
        return self._routes

    async def connection(self) -> Connection:
        """Return the connection to WordPress.com."""
        return _payload(Connection, demand(await self.read("connection")).mapping)

    async def modules(self, slugs: Iterable[str] = ()) -> dict[str, Module]:
        """Return the modules named, or every module that the site has, by slug.

        ``activated`` is the effective state: false for all while a site is disconnected. Named
        modules come as a few bytes instead of 78 KB; WordPress before 5.3 filters the answer
        down to nothing instead, so nothing is asked for again in full.
        """
        named = dict.fromkeys(slugs)
        listed: dict[str, object] = {}
        fields = ",".join(f"{slug}.{key}" for slug in named for key in _DECISIVE)
        filtered = self._nested and bool(named) and len(fields) <= _LONGEST
        if filtered:
            listed = demand(await self.read("module/all", {"_fields": fields})).mapping
        if not listed:
            listed = demand(await self.read("module/all")).mapping
            if filtered and not listed.keys().isdisjoint(named):
                self._nested = False
                self._flat()
        return _modules(
            (slug, module)
            for slug, module in listed.items()
            if isinstance(module, dict) and (not named or slug in named)
        )

    async def settings(self, keys: Iterable[str] = ()) -> dict[str, object]:
        """Return the settings named, or all; module slugs are among them, as they are stored.

        Jetpack before 4.6 tells one key only.
        """
        named = [key for key in keys if " " not in key]
        query = {"_fields": ",".join(named)} if named else None
        return demand(await self.read("settings", query)).mapping


class JetpackClient(JetpackReader):
    """Reading and writing.

    Args:
        session: The signed conversation with the site.
    """

    def __init__(self, session: SiteSession) -> None:
        super().__init__(session.get, session.page, nested=session.nested)
        self._post = session.post
        self._ajax = session.ajax

    async def activate_modules(self, slugs: Iterable[str]) -> Answer:
        """Activate several modules in one request (works from Jetpack 4.5).

        The route takes an ``active`` flag and ignores it, so it never deactivates.
        """
        return await self._post(f"{JETPACK}/module/all/active", {"modules": list(slugs)})

    async def toggle_module(self, slug: str, *, active: bool) -> Answer:
        """Switch one module; ``active`` is always sent since Jetpack takes a missing one as on."""
        return await self._post(f"{JETPACK}/module/{slug}/active", {"active": active})

    async def write(self, route: str, body: Mapping[str, object]) -> Answer:
        """Send a POST to a route below ``jetpack/v4``."""
        return await self._post(f"{JETPACK}/{route}", body)

    async def call(self, method: str, route: str, body: Mapping[str, object]) -> Answer:
        """Send a write to any REST route below the site's REST root."""
        return await self._post(route, body, method)

    async def ajax(self, fields: Mapping[str, str]) -> Answer:
        """Send a form to ``admin-ajax.php``, as pages below wp-admin do."""
        return await self._ajax(fields)

    async def update_settings(self, values: Mapping[str, object]) -> Answer:
        """Send settings; a bad value stops all of them, an unknown key only itself."""
        return await self._post(f"{JETPACK}/settings", dict(values))


def demand(answer: Answer) -> Answer:
    """Return a good answer as it is.

    Raises:
        SiteError: What a bad answer means: ``auth.anonymous`` for 401, ``auth.forbidden`` for
            403, ``jetpack.unsupported`` for a missing route, else ``jetpack.refused``.
    """
    if answer.ok:
        return answer
    if answer.status == 401:
        raise SiteError("auth.anonymous", "the site answers as if nobody were logged in")
    if answer.status == 403:
        code = answer.code or "without a code"
        raise SiteError("auth.forbidden", f"the site refuses this account ({code})")
    if answer.code == "rest_no_route":
        raise SiteError("jetpack.unsupported", "this version of Jetpack has no such route")
    raise SiteError(
        "jetpack.refused", f"the site answered {answer.status} {answer.code}", said=answer.said
    )


def _payload(model: type[M], value: object) -> M:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _unexpected(error) from error


def _modules(listed: Iterable[tuple[str, object]]) -> dict[str, Module]:
    """Return each of many modules as `_payload` does, without its steps in between."""
    read = Module.__pydantic_validator__.validate_python
    try:
        return {slug: read(module) for slug, module in listed}
    except ValidationError as error:
        raise _unexpected(error) from error


def _unexpected(error: ValidationError) -> SiteError:
    where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
    return SiteError("proto.not_json", f"the site answered an unexpected shape at {where}")
