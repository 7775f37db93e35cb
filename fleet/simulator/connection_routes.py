"""The routes under `connection`, and what depends on WordPress.com alone."""

from __future__ import annotations

from fleet.simulator.auth import SimUser
from fleet.simulator.rest import Call, Reply, RestError
from fleet.simulator.wire import Json

__all__ = [
    "connection_check",
    "connection_data",
    "connection_plugins",
    "connection_status",
    "connection_test",
    "connection_url",
    "disconnect",
    "heartbeat",
    "register",
    "status_of_connection",
    "unlink",
]


def status_of_connection(call: Call) -> dict[str, Json]:
    """Return the status with the keys of the release."""
    site, number = call.site, call.site.era.number
    found: dict[str, Json] = {"isActive": site.connected, "isStaging": False}
    if number >= (7, 7):
        found["isRegistered"] = site.connected
    if site.era.owners:
        found["isUserConnected"] = site.linked(call.visitor.user)
        found["hasConnectedOwner"] = site.owned
    mode: dict[str, Json] = {
        "isActive": site.offline,
        "constant": site.offline,
        "url": False,
        "filter": False,
    }
    if number < (8, 8):
        return {**found, "devMode": mode}
    mode["wpLocalConstant"] = False
    if number >= (14, 5):
        mode["option"] = False
    return {**found, "offlineMode": mode, "isPublic": True}


def connection_status(call: Call) -> Reply:
    """Answer GET connection, which everybody may."""
    return Reply(status_of_connection(call))


def disconnect(call: Call) -> Reply:
    """Answer POST connection: only JSON false disconnects."""
    site = call.site
    if call.params.get("isActive") is not False:
        raise RestError("invalid_param", "The parameter is not valid.", 404)
    if not site.connected:
        raise RestError("disconnect_failed", "The site could not be disconnected.", 400)
    site.state.connection = "unconnected"
    return Reply({"code": "success"})


def unlink(call: Call) -> Reply:
    """Answer POST connection/user; the owner goes only with everybody (since 14.4)."""
    site, user = call.site, call.visitor.user
    if call.params.get("linked") is not False:
        raise RestError("invalid_param", "The parameter is not valid.", 404)
    if site.era.number >= (14, 4) and call.params.get("disconnect-all-users") is True:
        site.state.unlinked.update(each.name for each in site.spec.users if site.linked(each))
        return Reply({"code": "success"})
    if user is None or user == site.owner:
        raise RestError("unlink_user_failed", "The owner cannot be unlinked.", 400)
    site.state.unlinked.add(user.name)
    return Reply({"code": "success"})


def connection_url(call: Call) -> Reply:
    """Answer GET connection/url: a bare text."""
    if call.site.connected:
        return Reply(
            f"https://wordpress.example/authorize/?site={call.site.spec.name}&secret=made-up"
        )
    nonce = call.site.accounts.nonce(call.visitor, "register")
    return Reply(
        f"{call.urls.core}/wp-admin/admin.php?page=jetpack&action=register&_wpnonce={nonce}"
    )


def connection_data(call: Call) -> Reply:
    """Answer GET connection/data."""
    site, user = call.site, call.visitor.user
    manages = call.visitor.can("manage_options")
    linked, owner = site.linked(user), site.owner
    names = ["admin_page", "connect", "disconnect", "manage_modules", "manage_options"]
    if site.era.owners:
        names += ["connect_user", "view_stats", "manage_plugins"]
    if site.era.number >= (14, 4):
        names.append("unlink_user")
    permissions: dict[str, Json] = dict.fromkeys(names, manages)
    permissions["edit_posts"] = call.visitor.can("edit_posts")
    current: dict[str, Json] = {
        "isConnected": linked,
        "isMaster": linked and user == owner,
        "username": user.name if user else "",
        "id": site.accounts.identity(user),
        "wpcomUser": _remote(user) if user and linked else {"avatar": False},
        "gravatar": "https://avatar.example/1",
        "permissions": permissions,
    }
    found: dict[str, Json] = {"currentUser": current}
    if site.era.number >= (8, 8):
        found["connectionOwner"] = owner.name if owner else None
    if site.era.number >= (14, 4):
        found["isRegistered"] = site.connected
    return Reply(found)


def _remote(user: SimUser) -> dict[str, Json]:
    """Return what WordPress.com knows of a linked user."""
    return {"login": user.name, "email": user.address, "display_name": user.name, "avatar": False}


def connection_test(call: Call) -> Reply:
    """Answer GET connection/test; a failed test becomes a 500, having no status."""
    if call.site.connected:
        passed: dict[str, Json] = {"code": "success", "message": "All tests passed."}
        if call.site.era.number >= (15, 9):
            passed["tests_run"] = ["test__outbound_http", "test__outbound_https"]
        return Reply(passed)
    message = "The server could not reach WordPress.com."
    data: dict[str, Json] = {"resolution": ""}
    error = RestError("failed_test__outbound_http", message, 500, data, bare=True)
    more = {"code": "failed_test__outbound_https", "message": message, "data": data}
    error.body["additional_errors"] = [more]
    raise error


def connection_plugins(_call: Call) -> Reply:
    """Answer GET connection/plugins."""
    return Reply([{"name": "Jetpack", "slug": "jetpack"}])


def connection_check(call: Call) -> Reply:
    """Answer GET connection/check, which says nothing about health."""
    return Reply({"status": call.site.era.jetpack})


def heartbeat(_call: Call) -> Reply:
    """Answer GET heartbeat/data."""
    return Reply([])


def register(call: Call) -> Reply:
    """Answer POST connection/register."""
    if call.site.connected:
        return Reply({"authorizeUrl": "https://wordpress.example/authorize/?made=up"})
    code = "register_http_request_failed"
    raise RestError(code, "WordPress.com could not be reached.", 500, bare=True)
