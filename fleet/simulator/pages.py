"""The HTML of a simulated site: just enough structure for a client to recognise each page.

Ids, field names and script shapes are those clients go by; the words are ours.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from urllib.parse import quote

from fleet.simulator.eras import Era
from fleet.simulator.wire import Json, SimResponse, php_json

__all__ = [
    "HTML_TYPE",
    "error_page",
    "home_page",
    "html_page",
    "initial_state",
    "interim_page",
    "login_form",
    "login_page",
    "not_found",
    "rest_settings",
    "ssl_notice",
    "two_factor_page",
]

HTML_TYPE = ("Content-Type", "text/html; charset=UTF-8")


def html_page(title: str, body: str, head: str = "") -> bytes:
    """Return a whole page."""
    return (
        f'<!DOCTYPE html>\n<html lang="en-US">\n<head>\n<meta charset="UTF-8" />\n'
        f"<title>{html.escape(title)}</title>\n{head}</head>\n{body}\n</html>\n"
    ).encode()


def not_found() -> SimResponse:
    """Return the web server's own 404."""
    page = html_page("404 Not Found", "<body><center><h1>404 Not Found</h1></center></body>")
    return SimResponse(404, (("Content-Type", "text/html"),), page)


def error_page(era: Era, status: int, message: str) -> SimResponse:
    """Return a page on which WordPress gives up, such as one without the rights for it."""
    body = f'<body id="error-page"><div class="wp-die-message">{html.escape(message)}</div></body>'
    headers = (HTML_TYPE, ("Cache-Control", era.no_cache))
    return SimResponse(status, headers, html_page("WordPress &rsaquo; Error", body))


def home_page(title: str, rest_root: str, blog: int) -> SimResponse:
    """Return the front page with both signs of the REST root.

    Args:
        title: The site's title.
        rest_root: Where the REST interface is.
        blog: Number at WordPress.com that Jetpack's statistics name; 0 for none.
    """
    head = f'<link rel="https://api.w.org/" href="{rest_root}" />\n'
    numbers = json.dumps({"blog": str(blog), "post": "0"}).replace('"', '\\"')
    stats = f'<script>_stq.push([ "view", JSON.parse("{numbers}") ]);</script>' if blog else ""
    page = html_page(title, f"<body><h1>{html.escape(title)}</h1>{stats}</body>", head)
    link = ("Link", f'<{rest_root}>; rel="https://api.w.org/"')
    return SimResponse(200, (HTML_TYPE, link), page)


def login_form(action: str, user: str, described: bool = False, extra: str = "") -> str:
    """Return the form of wp-login.php."""
    about = ' aria-describedby="login_error"' if described else ""
    return (
        f'<form name="loginform" id="loginform" action="{action}" method="post">\n'
        f'<p><label for="user_login">Name or e-mail</label>\n'
        f'<input type="text" name="log" id="user_login"{about} class="input" '
        f'value="{html.escape(user)}" size="20" autocapitalize="off" /></p>\n'
        f'<p><label for="user_pass">Password</label>\n'
        '<input type="password" name="pwd" id="user_pass" class="input" value="" /></p>\n'
        f'{extra}<p class="forgetmenot"><input name="rememberme" type="checkbox" '
        f'id="rememberme" value="forever" /></p>\n'
        '<p class="submit"><input type="submit" name="wp-submit" value="Log in" />\n'
        f'<input type="hidden" name="testcookie" value="1" /></p>\n</form>\n'
    )


def _shake(era: Era) -> str:
    if era.core >= (5, 4):
        return "<script>\ndocument.querySelector('form').classList.add('shake');\n</script>\n"
    return (
        "<script type='text/javascript'>\nfunction shake(id,a,d){return id+a+d;}\n"
        "shake('loginform',[15,30],20);\n</script>\n"
    )


def login_page(
    era: Era, action: str, error: str = "", user: str = "", shake: bool = False
) -> bytes:
    """Return wp-login.php.

    Args:
        era: The release, for the shapes.
        action: Address the form posts to.
        error: HTML of the error, empty for none.
        user: What stands in the field of the name.
        shake: Whether the form shakes, as core does on bad credentials.
    """
    notice = ""
    if error:
        classes = ' class="notice notice-error"' if era.core >= (6, 4) else ""
        notice = f'<div id="login_error"{classes}>{error}</div>\n'
    form = login_form(action, user, described=bool(error))
    script = _shake(era) if shake else ""
    body = f'<body class="login login-action-login wp-core-ui">\n{notice}{form}{script}</body>'
    return html_page("Log In", body)


