"""wp-login.php: the form, the check of credentials, the cookies, logging out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from fleet.simulator.auth import SimUser, Visitor
from fleet.simulator.faults import Fault
from fleet.simulator.pages import (
    HTML_TYPE,
    error_page,
    html_page,
    interim_page,
    login_form,
    login_page,
    two_factor_page,
)
from fleet.simulator.site import SimSite, Urls
from fleet.simulator.wire import Json, SimRequest, SimResponse, parse_query, redirect

__all__ = ["answer_login"]

_TEST = "wordpress_test_cookie"
_GONE = "expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0"


@dataclass(frozen=True, slots=True)
class _Form:
    """What was posted, and where to."""

    site: SimSite
    request: SimRequest
    urls: Urls
    fields: dict[str, Json]
    query: dict[str, Json]

    def field(self, name: str) -> str:
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""

    @property
    def action(self) -> str:
        return f"{self.urls.core}/wp-login.php"


def _base(site: SimSite, urls: Urls) -> tuple[tuple[str, str], ...]:
    """Return the headers of every answer of wp-login.php."""
    old = site.era.core < (5, 0)
    value = "WP+Cookie+check" if old else "WP%20Cookie%20check"
    flag = "; HttpOnly" if site.era.core >= (6, 8) else ""
    test = [
        ("Set-Cookie", f"{_TEST}={value}; path={path}{flag}") for path in dict.fromkeys(urls.paths)
    ]
    return (HTML_TYPE, ("Cache-Control", site.era.no_cache), *test)


def _page(form: _Form, error: str, user: str = "", shake: bool = False) -> SimResponse:
    page = login_page(form.site.era, form.action, error, user, shake)
    return SimResponse(200, _base(form.site, form.urls), page)


def answer_login(site: SimSite, request: SimRequest, faults: Iterable[Fault]) -> SimResponse:
    """Return the answer of wp-login.php.

    Args:
        site: The site.
        request: GET or POST.
        faults: Troubles of the login that hit this request.
    """
    fields: dict[str, Json] = {}
    if request.method == "POST":
        fields = parse_query(request.body.decode("utf-8", "replace"))
    form = _Form(site, request, site.urls(request), fields, parse_query(request.query))
    kinds = {fault.kind for fault in faults}
    if blocked := _blocked(form, kinds):
        return blocked
    if form.query.get("action") == "logout":
        return _logout(form)
    if request.method != "POST":
        return _page(form, "")
    site.login_attempts += 1
    return _sign_on(form, kinds)


def _blocked(form: _Form, kinds: set[str]) -> SimResponse | None:
    """Return the page of a guard that does not even look at credentials."""
    era, posted = form.site.era, form.request.method == "POST"
    if "sso_redirect" in kinds:
        return redirect("https://wordpress.example/wp-login.php?action=jetpack-sso")
    if "protect_block" in kinds:
        if era.number < (5, 6):
            return error_page(era, 403, "Your address was flagged.")
        body = (
            '<body><form method="post" action="?jetpack-protect-recovery=true">'
            '<input type="email" name="email" /></form></body>'
        )
        return SimResponse(200, _base(form.site, form.urls), html_page("Login blocked", body))
    if "protect_math" in kinds and posted:
        body = (
            '<body id="error-page"><form method="post">'
            '<input name="jetpack_protect_num" /><input name="jetpack_protect_answer" />'
            '<input type="hidden" name="jetpack_protect_process_math_form" value="1" />'
            "</form></body>"
        )
        return SimResponse(401, (HTML_TYPE,), html_page("A sum, please", body))
    if posted and kinds & {"lockout", "captcha"}:
        return _guarded(form, kinds)
    return None


def _guarded(form: _Form, kinds: set[str]) -> SimResponse:
    """Return the refusal of a plugin: no shake, whatever the password was."""
    form.site.login_attempts += 1
    if "lockout" in kinds:
        return _page(form, "<strong>Error:</strong> Too many attempts. Wait 20 minutes.<br />")
    extra = '<div class="cf-turnstile" data-sitekey="made-up"></div>\n'
    box = '<div id="login_error">Show that you are no robot.</div>\n'
    inner = f"{box}{login_form(form.action, '', True, extra)}"
    page = html_page("Log In", f'<body class="login">{inner}</body>')
    return SimResponse(200, _base(form.site, form.urls), page)


def _logout(form: _Form) -> SimResponse:
    site = form.site
    visitor: Visitor = site.accounts.by_cookie(form.request, "logged_in")
    nonce = form.query.get("_wpnonce")
    if not isinstance(nonce, str) or not site.accounts.nonce_holds(visitor, nonce, "log-out"):
        return error_page(site.era, 403, "Do you want to log out?")
    site.accounts.close(visitor.token)
    names = site.accounts.cookie_names(form.request.is_https)
    gone = [("Set-Cookie", f"{name}=%20; {_GONE}; path={form.urls.paths[0]}") for name in names]
    return redirect(f"{form.action}?loggedout=true", *_base(site, form.urls)[1:], *gone)


def _sign_on(form: _Form, kinds: set[str]) -> SimResponse:
    """Check the credentials as core does, and refuse with a page of status 200."""
    login, password = form.field("log").strip(), form.field("pwd").strip()
    if not login or not password:
        return _page(form, "<strong>Error:</strong> A field is empty.<br />", login, shake=True)
    user = form.site.accounts.find(login)
    if user is None:
        return _page(form, "<strong>Error:</strong> Nobody has this name.<br />", shake=True)
    if user.password != password:
        lost = f'<a href="{form.action}?action=lostpassword">Lost it?</a>'
        text = f"<strong>Error:</strong> The password is wrong. {lost}<br />"
        return _page(form, text, login, shake=True)
    if "sso_only" in kinds:
        text = "<strong>Error:</strong> Log in by WordPress.com.<br />"
        page = login_page(form.site.era, form.action, text)
        page = page.replace(b'class="login ', b'class="login jetpack-sso ', 1)
        return SimResponse(200, _base(form.site, form.urls), page)
    if "two_factor" in kinds:
        return SimResponse(200, _base(form.site, form.urls), two_factor_page(form.action))
    if "password_detection" in kinds:
        return redirect(f"{form.urls.home}/wp-login.php?action=password-detection&token=made-up")
    return _succeed(form, user)


def _succeed(form: _Form, user: SimUser) -> SimResponse:
    site, request = form.site, form.request
    session = site.accounts.open(user, bool(form.field("rememberme")))
    lines = site.accounts.cookie_lines(session, form.urls.paths, request.is_https)
    headers = (*_base(site, form.urls), *(("Set-Cookie", line) for line in lines))
    held = request.cookies()
    known = site.accounts.cookie_names(request.is_https)[1] in held
    if form.field("testcookie") and not known and not held.get(_TEST):
        text = "<strong>Error:</strong> Cookies do not come back.<br />"
        page = login_page(site.era, form.action, text)
        return SimResponse(200, headers, page)
    if form.query.get("reauth"):
        cleared = [("Set-Cookie", f"{name}=%20; {_GONE}; path=/") for name in _names(form)]
        return SimResponse(200, (*headers, *cleared), login_page(site.era, form.action))
    site.logins += 1
    if form.field("interim-login"):
        return SimResponse(200, headers, interim_page())
    by = (("X-Redirect-By", "WordPress"),) if site.era.core >= (5, 1) else ()
    return redirect(_target(form, user), *headers[1:], *by)


def _names(form: _Form) -> tuple[str, str]:
    """Return the names of the login cookies for the request's scheme."""
    return form.site.accounts.cookie_names(form.request.is_https)


def _target(form: _Form, user: SimUser) -> str:
    """Return where a login leads: only to the site itself, or to the e-mail confirmation."""
    fallback = f"{form.urls.core}/wp-admin/"
    wanted = form.field("redirect_to") or fallback
    if not wanted.startswith(f"{form.urls.origin}/"):
        wanted = fallback
    asks = form.site.spec.confirm_email and form.site.era.core >= (5, 3)
    if asks and "manage_options" in user.capabilities:
        back = quote(wanted, safe="")
        return f"{form.action}?redirect_to={back}&action=confirm_admin_email&wp_lang=en_US"
    return wanted
