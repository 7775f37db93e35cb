"""Login pages in the shapes WordPress and its plugins give them."""

from __future__ import annotations

from collections.abc import Sequence

from yarl import URL

from fleet.site.transport import Reply
from tests.site.replies import reply

LOGIN = URL("https://harbour.example/wp-login.php")
PLAIN_LOGIN = URL("http://harbour.example/wp-login.php")
USER = "keeper"

COOKIE = "wordpress_logged_in_0f0f"
ALIVE = f"{COOKIE}=keeper%7C1799999999%7Ctoken%7Cmac; path=/; secure; HttpOnly"
ALIVE_BELOW = f"{COOKIE}=keeper%7C1799999999%7Ctoken%7Cmac; path=/wp/; secure; HttpOnly"
ALIVE_CHIPS = f"{ALIVE}; SameSite=None; Partitioned; Priority=High"
TAKEN_BACK = f"{COOKIE}=%20; expires=Sun, 02 Feb 2025 09:00:00 GMT; Max-Age=0; path=/"
TAKEN_BACK_BY_OLD_PHP = f"{COOKIE}=+; expires=Sun, 02-Feb-2025 09:00:00 GMT; path=/"
TAKEN_BACK_BY_AGE = f"{COOKIE}=deleted; Max-Age=0; path=/"
TAKEN_BACK_BY_DATE = f"{COOKIE}=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/"
TEST_COOKIE = "wordpress_test_cookie=WP%20Cookie%20check; path=/; secure"

BOX = '<div id="login_error" class="notice notice-error"><p>Nein.</p></div>'
OLD_BOX = '<div id="login_error">\tNon.<br />\n</div>'
SHAKE = "<script>document.querySelector('form').classList.add('shake');</script>"
OLD_SHAKE = (
    "<script type='text/javascript'>\nfunction s(id,pos){g(id).left=pos+'px';}\n"
    "function shake(id,a,d){c=a.shift();s(id,c);}\n</script>"
)
SIGN_ON = (
    '<div id="jetpack-sso-wrap"><a href="https://harbour.example/wp-login.php?action=jetpack-sso">'
    "Continuer</a></div>"
)
SUM = (
    '<input type="number" name="jetpack_protect_num" />'
    '<input type="hidden" name="jetpack_protect_answer" value="9a9a" />'
    '<input type="hidden" name="jetpack_protect_process_math_form" value="1" />'
)
SECOND_STEP = (
    '<form name="validate_2fa_form" id="loginform" method="post">'
    '<input type="hidden" name="wp-auth-id" value="1" />'
    '<input type="hidden" name="wp-auth-nonce" value="77aa" /></form>'
)
RECOVERY = (
    '<form method="post" action="?jetpack-protect-recovery=true">'
    '<input type="email" name="email" /></form>'
)


def form(
    *extra: str, user: str = "", body_class: str = "login wp-core-ui", quote: str = '"'
) -> str:
    """Return a whole page: `extra` parts, then the form with `user` prefilled as HTML source."""
    field = (
        f'<input type="text" name="log" id="user_login" class="input" value="{user}" size="20" />'
    )
    page = (
        f'<!DOCTYPE html><html lang="de"><body class="{body_class}">{"".join(extra)}'
        f'<form name="loginform" id="loginform">{field}'
        '<input type="password" name="pwd" id="user_pass" value="" /></form></body></html>'
    )
    return page.replace('"', quote)


def page(
    body: str = "",
    status: int = 200,
    *,
    cookies: Sequence[str] = (TEST_COOKIE,),
    headers: Sequence[tuple[str, str]] = (),
    url: URL = LOGIN,
) -> Reply:
    """Return an answer of the login page, which sets its test cookie on every hit."""
    lines = [("Content-Type", "text/html; charset=UTF-8"), *headers]
    return reply(body, status, [*lines, *(("Set-Cookie", cookie) for cookie in cookies)], url)


def redirect(target: str, *, cookies: Sequence[str] = (TEST_COOKIE,), url: URL = LOGIN) -> Reply:
    """Return a redirect of the login page."""
    return page("", 302, cookies=cookies, headers=[("Location", target)], url=url)