def interim_page() -> bytes:
    """Return the page of a login in a small window."""
    return html_page("Log In", '<body class="login interim-login interim-login-success"></body>')


def two_factor_page(action: str) -> bytes:
    """Return the second step that a two-factor plugin asks for."""
    form = (
        f'<form name="validate_2fa_form" id="loginform" action="{action}?action=validate_2fa" '
        'method="post" autocomplete="off">\n'
        '<input type="hidden" name="provider" id="provider" value="Two_Factor_Totp" />\n'
        '<input type="hidden" name="wp-auth-id" id="wp-auth-id" value="1" />\n'
        '<input type="hidden" name="wp-auth-nonce" id="wp-auth-nonce" value="made-up" />\n'
        '<input type="tel" name="authcode" id="authcode" class="input" value="" />\n</form>'
    )
    return html_page("Log In", f'<body class="login login-action-validate_2fa">{form}</body>')


def _localized(state: Mapping[str, Json]) -> str:
    """Return the old shape, in which scalars at the top are texts and slashes are escaped."""
    shown: dict[str, Json] = {}
    for key, value in state.items():
        if isinstance(value, bool):
            shown[key] = "1" if value else ""
        elif isinstance(value, int):
            shown[key] = str(value)
        else:
            shown[key] = value
    text = php_json(shown).decode()
    return (
        "<script type='text/javascript'>\n/* <![CDATA[ */\n"
        f"var Initial_State = {text};\n/* ]]> */\n</script>\n"
    )


def _encoded(state: Mapping[str, Json], mark: str) -> str:
    text = quote(php_json(state).decode(), safe="~")
    return (
        f"<script id={mark}react-plugin-js-before{mark}>\n"
        f'var Initial_State=JSON.parse(decodeURIComponent("{text}"));\n'
        'var jetpack_redirects = { currentSiteRawUrl: "site" };\n</script>\n'
    )


def _plain(state: Mapping[str, Json]) -> str:
    text = json.dumps(state, separators=(",", ":"), ensure_ascii=False)
    for sign, escaped in (("<", "\\u003C"), (">", "\\u003E"), ("&", "\\u0026")):
        text = text.replace(sign, escaped)
    return (
        '<script id="react-plugin-js-before">\n'
        f"var Initial_State={text};\n"
        'var jetpack_redirects = { currentSiteRawUrl: "site" };\n'
        "//# sourceURL=react-plugin-js-before\n</script>\n"
    )


def initial_state(era: Era, state: Mapping[str, Json]) -> str:
    """Return the script with Jetpack's initial state in the shape of the release."""
    shape = era.admin_page_shape
    if shape == "localized":
        return _localized(state)
    if shape == "encoded":
        return _encoded(state, '"' if era.core >= (6, 4) else "'")
    return _plain(state)


def rest_settings(root: str, nonce: str, endpoint: str, middleware: bool) -> str:
    """Return the script from which wp-admin pages know the REST root and a nonce."""
    if not middleware:
        settings = php_json({"root": root, "nonce": nonce, "versionString": "wp/v2/"}).decode()
        return f"<script type='text/javascript'>\nvar wpApiSettings = {settings};\n</script>\n"
    return (
        '<script id="wp-api-fetch-js-after">\n'
        f'wp.apiFetch.use( wp.apiFetch.createRootURLMiddleware( "{root}" ) );\n'
        f'wp.apiFetch.nonceMiddleware = wp.apiFetch.createNonceMiddleware( "{nonce}" );\n'
        "wp.apiFetch.use( wp.apiFetch.nonceMiddleware );\n"
        f'wp.apiFetch.nonceEndpoint = "{endpoint}";\n</script>\n'
    )


def ssl_notice(era: Era, nonce: str) -> str:
    """Return the notice that SSL does not work, with the script of its button."""
    mark = '"' if era.number > (8, 9) else "'"
    return (
        '<div id="jetpack-ssl-warning" class="error"><a href="#" id="jetpack-recheck-ssl-button">'
        "Again</a></div>\n<script type='text/javascript'>\n"
        f"var data = {{ action: 'jetpack-recheck-ssl', 'ajax-nonce': {mark}{nonce}{mark} }};\n"
        "</script>\n"
    )
