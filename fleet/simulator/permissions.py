"""Who may call which route, as Jetpack's own capabilities map onto those of WordPress."""

from __future__ import annotations

from fleet.simulator.auth import Visitor
from fleet.simulator.rest import Permission
from fleet.simulator.site import SimSite

__all__ = [
    "ACTIVATE_PLUGINS",
    "CONFIGURE_SPOKEN",
    "CONNECT",
    "CONNECTION_CHECK",
    "CONNECTION_DATA",
    "CONNECT_URL_OLD",
    "CONNECT_USER",
    "DISCONNECT",
    "FEATURES",
    "HEARTBEAT",
    "INSTALL_PLUGINS",
    "LOGGED_IN",
    "MANAGE",
    "MANAGE_MODULES",
    "MANAGE_OPTIONS",
    "PUBLIC",
    "SEE_THEMES",
    "SHARED_CONFIGURE",
    "SHARED_VIEW",
    "UNLINK",
    "VIEW",
    "VIEW_ADMIN",
    "admin_page",
]


def _anyone(_site: SimSite, _visitor: Visitor) -> bool:
    return True


def _user(_site: SimSite, visitor: Visitor) -> bool:
    return visitor.user is not None


def _manage(_site: SimSite, visitor: Visitor) -> bool:
    return visitor.can("manage_options")


def _activate_plugins(_site: SimSite, visitor: Visitor) -> bool:
    return visitor.can("activate_plugins")


def _install_plugins(_site: SimSite, visitor: Visitor) -> bool:
    return visitor.can("install_plugins")


def _edit_posts(_site: SimSite, visitor: Visitor) -> bool:
    return visitor.can("edit_posts")


def admin_page(site: SimSite, visitor: Visitor) -> bool:
    """Return whether a visitor may see Jetpack's page and read its data."""
    if site.offline:
        return visitor.can("manage_options")
    return visitor.can("edit_posts" if site.era.number >= (13, 9) else "read")


def _connect(site: SimSite, visitor: Visitor) -> bool:
    return not site.offline and visitor.can("manage_options")


def _connect_user(site: SimSite, visitor: Visitor) -> bool:
    if site.offline:
        return False
    lonely = site.era.owners and not site.connected
    return visitor.can("manage_options" if lonely else "read")


def _linked(site: SimSite, visitor: Visitor) -> bool:
    return site.linked(visitor.user)


def _no_one(_site: SimSite, _visitor: Visitor) -> bool:
    return False


_CODE = "invalid_user_permission_"
PUBLIC = Permission(_anyone)
LOGGED_IN = Permission(_user, "rest_not_logged_in")
VIEW = Permission(admin_page)
VIEW_ADMIN = Permission(admin_page, f"{_CODE}view_admin", spoken=False)
SHARED_CONFIGURE = Permission(_manage, shared=True)
SHARED_VIEW = Permission(admin_page, shared=True)
CONFIGURE_SPOKEN = Permission(_manage, f"{_CODE}manage_settings", spoken=False)
MANAGE = Permission(_manage)
MANAGE_MODULES = Permission(_manage, f"{_CODE}manage_modules", spoken=False)
MANAGE_OPTIONS = Permission(_manage, f"{_CODE}manage_options", spoken=False)
ACTIVATE_PLUGINS = Permission(_activate_plugins, f"{_CODE}activate_plugins")
CONNECT = Permission(_connect, f"{_CODE}jetpack_connect", spoken=False)
CONNECT_USER = Permission(_connect_user, f"{_CODE}jetpack_connect", spoken=False)
CONNECT_URL_OLD = Permission(_connect_user, f"{_CODE}jetpack_disconnect", spoken=False)
CONNECTION_DATA = Permission(_connect_user, f"{_CODE}user_connection_data", spoken=False)
CONNECTION_CHECK = Permission(_connect, "invalid_permission_connection_check")
HEARTBEAT = Permission(_connect, "invalid_permission_heartbeat_data")
DISCONNECT = Permission(_manage, f"{_CODE}jetpack_disconnect", spoken=False)
UNLINK = Permission(_linked, f"{_CODE}unlink_user", spoken=False)
FEATURES = Permission(_no_one, "invalid_permission_fetch_features")
INSTALL_PLUGINS = Permission(_install_plugins)
SEE_THEMES = Permission(_edit_posts, "rest_cannot_view_active_theme")
