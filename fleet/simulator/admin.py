"""Pages below wp-admin: the nonce by admin-ajax, Jetpack's page, the dashboard."""

from __future__ import annotations

from urllib.parse import quote

from fleet.simulator.auth import Visitor
from fleet.simulator.connection_routes import status_of_connection
from fleet.simulator.module_routes import module_table
from fleet.simulator.pages import (
    HTML_TYPE,
    error_page,
    html_page,
    initial_state,
    rest_settings,
    ssl_notice,
)
from fleet.simulator.permissions import admin_page
from fleet.simulator.rest import Call
from fleet.simulator.settings_routes import settings_table
from fleet.simulator.site import SimSite
from fleet.simulator.wire import Json, SimRequest, SimResponse, parse_query, php_json, redirect

__all__ = ["answer_admin", "answer_ajax"]


def answer_ajax(site: SimSite, request: SimRequest) -> SimResponse:
    """Return the answer of admin-ajax.php: a nonce, or a new test of SSL."""
    headers = (HTML_TYPE, ("X-Robots-Tag", "noindex"), ("Cache-Control", site.era.no_cache))
    visitor = site.accounts.by_cookie(request, "auth")
    token = site.accounts.by_cookie(request, "logged_in").token
    form = parse_query(request.body.decode("utf-8", "replace")) if request.method == "POST" else {}
    if form.get("action") == "jetpack-recheck-ssl" and visitor.user and site.has_jetpack:
        nonce = str(form.get("ajax-nonce", ""))
        return _recheck_ssl(site, Visitor(visitor.user, token, "cookie"), nonce, headers)
    asked = parse_query(request.query).get("action") == "rest-nonce" and request.method == "GET"
    if not asked or visitor.user is None or not site.era.rest_nonce:
        return SimResponse(400, headers, b"0")
    nonce = site.accounts.nonce(Visitor(visitor.user, token, "cookie"))
    return SimResponse(200, headers, nonce.encode())


def _recheck_ssl(
    site: SimSite, visitor: Visitor, nonce: str, headers: tuple[tuple[str, str], ...]
) -> SimResponse:
    """Test SSL again and return the outcome; the nonce is all that is asked for."""
    if not site.accounts.nonce_holds(visitor, nonce, "recheck-ssl"):
        return SimResponse(403, headers, b"-1")
    before = site.state.copy()
    site.state.ssl_failed = site.spec.ssl == "failed"
    name = visitor.user.name if visitor.user else ""
    site.record(before, "POST", "/wp-admin/admin-ajax.php", name)
    message = "WordPress reports no SSL" if site.state.ssl_failed else ""
    found: Json = {"enabled": not site.state.ssl_failed, "message": message}
    json_type = ("Content-Type", "application/json; charset=UTF-8")
    return SimResponse(200, (json_type, *headers[1:]), php_json(found))


def answer_admin(site: SimSite, request: SimRequest, page: str) -> SimResponse:
    """Return a page below wp-admin.

    Args:
        site: The site.
        request: The request.
        page: File name, such as ``admin.php``; empty for the dashboard.
    """
    urls = site.urls(request)
    uncached = ("Cache-Control", site.era.no_cache)
    by = (("X-Redirect-By", "WordPress"),) if site.era.core >= (5, 1) else ()
    visitor = site.accounts.by_cookie(request, "auth")
    if visitor.user is None:
        query = f"?{request.query}" if request.query else ""
        here = quote(f"{urls.core}/wp-admin/{page}{query}", safe="")
        location = f"{urls.core}/wp-login.php?redirect_to={here}&reauth=1"
        return redirect(location, uncached, *by)
    if page in ("", "index.php", "profile.php", "post-new.php", "plugins.php"):
        return _plain_page(site, request, visitor)
    name = parse_query(request.query).get("page")
    if page == "admin.php" and site.has_jetpack:
        if name == "jetpack" and _may_open(site, visitor):
            return _jetpack_page(site, request, visitor)
        if name == "my-jetpack" and site.era.my_jetpack and not site.offline:
            return _my_jetpack(site, request, visitor)
        fits = site.state.connection != "unconnected" and visitor.can("manage_options")
        if name == "jetpack_modules" and fits:
            return SimResponse(200, (HTML_TYPE, uncached), html_page("Modules", "<body></body>"))
    return error_page(site.era, 403, "You may not see this page.")


