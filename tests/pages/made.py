"""Pages that are not the API, made by hand with the structure that plugins and servers send.

The words are our own, and in several languages on purpose: nothing may be told by them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from fleet.site.transport import Reply

__all__ = ["ALIVE", "HEALTHY", "HEALTHY_LOGINS", "LOGIN", "LOGINS", "PAGES", "USER", "Made"]

SITE = URL("https://harbour.example/")
REST = URL("https://harbour.example/wp-json/jetpack/v4/settings")
LOGIN = URL("https://harbour.example/wp-login.php")
USER = "keeper"
ALIVE = ("Set-Cookie", "wordpress_logged_in_0f0f=keeper%7C1799999999%7Ct%7Cm; path=/; HttpOnly")
HTML = ("Content-Type", "text/html; charset=UTF-8")


@dataclass(frozen=True, slots=True)
class Made:
    """One page and what it has to be taken for.

    Args:
        name: What it is.
        kind: The kind; empty for a login that worked.
        reply: The page.
        words: What the message has to say besides.
    """

    name: str
    kind: str
    reply: Reply
    words: str = ""


def answer(
    body: str, status: int = 200, headers: Sequence[tuple[str, str]] = (), url: URL = REST
) -> Reply:
    """Return an answer in HTML."""
    pairs = CIMultiDict([HTML, *headers])
    return Reply(status, url, CIMultiDictProxy(pairs), body.encode())


def html(body: str, head: str = "", attributes: str = "") -> str:
    """Return a whole page."""
    return f"<!DOCTYPE html><html{attributes}><head>{head}</head>{body}</html>"


def died(inner: str) -> str:
    """Return a page on which WordPress gives up."""
    return html(f'<body id="error-page"><div class="wp-die-message">{inner}</div></body>')


def at_login(
    inner: str, status: int = 200, headers: Sequence[tuple[str, str]] = (), css: str = "login"
) -> Reply:
    """Return a page of wp-login.php."""
    page = html(f'<body class="{css} login-action-login wp-core-ui">{inner}</body>')
    return answer(page, status, headers, LOGIN)


def form(user: str = "", extra: str = "", action: str = "/wp-login.php") -> str:
    """Return the form for name and password."""
    return (
        f'<form name="loginform" id="loginform" action="{action}" method="post">'
        f'<input type="text" name="log" id="user_login" value="{user}">'
        f'<input type="password" name="pwd" id="user_pass" value="">{extra}</form>'
    )


def code_form(fields: str, name: str = "loginform", action: str = "/wp-login.php") -> str:
    """Return a form of a second step, without a password."""
    return f'<form name="{name}" id="loginform" action="{action}" method="post">{fields}</form>'


def box(words: str) -> str:
    """Return the place where a login page says what is wrong."""
    return f'<div id="login_error" class="notice notice-error"><p>{words}</p></div>'


def moved(target: str, *headers: tuple[str, str], url: URL = LOGIN, status: int = 302) -> Reply:
    """Return a redirect."""
    return answer("", status, [("Location", target), *headers], url)


SHAKE = "<script>document.querySelector('form').classList.add('shake');</script>"
LOST = '<a href="/wp-login.php?action=lostpassword">Passwort vergessen?</a>'
WIDGET = '<div class="g-recaptcha" data-sitekey="made-up"></div>'
TURNSTILE = '<div class="cf-turnstile" data-sitekey="made-up"></div>'
FATAL_HELP = '<a href="https://de.wordpress.org/support/article/faq-troubleshooting/">Mehr</a>'
NO_DATABASE = "Error establishing a database connection"
RAY = ("CF-RAY", "8f00aa11bb22cc33-OSL")
CLOUDFLARE = ("Server", "cloudflare")

_SECOND = "auth.second_factor"
_LOCKED = "auth.locked_out"
_LEAKED = "auth.leaked_password"
_HIDDEN = "site.login_hidden"

LOGINS = (
    # A second factor, as several plugins ask for it.
    Made(
        "Two-Factor by app",
        _SECOND,
        at_login(
            code_form(
                '<input type="hidden" name="wp-auth-id" value="1">'
                '<input type="hidden" name="wp-auth-nonce" value="aa">'
                '<input type="tel" name="authcode" autocomplete="one-time-code">',
                "validate_2fa_form",
            )
        ),
    ),
    Made(
        "Two-Factor by mail",
        _SECOND,
        at_login(
            code_form(
                '<input type="hidden" name="provider" value="Two_Factor_Email">'
                '<input type="hidden" name="wp-auth-nonce" value="bb">'
                '<input type="text" name="two-factor-email-code">',
                "validate_2fa_form",
            )
        ),
    ),
    Made("Wordfence code", _SECOND, at_login(box("Code?") + form("", '<input name="wfls-token">'))),
    Made(
        "Solid Security",
        _SECOND,
        at_login(code_form('<input type="hidden" name="itsec_interstitial_user" value="1">')),
    ),
    Made("miniOrange", _SECOND, at_login(code_form('<input name="mo2fa_softtoken" type="text">'))),
    Made("Simba", _SECOND, at_login(code_form('<input name="simba_tfa_code" type="text">'))),
    Made(
        "Duo", _SECOND, at_login('<iframe id="duo_iframe" data-host="api.example"></iframe><form>')
    ),
    Made("limiter's code", _SECOND, at_login(code_form('<input name="llar_mfa_code">'))),
    Made("redirect to a code", _SECOND, moved("/wp-login.php?action=itsec-2fa&token=x")),
    Made("redirect to a limiter", _SECOND, moved("/?llar_mfa=1&session=x")),
    Made(
        "any one-time code",
        _SECOND,
        at_login(code_form('<input name="k" autocomplete="one-time-code" inputmode="numeric">')),
    ),
    Made("field for a code", _SECOND, at_login(box("Le code.") + form("", '<input name="otp">'))),
    Made("interim page", _SECOND, at_login(code_form('<button name="go">Weiter</button>'))),
    # Locked out: by markup, by status, with and without a time to wait.
    Made(
        "limiter, German",
        _LOCKED,
        at_login(box("Zu viele Versuche. Warte 20 Minuten.") + form()),
        "20 minutes",
    ),
    Made(
        "limiter, Russian",
        _LOCKED,
        at_login(box("Слишком много. Подождите 2 часа.") + form()),
        "2 hours",
    ),
    Made("limiter, Japanese", _LOCKED, at_login(box("15分お待ちください") + form()), "15 minutes"),
    Made(
        "limiter, French, with a shake",
        _LOCKED,
        at_login(box("Trop d'essais, encore 45 minutes.") + form() + SHAKE),
        "45 minutes",
    ),
    Made("limiter, Spanish, a day", _LOCKED, at_login(box("Espera 1 día.") + form()), "1 day"),
    Made("limiter without a time", _LOCKED, at_login(box("Genug jetzt.") + form())),
    Made(
        "Protect, by form",
        _LOCKED,
        at_login('<form action="?jetpack-protect-recovery=true"><input name="email"></form>'),
    ),
    Made("WordPress gives up, 403", _LOCKED, answer(died("<p>Nein.</p>"), 403, url=LOGIN)),
    Made(
        "WordPress gives up, 429",
        _LOCKED,
        answer(died("<p>Non.</p>"), 429, [("Retry-After", "900")], LOGIN),
        "900 seconds",
    ),
    Made(
        "Wordfence, 503",
        _LOCKED,
        answer(
            html('<body><a href="https://www.wordfence.com/help/?query=x">?</a></body>'),
            503,
            [("Retry-After", "300")],
            LOGIN,
        ),
        "Wordfence",
    ),
    # No password at all.
    Made("handed to WordPress.com", "auth.sso_only", moved("https://wordpress.com/log-in?x=1")),
    Made("handed to a provider", "auth.sso_only", moved("https://id.corp.example/saml2?x=1")),
    Made("Jetpack's own", "auth.sso_only", moved("/wp-login.php?action=jetpack-sso")),
    Made("form removed", "auth.sso_only", at_login(box("Nur dort."), css="login jetpack-sso")),
    Made(
        "only a button",
        "auth.sso_only",
        at_login('<a href="/?option=saml_user_login">Weiter</a>'),
    ),
    # The password has to be changed or confirmed.
    Made("leaked", _LEAKED, moved("/wp-login.php?action=password-detection&token=x")),
    Made("check your mail", _LEAKED, moved("/wp-login.php?checkemail=confirm")),
    Made("forced reset", _LEAKED, moved("/wp-login.php?action=rp&key=x&login=keeper")),
    Made("address, no session", _LEAKED, moved("/wp-login.php?action=confirm_admin_email")),
    Made("address, as a page", _LEAKED, at_login('<form class="admin-email-confirm-form"></form>')),
    Made(
        "new password",
        _LEAKED,
        at_login('<form id="resetpassform"><input type="password" name="pass1"></form>'),
    ),
    # The login page is somewhere else.
    Made("not there", _HIDDEN, answer("<h1>404</h1>", 404, url=LOGIN)),
    Made("leads home", _HIDDEN, moved("https://harbour.example/")),
    Made("leads to a page of the theme", _HIDDEN, moved("/not-found/")),
    Made("closed by the server", _HIDDEN, answer("<h1>403</h1>", 403, url=LOGIN)),
    # A captcha.
    Made("reCAPTCHA", "block.captcha", at_login(box("Robot?") + form(USER, WIDGET) + SHAKE)),
    Made("Turnstile", "block.captcha", at_login(form(USER, TURNSTILE))),
    Made(
        "a captcha of a plugin",
        "block.captcha",
        at_login(box("?") + form("", '<input name="cptch_captcha_number">')),
    ),
    Made(
        "a sum",
        "block.captcha",
        answer(died('<input name="jetpack_protect_process_math_form">'), 401, url=LOGIN),
    ),
    # Refused before WordPress.
    Made("own password", "block.waf", answer("", 401, [("WWW-Authenticate", "Basic")], LOGIN)),
    Made(
        "Cloudflare refuses",
        "block.waf",
        answer("error code: 1020", 403, [CLOUDFLARE, RAY], LOGIN),
        "8f00aa11bb22cc33-OSL",
    ),
    # No session, whatever it looks like.
    Made("cookies taken back", "auth.session", at_login(form())),
    Made("back to the form", "auth.session", moved("/wp-login.php?reauth=1")),
    Made("to the dashboard without a session", "auth.session", moved("/wp-admin/")),
    Made("fatal error", "site.critical_error", answer(died(FATAL_HELP), 500, url=LOGIN)),
    Made(
        "fatal error of PHP",
        "site.critical_error",
        answer("<br /><b>Fatal error</b>:  Uncaught Error in /srv/x.php", 200, url=LOGIN),
    ),
    Made("maintenance", "site.maintenance", answer(died("<h1>Pause</h1>"), 503, url=LOGIN)),
)
"""What a login may be answered with that is none."""

_PARKED = "site.parked"

PAGES = (
    # Challenges and firewalls, by vendor.
    Made(
        "Cloudflare, by header",
        "block.captcha",
        answer("", 403, [CLOUDFLARE, RAY, ("cf-mitigated", "challenge")]),
        "Cloudflare",
    ),
    Made(
        "Cloudflare, by page",
        "block.captcha",
        answer('<script src="/cdn-cgi/challenge-platform/h/b/orchestrate/jsch/v1"></script>', 503),
    ),
    Made(
        "Imperva",
        "block.captcha",
        answer(
            '<iframe id="main-iframe" src="/_Incapsula_Resource?SW=1&incident_id=77-88"></iframe>',
            200,
            [("X-Iinfo", "9-123456-0")],
        ),
        "9-123456-0",
    ),
    Made(
        "AWS WAF",
        "block.captcha",
        answer("", 202, [("x-amzn-waf-action", "challenge")]),
        "AWS WAF",
    ),
    Made(
        "SiteGround, by page",
        "block.captcha",
        answer('<meta http-equiv="refresh" content="0;/.well-known/sgcaptcha/?r=x">', 202),
    ),
    Made(
        "SiteGround, by redirect", "block.captcha", moved("/.well-known/sgcaptcha/?r=x", url=REST)
    ),
    Made(
        "Sucuri's script",
        "block.captcha",
        answer("<script>sucuri_cloudproxy_js='x';</script>", 200, [("X-Sucuri-ID", "15007")]),
        "15007",
    ),
    Made(
        "DataDome",
        "block.captcha",
        answer('<script src="https://ct.captcha-delivery.com/captcha/x.js"></script>', 403),
    ),
    Made("widget alone, 403", "block.captcha", answer(TURNSTILE, 403)),
    Made(
        "Cloudflare refuses",
        "block.waf",
        answer('<div class="cf-error-details">1020</div>', 403, [CLOUDFLARE, RAY]),
        "8f00aa11bb22cc33-OSL",
    ),
    Made("Sucuri refuses", "block.waf", answer("no", 403, [("X-Sucuri-Block", "X")]), "Sucuri"),
    Made(
        "Akamai refuses",
        "block.waf",
        answer(
            "Reference&#32;&#35;18&#46;2f <a href='https://errors.edgesuite.net/18.2f'>?</a>",
            403,
            [("Server", "AkamaiGHost")],
        ),
        "Akamai",
    ),
    Made("ModSecurity", "block.waf", answer("<h1>Nein</h1>Mod_Security", 406), "ModSecurity"),
    Made("NinjaFirewall", "block.waf", answer("<title>NinjaFirewall</title>", 403), "Ninja"),
    Made(
        "Wordfence, as 503",
        "block.waf",
        answer('<a href="https://www.wordfence.com/help/?query=blocked">?</a>', 503),
        "Wordfence",
    ),
    Made("Imunify360", "block.waf", answer("<p>imunify360</p>", 415), "Imunify360"),
    Made(
        "Jetpack's firewall",
        "block.waf",
        answer("rule 7", 403, [("X-JetpackWAF-Blocked", "403 - rule 7")]),
        "Jetpack",
    ),
    Made("nobody known", "block.waf", answer("<h1>403</h1>", 403)),
    # Closed for a while.
    Made(
        "WordPress updates",
        "site.maintenance",
        answer(died("<h1>Wartung</h1>"), 503, [("Retry-After", "600")]),
        "is being updated",
    ),
    Made(
        "WordPress updates, as JSON",
        "site.maintenance",
        answer('{"code":"wp_die","message":"x","data":{"status":503}}', 503),
    ),
    Made(
        "a plugin closes",
        "site.maintenance",
        answer(died("<h1>Bald</h1>"), 503, [("Retry-After", "3600")]),
        "a plugin",
    ),
    Made(
        "a page of the host",
        "site.maintenance",
        answer("<title>Pause</title>", 503, [("Retry-After", "60")]),
        "the server has closed it",
    ),
    Made("overload, 503", "site.overloaded", answer("<center><h1>503</h1></center>", 503)),
    Made("overload, 508", "site.overloaded", answer("<h1>508</h1>", 508)),
    # Broken.
    Made("fatal error", "site.critical_error", answer(died(f"<p>Ach.</p>{FATAL_HELP}"), 500)),
    Made(
        "fatal error, as JSON",
        "site.critical_error",
        answer('{"code":"internal_server_error","message":"<p>x</p>"}', 500),
    ),
    Made(
        "fatal error of PHP",
        "site.critical_error",
        answer("<b>Parse error</b>:  syntax error in <b>/srv/x.php</b>", 200),
    ),
    Made(
        "fatal error of PHP behind a notice",
        "site.critical_error",
        answer(
            "<br />\n<b>Deprecated</b>:  x in <b>/srv/x.php</b> on line <b>1</b><br />\n"
            "<br />\n<b>Fatal error</b>:  Uncaught Error in /srv/x.php",
            200,
        ),
    ),
    Made(
        "fatal error of PHP in a page",
        "site.critical_error",
        answer(html("<body><b>Fatal error</b>:  x in <b>/srv/x.php</b></body>"), 500),
    ),
    Made("no database, bare", "site.database_down", answer(f"\n<h1>{NO_DATABASE}</h1>", 200)),
    Made(
        "no database, in a page",
        "site.database_down",
        answer(html(f"<body><h1>{NO_DATABASE}</h1></body>"), 500),
    ),
    Made("no database", "site.database_down", answer(died("<h1>Keine Datenbank</h1>"), 500)),
    Made(
        "no database, as JSON",
        "site.database_down",
        answer('{"code":"wp_die","message":"<h1>Rien</h1>","data":{"status":500}}', 500),
    ),
    Made("empty database", "site.database_down", moved("/wp-admin/install.php", url=REST)),
    Made(
        "database to upgrade", "site.upgrade_pending", moved("/wp-admin/upgrade.php?x=1", url=REST)
    ),
    Made("plain 500", "site.server_error", answer("<h1>500</h1>", 500)),
    # No site any more.
    Made(
        "parked",
        _PARKED,
        answer(html("<body></body>", "", ' data-adblockkey="made-up"')),
    ),
    Made(
        "for sale",
        _PARKED,
        answer(html('<body><script src="https://www.afternic.com/forsale/x.js"></script></body>')),
    ),
    Made(
        "for sale, in a frame",
        _PARKED,
        answer(html('<frameset><frame src="//park.example.sedo.com/x"></frameset>'), 404),
    ),
    Made(
        "parked, by script",
        _PARKED,
        answer(html('<script>window.onload=()=>{window.location.href="/lander"}</script>')),
    ),
    Made("parked, by what it tells its script", _PARKED, answer("<script>window.park = 'x'")),
    Made("for sale, by redirect", _PARKED, moved("https://www.hugedomains.com/x", url=REST)),
    Made("suspended", _PARKED, moved("/cgi-sys/suspendedpage.cgi", url=REST)),
    Made(
        "default page of a host",
        _PARKED,
        answer('<meta http-equiv="refresh" content="0;url=/cgi-sys/defaultwebpage.cgi">'),
    ),
    Made("something else", "proto.not_json", answer(html("<body><h1>Coming soon</h1></body>"))),
)
"""What a route of the API may be answered with that is no answer of it."""

_COMMENTS = f'<form id="commentform" action="/wp-comments-post.php">{WIDGET}</form>'
_BEACON = '<script src="/cdn-cgi/challenge-platform/scripts/jsd/main.js"></script>'
_IMPERVA = '<script src="/_Incapsula_Resource?SWJIYLWA=1"></script>'

HEALTHY = (
    Made("comments with a captcha", "proto.not_json", answer(html(f"<body>{_COMMENTS}</body>"))),
    Made("404 with comments", "site.rest_unavailable", answer(html(_COMMENTS), 404)),
    Made("behind Cloudflare", "proto.not_json", answer(_BEACON, 200, [CLOUDFLARE, RAY])),
    Made("404 behind Cloudflare", "site.rest_unavailable", answer(_BEACON, 404, [CLOUDFLARE, RAY])),
    Made("behind Imperva", "proto.not_json", answer(_IMPERVA, 200, [("X-Iinfo", "9-1-0")])),
    Made("behind Sucuri", "proto.not_json", answer("<p>x</p>", 200, [("X-Sucuri-ID", "15007")])),
    Made(
        "an article about firewalls",
        "proto.not_json",
        answer("<p>Fatal error: how we met Wordfence, imunify360 and a 403</p>"),
    ),
    Made(
        "an article about parking",
        "proto.not_json",
        answer("<p>We left sedo and afternic for good; window.parked = 1</p>"),
    ),
    Made(
        "an article about databases",
        "proto.not_json",
        answer(html(f'<body class="home blog"><h2>How to mend "{NO_DATABASE}"</h2></body>')),
    ),
    Made(
        "404 beside an article about databases",
        "site.rest_unavailable",
        answer(html(f'<body class="error404"><a href="/x/">{NO_DATABASE}</a></body>'), 404),
    ),
    Made(
        "an article about PHP",
        "proto.not_json",
        answer(html("<body><p>PHP Fatal error: and now? <b>Fatal error</b>: too</p></body>")),
    ),
    Made(
        "404 with a notice, beside an article about PHP",
        "site.rest_unavailable",
        answer(
            "<br />\n<b>Notice</b>:  x in <b>/srv/x.php</b> on line <b>3</b><br />\n"
            + html("<body><b>Fatal error</b>: an article</body>"),
            404,
        ),
    ),
    Made(
        "links to sellers of domains",
        "proto.not_json",
        answer(
            html(
                '<body><a href="https://www.sedo.com/search/">Sedo</a> <a href="//dan.com/">x</a>'
                ' <a href="/cgi-sys/suspendedpage.cgi">x</a> bodis.com, sedoparking.com'
                " <code>&lt;html data-adblockkey=x&gt; window.park = 1</code></body>"
            )
        ),
    ),
    Made(
        "maintenance behind Cloudflare",
        "site.maintenance",
        answer(died("<h1>x</h1>"), 503, [CLOUDFLARE, RAY, ("Retry-After", "600")]),
    ),
    Made(
        "500 behind Cloudflare", "site.server_error", answer("<h1>x</h1>", 500, [CLOUDFLARE, RAY])
    ),
    Made("a form to sign on", "proto.not_json", answer('<div id="jetpack-sso-wrap"></div>')),
    Made("a form with a code", "proto.not_json", answer('<input name="otp"><input name="pwd">')),
)
"""Healthy pages in the wrong place: they are no answer, but none of the troubles above either."""

_BAD = "auth.bad_credentials"
_REJECTED = box(f"Falsch. {LOST}")

HEALTHY_LOGINS = (
    Made("to the dashboard", "", moved("/wp-admin/", ALIVE)),
    Made(
        "to the confirmation of the address",
        "",
        moved("/wp-login.php?redirect_to=x&action=confirm_admin_email", ALIVE),
    ),
    Made("to another host", "", moved("https://members.example/", ALIVE)),
    Made("to the front page", "", moved("/", ALIVE)),
    Made("as a page with a captcha", "", at_login(form(USER, WIDGET), 200, [ALIVE])),
    Made(
        "as a page with a button", "", at_login('<div id="jetpack-sso-wrap"></div>', 200, [ALIVE])
    ),
    Made("behind Cloudflare", "", moved("/wp-admin/", ALIVE, CLOUDFLARE, RAY)),
    Made("interim", "", at_login("", 200, [ALIVE], "login interim-login-success")),
    Made("by a shop's plugin", "", moved("/my-account/?code=1&otp=0", ALIVE)),
    Made("rejected", _BAD, at_login(_REJECTED + form(USER) + SHAKE)),
    Made("rejected, without a shake", _BAD, at_login(_REJECTED + form(USER))),
    Made("unknown name", _BAD, at_login(box("Unbekannt.") + form() + SHAKE)),
    Made(
        "rejected, a button to sign on beside",
        _BAD,
        at_login('<div id="jetpack-sso-wrap"></div>' + _REJECTED + form(USER) + SHAKE),
    ),
    Made(
        "rejected, a field for a code beside",
        _BAD,
        at_login(_REJECTED + form(USER, '<input name="googleotp">') + SHAKE),
    ),
    Made(
        "rejected, so many tries left", _BAD, at_login(box(f"Noch 3. {LOST}") + form(USER) + SHAKE)
    ),
    Made("rejected, with a time in the name", _BAD, at_login(box(f"{USER}?") + form(USER) + SHAKE)),
    Made(
        "rejected behind Cloudflare",
        _BAD,
        at_login(_REJECTED + form(USER) + SHAKE, 200, [CLOUDFLARE, RAY]),
    ),
)
"""Logins that worked, and passwords that were plainly rejected, among things that mislead."""
