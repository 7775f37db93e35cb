"""Which release has which route, who may call it, and what answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import fleet.simulator.connection_routes as connection
import fleet.simulator.data_routes as data
import fleet.simulator.module_routes as modules
import fleet.simulator.permissions as may
import fleet.simulator.settings_routes as settings
from fleet.simulator.core_routes import core_routes
from fleet.simulator.eras import Era, within
from fleet.simulator.rest import EDIT, READ, Arg, Call, Handler, Permission, Reply, Route

__all__ = ["routes_of"]

_SLUG = "module/(?P<slug>[a-z\\-]+)"
_RANGE = (Arg("range", "string", default="day"),)
_ACTIVE_FALSE = (Arg("isActive", required=True, rule="false"),)
_REGISTER = (
    Arg("from", "string"),
    Arg("registration_nonce", "string", required=True),
    Arg("redirect_uri", "string"),
    Arg("plugin_slug", "string"),
)
_INSTALL = (
    Arg("slug", "string", required=True),
    Arg("status", "string", default="inactive", choices=("inactive", "active")),
    Arg("source", "string"),
)


@dataclass(frozen=True, slots=True)
class _Row:
    """One route in a span of releases."""

    path: str
    handlers: tuple[Handler, ...]
    since: str = "4.3"
    until: str = ""


def _get(run: Callable[[Call], Reply], who: Permission, args: tuple[Arg, ...] = ()) -> Handler:
    return Handler(READ, run, who, args)


def _post(run: Callable[[Call], Reply], who: Permission, args: tuple[Arg, ...] = ()) -> Handler:
    return Handler(EDIT, run, who, args)


_STATUS = _get(connection.connection_status, may.PUBLIC)
_LIST_PLUGINS = _get(data.list_plugins, may.ACTIVATE_PLUGINS)
_SET_MODULE = Handler(EDIT, modules.set_module, may.SHARED_CONFIGURE, settings.option_args)
_UPDATE = Handler(EDIT, settings.update_settings, may.SHARED_CONFIGURE, settings.settings_args)
_CONNECTION = (
    _Row("connection", (_STATUS, _post(connection.disconnect, may.DISCONNECT)), until="8.0"),
    _Row(
        "connection",
        (_post(connection.disconnect, may.DISCONNECT), _STATUS),
        since="8.0",
        until="10.0",
    ),
    _Row(
        "connection",
        (_STATUS, _post(connection.disconnect, may.DISCONNECT, _ACTIVE_FALSE)),
        since="10.0",
    ),
    _Row("connection/url", (_get(connection.connection_url, may.CONNECT_URL_OLD),), until="8.0"),
    _Row("connection/url", (_get(connection.connection_url, may.CONNECT_USER),), since="8.0"),
    _Row("connection/data", (_get(connection.connection_data, may.CONNECTION_DATA),)),
    _Row("connection/user", (_post(connection.unlink, may.UNLINK),)),
    _Row("connection/test", (_get(connection.connection_test, may.MANAGE_MODULES),), since="6.8"),
    _Row(
        "connection/plugins",
        (_get(connection.connection_plugins, may.ACTIVATE_PLUGINS),),
        since="8.6",
    ),
    _Row(
        "connection/check",
        (_get(connection.connection_check, may.CONNECTION_CHECK),),
        since="13.4",
    ),
    _Row(
        "connection/register",
        (_post(connection.register, may.CONNECT_USER),),
        since="7.7",
        until="10.0",
    ),
    _Row(
        "connection/register",
        (_post(connection.register, may.CONNECT, _REGISTER),),
        since="10.0",
        until="14.4",
    ),
    _Row("connection/register", (_post(connection.register, may.CONNECT),), since="14.4"),
    _Row("heartbeat/data", (_get(connection.heartbeat, may.HEARTBEAT),), since="13.4"),
)
_MODULES = (
    _Row("module/all", (_get(modules.list_modules, may.VIEW),)),
    _Row(
        "module/all/active",
        (Handler(EDIT, modules.bulk_toggle, may.MANAGE, modules.bulk_args),),
    ),
    _Row(_SLUG, (_get(modules.get_module, may.SHARED_VIEW), _SET_MODULE)),
    _Row(f"{_SLUG}/active", (_post(modules.toggle_module, may.MANAGE, modules.TOGGLE),)),
    _Row(f"{_SLUG}/data", (_get(data.module_data, may.VIEW, _RANGE),)),
    _Row(
        "module/(?P<service>[a-z\\-]+)/key/check",
        (
            _get(data.akismet_key, may.CONFIGURE_SPOKEN),
            _post(data.akismet_key, may.CONFIGURE_SPOKEN, (Arg("api_key", "string", default=""),)),
        ),
        since="4.8",
    ),
    _Row(
        "settings",
        (
            _get(settings.get_settings, may.VIEW_ADMIN),
            _post(settings.update_snow, may.CONFIGURE_SPOKEN),
        ),
        until="4.4",
    ),
    _Row("settings", (_UPDATE, _get(settings.get_settings, may.SHARED_VIEW)), since="4.4"),
    _Row(
        "settings/(?P<slug>[a-z\\-]+)",
        (_post(modules.set_module, may.MANAGE),),
        since="4.4",
    ),
)
_DATA = (
    _Row("site", (_get(data.site_data, may.VIEW_ADMIN),)),
    _Row("site/features", (_get(data.site_features, may.MANAGE),), since="5.1"),
    _Row("site/purchases", (_get(data.site_features, may.MANAGE),), since="8.0"),
    _Row("site/benefits", (_get(data.site_benefits, may.MANAGE),), since="7.7"),
    _Row("rewind", (_get(data.threats, may.VIEW_ADMIN),), since="5.7"),
    _Row("scan", (_get(data.threats, may.VIEW_ADMIN),), since="8.5"),
    _Row("plans", (_get(data.plans, may.CONNECT_USER),), since="5.9"),
    _Row("products", (_get(data.plans, may.CONNECT_USER),), since="8.0"),
    _Row(
        "tracking/settings",
        (_get(data.tracking, may.VIEW_ADMIN), _post(data.set_tracking, may.VIEW_ADMIN)),
        since="6.0",
    ),
    _Row("options/(?P<options>[a-z\\-]+)", (_post(data.reset, may.MANAGE_MODULES),)),
    _Row("updates/plugins", (_get(data.plugin_updates, may.VIEW_ADMIN),)),
    _Row("notice/(?P<notice>[a-z\\-_]+)", (_post(data.dismiss_notice, may.VIEW_ADMIN),)),
    _Row("plugins", (_LIST_PLUGINS,), until="8.9"),
    _Row(
        "plugins",
        (_LIST_PLUGINS, Handler(("POST",), data.install_plugin, may.ACTIVATE_PLUGINS, _INSTALL)),
        since="8.9",
    ),
    _Row("plugin/(?P<plugin>[a-z\\/\\.\\-_]+)", (_get(data.one_plugin, may.ACTIVATE_PLUGINS),)),
    _Row(
        "verify-site/(?P<service>[a-z\\-_]+)",
        (_get(data.verify_site, may.MANAGE_MODULES), _post(data.verify_site, may.MANAGE_MODULES)),
        since="6.6",
    ),
    _Row("jumpstart", (_post(data.jumpstart, may.MANAGE_MODULES),), until="4.5"),
    _Row(
        "jumpstart",
        (
            _post(data.jumpstart, may.MANAGE_MODULES, (Arg("active", required=True),)),
            _get(data.jumpstart_status, may.CONFIGURE_SPOKEN),
        ),
        since="4.5",
        until="7.5",
    ),
    _Row("waf", (_get(data.waf, may.MANAGE), _post(data.waf, may.MANAGE)), since="12.0"),
    _Row(
        "recommendations/data",
        (_get(data.recommendations, may.VIEW), _post(data.elsewhere, may.VIEW)),
        since="10.0",
    ),
    _Row(
        "licensing/error",
        (_get(data.licensing_error, may.VIEW), _post(data.elsewhere, may.VIEW)),
        since="9.0",
    ),
    _Row("features/available", (_get(data.elsewhere, may.FEATURES),), since="13.9"),
    _Row("features/enabled", (_get(data.elsewhere, may.FEATURES),), since="13.9"),
)
_LISTED_ONLY = """
sync/full-sync 10.0 EDIT
sync/status 10.0 READ
sync/health 10.0 EDIT
sync/settings 10.0 READ
sync/now 10.0 EDIT
sync/checkout 10.0 EDIT
sync/close 10.0 EDIT
sync/unlock 10.0 EDIT
sync/data-check 10.0 READ
sync/spawn-sync 10.0 READ
identity-crisis/confirm-safe-mode 4.4 EDIT
identity-crisis/migrate 4.4 EDIT
identity-crisis/start-fresh 4.4 EDIT
search/plan 11.0 READ
search/settings 11.0 READ
search/stats 11.0 READ
search/pricing 11.0 READ
search 11.0 READ
licensing/set-license 10.0 EDIT
licensing/user/licenses 10.0 READ
licensing/user/counts 10.0 READ
recommendations/step 10.0 READ
recommendations/upsell 10.0 READ
recommendations/conditional 10.0 READ
verify_registration 5.4 EDIT
remote_authorize 5.4 EDIT
remote_provision 13.4 EDIT
remote_register 13.4 EDIT
connection/reconnect 8.8 EDIT
connection/authorize_url 10.0 READ
connection/owner 6.2 EDIT
connection/test-wpcom 7.1 READ
user-token 10.0 EDIT
site/activity 7.4 READ
site/products 8.4 READ
site/discount 10.8 READ
intro-offers 10.9 READ
marketing/survey 7.8 EDIT
activity-log 15.9 READ
activity-log/actors 15.9 READ
"""
"""Routes that only make the capabilities document as long as it is: path, since, methods."""


def _listed_only() -> tuple[_Row, ...]:
    rows: list[_Row] = []
    for line in _LISTED_ONLY.strip().splitlines():
        path, since, methods = line.split()
        make = _get if methods == "READ" else _post
        rows.append(_Row(path, (make(data.elsewhere, may.MANAGE_OPTIONS),), since=since))
    return tuple(rows)


def routes_of(era: Era) -> tuple[Route, ...]:
    """Return the routes of a release with those of its WordPress."""
    rows = (*_MODULES, *_CONNECTION, *_DATA, *_listed_only())
    own = tuple(
        Route(f"/jetpack/v4/{row.path}", row.handlers)
        for row in rows
        if within(era.number, row.since, row.until)
    )
    mine = Route("/my-jetpack/v1/site", (_get(data.my_jetpack_site, may.MANAGE),))
    return (*core_routes(era), *own, mine)
