"""What an answer of wp-login.php means. Pure: a decision table over one reply.

Login pages are translated and rewritten by plugins, so only markup, cookies and headers count,
never words; see wordpress-auth 1.4 to 1.8. What is not recognised is never a success.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

from fleet.errors import SiteError
from fleet.site.discovery import same_host
from fleet.site.transport import Reply
from fleet.site.wire import challenged, excerpt, recognise, unescaped, visible

__all__ = ["classify_login", "has_session_cookie"]

_LOGGED_IN = "wordpress_logged_in_"
_ERROR = re.compile(r"""id=["']login_error["']""")
_PAGE = 512 * 1024
"""Characters of a page that are searched; login pages of real plugins are far below."""
_BOX = 20_000
_INPUT = re.compile(r"<input\b[^<>]*>", re.I)
"""A whole tag; what stands in it is looked for in a second step, so that each goes over it once."""
_USERNAME = re.compile(r"""\bid=["']user_login["']""", re.I)
_VALUE = re.compile(r"""\bvalue=(?:"([^"]*)"|'([^']*)')""", re.I)
_SHAKE = re.compile(r"""['"\s]shake['"(]""")
_TWO_FACTOR = re.compile(
    r"""name=["'](validate_2fa_form|wp-auth-nonce|wfls-token|llar_mfa\w*)["']""", re.I
)
_OVER = re.compile(r"\s*(?:max-age\s*=\s*(?:0+|-\d+)\s*$|expires\s*=.*\b1970\b)", re.I)
_CAPTCHA = re.compile(r"g-recaptcha|h-captcha|cf-turnstile|jetpack_protect_num", re.I)
_PROTECT_BLOCK = "jetpack-protect-recovery=true"
_PROTECT_MATH = "jetpack_protect_process_math_form"


def has_session_cookie(reply: Reply) -> bool:
    """Return whether a reply leaves a logged-in cookie behind.

    A cookie may be set and taken back in the same answer (``reauth=1``); the last word counts.
    """
    alive = False
    for header in reply.headers.getall("Set-Cookie", []):
        # By hand: the standard library drops cookies with attributes newer than itself.
        pair, *attributes = header.split(";")
        name, _, value = pair.strip().partition("=")
        if name.startswith(_LOGGED_IN):
            over = any(_OVER.match(attribute) for attribute in attributes)
            alive = bool(unquote_plus(value).strip(' "')) and not over
    return alive


def classify_login(reply: Reply, username: str) -> SiteError | None:
    """Return why the login failed, or None where it worked.

    Args:
        reply: The answer to the one POST of the form.
        username: What was posted as the user name.
    """
    if _challenged(reply) or reply.status == 429 or reply.status >= 500:
        return recognise(reply)
    if has_session_cookie(reply):
        return None
    if reply.location is not None:
        return _redirected(reply)
    page = reply.text[:_PAGE]
    if reply.status == 401 and _PROTECT_MATH in page:
        return SiteError("block.captcha", "Jetpack Protect asks a math question at the login")
    if reply.status in (401, 403, 406):
        return SiteError(
            "block.waf", f"the login page answered {reply.status}", said=excerpt(reply)
        )
    if reply.status == 404:
        return SiteError(
            "auth.session", "there is no login page here; set auth.login_path if it is hidden"
        )
    return _failed_page(page, username, reply)


def _challenged(reply: Reply) -> bool:
    return challenged(reply) or "X-JetpackWAF-Blocked" in reply.headers


def _redirected(reply: Reply) -> SiteError:
    target = reply.location
    if target is not None and "password-detection" in target.query.get("action", ""):
        return SiteError(
            "auth.second_factor",
            "the password is known to have leaked and the site asks for a code by e-mail",
        )
    if target is not None and not same_host(target, reply.url):
        return SiteError(
            "auth.second_factor", f"the login is handed over to {target.origin()} (single sign-on)"
        )
    return SiteError("auth.session", "the login redirects without opening a session")


def _failed_page(page: str, username: str, reply: Reply) -> SiteError:
    if _TWO_FACTOR.search(page):
        return SiteError("auth.second_factor", "the login asks for a second factor")
    if _PROTECT_BLOCK in page:
        return SiteError("auth.locked_out", "Jetpack Protect has blocked this machine's address")
    if _ERROR.search(page):
        return _error_box(page, username, reply)
    if _CAPTCHA.search(page):
        return SiteError("block.captcha", "the login page asks for a captcha")
    return SiteError("auth.session", "the login page came back without a session and without error")


def _error_box(page: str, username: str, reply: Reply) -> SiteError:
    """Return the meaning of ``#login_error``: core prefills or shakes for a plain bad password."""
    box = _ERROR.split(page, maxsplit=1)[-1].partition(">")[2].partition("</div>")[0]
    said = visible(box[:_BOX])[:160] or excerpt(reply)
    if _CAPTCHA.search(page):
        return SiteError("block.captcha", "the login page asks for a captcha", said=said)
    if _prefilled(page) == username or _SHAKE.search(page):
        return SiteError(
            "auth.bad_credentials", "the user name or password was rejected", said=said
        )
    if 'class="jetpack-sso' in page or " jetpack-sso" in page:
        return SiteError("auth.second_factor", "the site only takes single sign-on", said=said)
    return SiteError("auth.locked_out", "a security plugin refused the login", said=said)


def _prefilled(page: str) -> str:
    tags = (match.group() for match in _INPUT.finditer(page))
    field = next((tag for tag in tags if _USERNAME.search(tag)), "")
    value = _VALUE.search(field)
    return unescaped(value.group(1) or value.group(2) or "") if value else ""
