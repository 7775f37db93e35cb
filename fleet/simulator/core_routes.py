"""The few routes of WordPress itself that a fleet asks: who am I, plugins, users, health."""

from __future__ import annotations

from collections.abc import Callable

from fleet.simulator.auth import SimUser
from fleet.simulator.eras import Era, within
from fleet.simulator.permissions import (
    ACTIVATE_PLUGINS,
    INSTALL_PLUGINS,
    LOGGED_IN,
    MANAGE_OPTIONS,
    PUBLIC,
    SEE_THEMES,
)
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
    if site.era.abilities:
        namespaces.append("wp-abilities/v1")
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
            "name": site.title,
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
    profile = _profile(call.site, user, call)
    fields = str(call.params.get("_fields") or "capabilities").split(",")
    if call.site.era.nested_fields and "capabilities" not in fields:
        # A nested name does not bring them (class-wp-rest-users-controller.php).
        profile.pop("capabilities", None)
    return Reply(profile)


def _users(call: Call) -> Reply:
    edits, roles = call.params.get("context") == "edit", str(call.params.get("roles") or "")
    if (edits or roles) and not call.visitor.can("list_users"):
        code = "rest_forbidden_context" if edits else "rest_user_cannot_view"
        raise RestError(code, "You may not list users.", 403 if call.visitor.user else 401)
    size = int(str(call.params.get("per_page", 10)))
    if not 1 <= size <= 100:
        raise RestError(
            "rest_invalid_param", "Refused: per_page", 400, {"params": {"per_page": ""}}
        )
    found = [user for user in call.site.spec.users if not roles or user.role in roles.split(",")]
    start = (int(str(call.params.get("page", 1))) - 1) * size
    listed: list[Json] = [_profile(call.site, user, call) for user in found[start : start + size]]
    total = (("X-WP-Total", str(len(found))), ("X-WP-TotalPages", str(-(-len(found) // size))))
    return Reply(listed, headers=total)


def _themes(_call: Call) -> Reply:
    active: dict[str, Json] = {
        "stylesheet": "harbour-child",
        "template": "harbour",
        "version": "2.1",
        "name": {"raw": "Harbour Child", "rendered": "Harbour Child"},
        "status": "active",
    }
    return Reply([active])


def _environment(call: Call) -> Reply:
    return Reply(
        {
            "environment": "production",
            "php_version": "8.3.14",
            "db_server_info": "10.11.6-MariaDB",
            "wp_version": call.site.era.wordpress,
        }
    )


def _health(name: str) -> Callable[[Call], Reply]:
    """Return the handler of a test; a site without WordPress.com has one that is not good."""

    def answer(call: Call) -> Reply:
        good = call.site.connected or name != "dotorg-communication"
        status = "good" if good else "critical"
        return Reply({"test": name.replace("-", "_"), "label": "A label.", "status": status})

    return answer


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


_HEALTH = {
    "background-updates": "5.6",
    "loopback-requests": "5.6",
    "dotorg-communication": "5.6",
    "https-status": "5.7",
    "page-cache": "6.1",
}
"""Since which WordPress a test of Site Health has a route."""


def _modern(era: Era) -> tuple[Route, ...]:
    """Return the routes of releases with application passwords."""
    introspect = "/wp/v2/users/(?P<user_id>(?:[\\d]+|me))/application-passwords/introspect"
    health = tuple(
        Route(f"/wp-site-health/v1/tests/{name}", (Handler(READ, _health(name), INSTALL_PLUGINS),))
        for name, since in _HEALTH.items()
        if within(era.core, since, "")
    )
    return (
        Route("/wp/v2/plugins", (Handler(READ, _plugins, ACTIVATE_PLUGINS),)),
        Route("/wp/v2/themes", (Handler(READ, _themes, SEE_THEMES),)),
        Route(introspect, (Handler(READ, _introspect, LOGGED_IN),)),
        *health,
    )


def core_routes(era: Era) -> tuple[Route, ...]:
    """Return WordPress's routes."""
    everywhere = (
        Route("/", (Handler(READ, _index, PUBLIC),)),
        Route("/wp/v2", (Handler(READ, _wp_index, PUBLIC),)),
        Route("/wp/v2/settings", (Handler(READ, _settings, MANAGE_OPTIONS),)),
        Route("/wp/v2/users", (Handler(READ, _users, PUBLIC),)),
        Route(
            "/wp/v2/users/me",
            (
                Handler(READ, _me, PUBLIC),
                Handler((*EDIT, "DELETE"), _me, LOGGED_IN),
            ),
        ),
    )
    environment = "/wp-abilities/v1/abilities/core/get-environment-info/run"
    abilities = (Route(environment, (Handler(READ, _environment, MANAGE_OPTIONS),)),)
    return (
        *everywhere,
        *(_modern(era) if era.application_passwords else ()),
        *(abilities if era.abilities else ()),
    )
