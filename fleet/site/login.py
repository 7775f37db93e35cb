"""What an answer of wp-login.php means. Pure: a decision table over one reply.

Login pages are translated and rewritten by plugins, so only markup, cookies and headers count,
never words; see wordpress-auth 1.4 to 1.8. What is not recognised is never a success.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

from fleet.errors import SiteError
from fleet.site import login_signs as signs
from fleet.site.discovery import same_host
from fleet.site.pages import is_wordpress_giving_up, read_page
from fleet.site.transport import Reply
from fleet.site.vendors import asks_for_proof, blocked_by, in_front, refusal
from fleet.site.wire import excerpt, recognise, retry_after, unescaped, visible

__all__ = ["Lockout", "classify_login", "has_session_cookie"]

_LOGGED_IN = "wordpress_logged_in_"
_PAGE = 512 * 1024
"""Characters of a page that are searched; login pages of real plugins are far below."""
_BOX = 20_000
_INPUT = re.compile(r"<input\b[^<>]*>", re.I)
"""A whole tag; what stands in it is looked for in a second step, so that each goes over it once."""
_USERNAME = re.compile(r"""\bid=["']user_login["']""", re.I)
_VALUE = re.compile(r"""\bvalue=(?:"([^"]*)"|'([^']*)')""", re.I)
_SHAKE = re.compile(r"""['"\s]shake['"(]""")
_OVER = re.compile(r"\s*(?:max-age\s*=\s*(?:0+|-\d+)\s*$|expires\s*=.*\b1970\b)", re.I)
_INNER_FIREWALLS = ("Wordfence", "NinjaFirewall")
"""They run inside of WordPress and know the login; what they refuse there is a lockout."""
_CHANGES = ("password-detection", "rp", "resetpass", "lostpassword", "confirm_admin_email")
"""Actions of wp-login.php that end in another password or a confirmed address."""


class Lockout(SiteError):
    """A refusal to even look at a password.

    Args:
        message: What happened, in our words.
        said: What the site said in its own; hostile text.
        retry_after: Seconds the site asked us to wait, if it did.
        sure: Whether it is surely that; any other refusal of a plugin may look like it.
        shared: Whether its neighbours at the same address may have locked us out with it; not
            behind a CDN, where strangers share addresses.
    """

    def __init__(
        self,
        message: str,
        *,
        said: str = "",
        retry_after: float | None = None,
        sure: bool,
        shared: bool,
    ) -> None:
        super().__init__("auth.locked_out", message, said=said, retry_after=retry_after)
        self.sure = sure
        self.shared = shared


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
    if asks_for_proof(reply) or "X-JetpackWAF-Blocked" in reply.headers:
        return recognise(reply)
    if reply.status == 429 or reply.status >= 500:
        return _refused_early(reply)
    if has_session_cookie(reply):
        return None
    if reply.location is not None:
        return _redirected(reply)
    if reply.status in (401, 403, 404, 406):
        return _not_let_in(reply)
    return _failed_page(reply.text[:_PAGE], username, reply)


def _refused_early(reply: Reply) -> SiteError:
    """Return the meaning of a status that no login page has."""
    by_plugin = blocked_by(reply) in _INNER_FIREWALLS
    if by_plugin or (reply.status == 429 and is_wordpress_giving_up(reply)):
        return _locked_out(blocked_by(reply), visible(reply.text[:_BOX]), reply)
    return recognise(reply)


def _redirected(reply: Reply) -> SiteError:
    target = reply.location
    if target is None or read_page(reply) is not None:
        return recognise(reply)
    action = target.query.get("action", "")
    if action in _CHANGES or "checkemail" in target.query:
        return SiteError(
            "auth.leaked_password",
            "the site sends a mail and wants the password confirmed or changed before the login",
        )
    if not same_host(target, reply.url):
        return SiteError(
            "auth.sso_only", f"the login is handed over to {target.origin()} (single sign-on)"
        )
    if signs.STEP_ADDRESS.search(target.path_qs):
        return SiteError("auth.second_factor", "the login leads on to a second factor")
    if signs.SIGN_ON.search(target.path_qs):
        return SiteError("auth.sso_only", "the login is handed over to single sign-on")
    inside = "/wp-admin" in target.path or target.path in (reply.url.path, "/wp-login.php")
    if inside or target.scheme != reply.url.scheme:
        return SiteError("auth.session", "the login redirects without opening a session")
    return SiteError(
        "site.login_hidden", "the address of the login page leads elsewhere; it seems to be hidden"
    )


def _not_let_in(reply: Reply) -> SiteError:
    """Return who keeps us from the login page."""
    page = reply.text[:_PAGE]
    if reply.status == 401 and signs.PROTECT_MATH in page:
        return SiteError("block.captcha", "Jetpack Protect asks a math question at the login")
    if reply.status == 404:
        return SiteError("site.login_hidden", "there is no login page at its usual address")
    if blocked_by(reply) in _INNER_FIREWALLS or is_wordpress_giving_up(reply):
        return _locked_out(blocked_by(reply), visible(page[:_BOX]), reply)
    if reply.status == 403 and not in_front(reply):
        return SiteError(
            "site.login_hidden",
            "the server answers everything but the login page, which is closed (403)",
            said=excerpt(reply),
        )
    message = f"the login page answered {reply.status}"
    return SiteError(
        "block.waf", refusal(reply, "") if in_front(reply) else message, said=excerpt(reply)
    )


def _failed_page(page: str, username: str, reply: Reply) -> SiteError:
    if signs.SECOND_STEP.search(page):
        return SiteError("auth.second_factor", "the login asks for a second factor")
    if signs.PROTECT_BLOCK in page:
        message = "Jetpack Protect has blocked this machine's address"
        return Lockout(message, sure=True, shared=not in_front(reply))
    whole = signs.PASSWORD.search(page) is not None
    if not whole and signs.NEW_PASSWORD.search(page):
        return SiteError(
            "auth.leaked_password", "the site wants the password or the address confirmed first"
        )
    if signs.ERROR.search(page):
        return _error_box(page, username, reply)
    if not whole and signs.CODE_FIELD.search(page):
        return SiteError("auth.second_factor", "the login asks for a code")
    if signs.CAPTCHA.search(page):
        return SiteError("block.captcha", "the login page asks for a captcha")
    if read_page(reply) is not None:
        return recognise(reply)
    if not whole and signs.LOGIN_BODY.search(page):
        return _other_step(page)
    return SiteError("auth.session", "the login page came back without a session and without error")


def _other_step(page: str) -> SiteError:
    """Return what a login page without a password is for."""
    if signs.SIGN_ON.search(page):
        return SiteError("auth.sso_only", "the login page offers single sign-on and no password")
    if signs.FORM.search(page):
        return SiteError("auth.second_factor", "the login asks for a further step")
    return SiteError("auth.session", "the login page came back without a session and without form")


def _error_box(page: str, username: str, reply: Reply) -> SiteError:
    """Return the meaning of ``#login_error``: core prefills or shakes for a plain bad password."""
    box = signs.ERROR.split(page, maxsplit=1)[-1].partition(">")[2].partition("</div>")[0]
    words = visible(box[:_BOX])
    said = words[:160] or excerpt(reply)
    if signs.CAPTCHA.search(page):
        return SiteError("block.captcha", "the login page asks for a captcha", said=said)
    prefilled, shakes = _prefilled(page) == username, _SHAKE.search(page) is not None
    # Plugins let the form shake for their lockouts, too; those name a time to wait.
    waits = signs.waiting_time(words.replace(username, " ")) is not None
    if prefilled or (shakes and not waits):
        return SiteError(
            "auth.bad_credentials", "the user name or password was rejected", said=said
        )
    if signs.SIGN_ON_ONLY.search(page):
        return SiteError("auth.sso_only", "the site only takes single sign-on", said=said)
    if signs.CODE_FIELD.search(page):
        return SiteError("auth.second_factor", "the login asks for a code", said=said)
    return _locked_out("", words, reply)


def _locked_out(vendor: str, words: str, reply: Reply) -> SiteError:
    """Return a lockout, with the time to wait where the site tells it."""
    asked, named = retry_after(reply), signs.waiting_time(words)
    who = vendor or "a security plugin"
    if asked is not None:
        wait = f"; it asks to wait {asked:g} seconds"
    else:
        wait = f"; it asks to wait {named[1]}" if named else ""
    pause = asked if asked is not None else named[0] if named else None
    return Lockout(
        f"{who} refused the login{wait}",
        said=words[:160] or excerpt(reply),
        retry_after=pause,
        sure=pause is not None or bool(vendor) or reply.status != 200,
        shared=not in_front(reply),
    )


def _prefilled(page: str) -> str:
    tags = (match.group() for match in _INPUT.finditer(page))
    field = next((tag for tag in tags if _USERNAME.search(tag)), "")
    value = _VALUE.search(field)
    return unescaped(value.group(1) or value.group(2) or "") if value else ""
