"""The few routes of WordPress itself that a fleet asks: who am I, plugins, the index."""

from __future__ import annotations

from fleet.simulator.auth import SimUser
from fleet.simulator.permissions import ACTIVATE_PLUGINS, LOGGED_IN, MANAGE_OPTIONS, PUBLIC
from fleet.simulator.rest import EDIT, READ, Call, Handler, Reply, RestError, Route
from fleet.simulator.site import SimSite
from fleet.simulator.wire import Json

__all__ = ["core_routes"]


def _index(call: Call) -> Reply:
    site, urls = call.site, call.urls
    namespaces = ["oembed/1.0"]
    if site.has_jetpack:
        namespaces.append("jetpack/v4")
        if site.era.my_jetpack and not site.offline:
            namespaces.append("my-jetpack/v1")
    namespaces.append("wp/v2")
    if site.era.application_passwords:
        namespaces += ["wp-site-health/v1", "wp-block-editor/v1"]
    passwords: Json = []
    if site.era.application_passwords:
        address = f"{urls.core}/wp-admin/authorize-application.php"
        passwords = {"application-passwords": {"endpoints": {"authorization": address}}}
    routes = {
        "/": {"namespace": "", "methods": ["GET"]},
        "/wp/v2/users/me": {"namespace": "wp/v2", "methods": ["GET", "POST", "PUT", "PATCH"]},
    }
    return Reply(
        {
            "name": site.spec.name.replace("-", " ").title(),
            "description": "A simulated site",
            "url": urls.core,
            "home": urls.home,
            "gmt_offset": "1",
            "timezone_string": "Europe/Oslo",
            "namespaces": namespaces,
            "authentication": passwords,
            "routes": routes,
            "_links": {"help": [{"href": "https://help.example/rest"}]},
        }
    )


def _wp_index(call: Call) -> Reply:
    return Reply({"namespace": "wp/v2", "routes": {}, "_links": {"up": [{"href": call.urls.rest}]}})


def _profile(site: SimSite, user: SimUser, call: Call) -> dict[str, Json]:
    number = site.accounts.identity(user)
    capabilities = {**dict.fromkeys(user.capabilities, True), user.role: True}
    avatar = {str(size): f"https://avatar.example/{number}?s={size}" for size in (24, 48, 96)}
    seen: dict[str, Json] = {
        "id": number,
        "name": user.name,
        "url": "",
        "description": "",
        "link": f"{call.urls.home}/author/{user.name}/",
        "slug": user.name,
        "avatar_urls": avatar,
        "meta": [],
        "_links": {"collection": [{"href": f"{call.urls.rest}wp/v2/users"}]},
    }
    if call.params.get("context") != "edit":
        return seen
    return {
        **seen,
        "username": user.name,
        "first_name": "",
        "last_name": "",
        "email": user.address,
        "locale": "en_US",
        "nickname": user.name,
        "roles": [user.role],
        "registered_date": "2026-01-05T08:00:00+00:00",
        "capabilities": capabilities,
        "extra_capabilities": {user.role: True},
    }


def _me(call: Call) -> Reply:
    user = call.visitor.user
    if user is None:
        raise RestError("rest_not_logged_in", "You are not logged in.", 401)
    return Reply(_profile(call.site, user, call))


def _settings(call: Call) -> Reply:
    return Reply(
        {
            "title": call.site.spec.name,
            "description": "",
            "url": call.urls.core,
            "timezone": "UTC",
            "language": "en_US",
        }
    )


def _plugins(call: Call) -> Reply:
    listed = [
        {
            "plugin": file.removesuffix(".php"),
            "status": "active" if active else "inactive",
            "name": file.split("/")[0],
            "version": call.site.era.jetpack if file.startswith("jetpack/") else "1.7",
            "network_only": False,
        }
        for file, active in call.site.state.plugins.items()
    ]
    return Reply(listed)


def _introspect(call: Call) -> Reply:
    if call.visitor.method != "basic":
        code = "rest_no_authenticated_app_password"
        raise RestError(code, "No application password was used.", 404)
    return Reply({"uuid": "00000000-0000-4000-8000-000000000001", "name": "fleet", "app_id": ""})


def core_routes(modern: bool) -> tuple[Route, ...]:
    """Return WordPress's routes.

    Args:
        modern: Whether the release has application passwords and the list of plugins.
    """
    everywhere = (
        Route("/", (Handler(READ, _index, PUBLIC),)),
        Route("/wp/v2", (Handler(READ, _wp_index, PUBLIC),)),
        Route("/wp/v2/settings", (Handler(READ, _settings, MANAGE_OPTIONS),)),
        Route(
            "/wp/v2/users/me",
            (
                Handler(READ, _me, PUBLIC),
                Handler((*EDIT, "DELETE"), _me, LOGGED_IN),
            ),
        ),
    )
    if not modern:
        return everywhere
    introspect = "/wp/v2/users/(?P<user_id>(?:[\\d]+|me))/application-passwords/introspect"
    return (
        *everywhere,
        Route("/wp/v2/plugins", (Handler(READ, _plugins, ACTIVATE_PLUGINS),)),
        Route(introspect, (Handler(READ, _introspect, LOGGED_IN),)),
    )