def _may_open(site: SimSite, visitor: Visitor) -> bool:
    return admin_page(site, visitor) if site.connected else visitor.can("manage_options")


def _scripts(site: SimSite, request: SimRequest, visitor: Visitor) -> str:
    urls = site.urls(request)
    return rest_settings(
        urls.rest,
        site.accounts.nonce(visitor),
        f"{urls.core}/wp-admin/admin-ajax.php?action=rest-nonce",
        site.era.nonce_middleware,
    )


def _plain_page(site: SimSite, request: SimRequest, visitor: Visitor) -> SimResponse:
    logout = site.accounts.nonce(visitor, "log-out")
    urls = site.urls(request)
    link = f"{urls.core}/wp-login.php?action=logout&amp;_wpnonce={logout}"
    body = f'<body class="wp-admin"><a href="{link}">Log out</a></body>'
    page = html_page("Dashboard", body, _scripts(site, request, visitor))
    return SimResponse(200, (HTML_TYPE, ("Cache-Control", site.era.no_cache)), page)


def _call(site: SimSite, request: SimRequest, visitor: Visitor) -> Call:
    """Return what a REST handler would get, for the data that pages repeat."""
    return Call(
        site=site,
        urls=site.urls(request),
        request=request,
        visitor=visitor,
        method="GET",
        route="",
        params={},
        named={},
        body=None,
        is_json=False,
    )


def _jetpack_page(site: SimSite, request: SimRequest, visitor: Visitor) -> SimResponse:
    call = _call(site, request, visitor)
    user = visitor.user.name if visitor.user else ""
    state: dict[str, Json] = {
        "WP_API_root": call.urls.rest,
        "WP_API_nonce": site.accounts.nonce(visitor),
        "pluginBaseUrl": f"{call.urls.core}/wp-content/plugins/jetpack",
        "connectionStatus": status_of_connection(call),
        "currentVersion": site.era.jetpack,
        "isDevVersion": False,
        "siteTitle": f"{site.spec.name} <b>&</b> friends",
        "userData": {"currentUser": {"username": user, "isConnected": site.linked(visitor.user)}},
        "dismissedNotices": site.state.notices or [],
        "pluginUpdates": site.spec.updates,
        "getModules": module_table(call),
        "settings": settings_table(site, visitor),
    }
    scripts = initial_state(site.era, state)
    if site.era.nonce_middleware:
        scripts = _scripts(site, request, visitor) + scripts
    if site.state.ssl_failed and not (site.offline and site.era.hides_ssl_notice):
        scripts += ssl_notice(site.era, site.accounts.nonce(visitor, "recheck-ssl"))
    body = f'<body class="wp-admin toplevel_page_jetpack">{scripts}</body>'
    now = int(site.clock())
    path = call.urls.paths[1]
    seen = f"wp-settings-time-1={now}; Max-Age=31536000; path={path}"
    headers = (HTML_TYPE, ("Cache-Control", site.era.no_cache), ("Set-Cookie", seen))
    return SimResponse(200, headers, html_page("Jetpack", body))


def _my_jetpack(site: SimSite, request: SimRequest, visitor: Visitor) -> SimResponse:
    uncached = ("Cache-Control", site.era.no_cache)
    core = site.urls(request).core
    if not site.connected and visitor.can("manage_options") and "step=" not in request.query:
        location = f"{core}/wp-admin/admin.php?page=my-jetpack&step=onboarding"
        return redirect(location, uncached, ("X-Redirect-By", "WordPress"))
    scripts = _scripts(site, request, visitor)
    page = html_page("My Jetpack", f'<body class="wp-admin">{scripts}</body>')
    return SimResponse(200, (HTML_TYPE, uncached), page)
