"""What an answer of the login page means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import SiteError
from fleet.site.login import Lockout, classify_login, has_session_cookie
from fleet.site.transport import Reply
from tests.site.login_pages import (
    ALIVE,
    ALIVE_BELOW,
    ALIVE_CHIPS,
    BOX,
    OLD_BOX,
    OLD_SHAKE,
    PLAIN_LOGIN,
    RECOVERY,
    SECOND_STEP,
    SHAKE,
    SIGN_ON,
    SUM,
    TAKEN_BACK,
    TAKEN_BACK_BY_AGE,
    TAKEN_BACK_BY_DATE,
    TAKEN_BACK_BY_OLD_PHP,
    TEST_COOKIE,
    USER,
    form,
    page,
    redirect,
)

CONFIRM = "https://harbour.example/wp-login.php?redirect_to=%2F&action=confirm_admin_email"
LEAKED = "https://harbour.example/wp-login.php?action=password-detection&token=5c5c"
INTERIM = '<html><body class="login interim-login interim-login-success"></body></html>'
CAPTCHA = '<div class="g-recaptcha" data-sitekey="k"></div>'
TURNSTILE = '<div class="cf-turnstile" data-sitekey="k"></div>'


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(redirect("/wp-admin/", cookies=[TEST_COOKIE, ALIVE]), id="to the dashboard"),
        pytest.param(redirect(CONFIRM, cookies=[ALIVE]), id="to the e-mail confirmation"),
        pytest.param(redirect("https://club.example/", cookies=[ALIVE]), id="to another host"),
        pytest.param(redirect("/", cookies=[ALIVE, ALIVE_BELOW]), id="cookie on two paths"),
        pytest.param(redirect("/", cookies=[ALIVE_CHIPS]), id="cookie with newer attributes"),
        pytest.param(redirect("/", cookies=[TAKEN_BACK, ALIVE]), id="old cookie removed first"),
        pytest.param(page(INTERIM, cookies=[ALIVE]), id="interim login"),
        pytest.param(redirect("mailto:a@b.example", cookies=[ALIVE]), id="nowhere to go"),
    ],
)
def test_a_living_cookie_is_a_success(answer: Reply) -> None:
    assert classify_login(answer, USER) is None


FAILURES = [
    pytest.param(form(OLD_BOX, OLD_SHAKE, user=USER), "auth.bad_credentials", id="before 5.4"),
    pytest.param(form(OLD_BOX, SHAKE, user=USER), "auth.bad_credentials", id="before 6.4"),
    pytest.param(form(BOX, SHAKE, user=USER), "auth.bad_credentials", id="since 6.4"),
    pytest.param(form(BOX, SHAKE), "auth.bad_credentials", id="unknown user"),
    pytest.param(form(BOX, user=USER), "auth.bad_credentials", id="prefilled without shake"),
    pytest.param(form(BOX, user=USER, quote="'"), "auth.bad_credentials", id="single quotes"),
    pytest.param(form(BOX), "auth.locked_out", id="plugin refuses without shake"),
    pytest.param(form(BOX, user="somebody"), "auth.locked_out", id="another user prefilled"),
    pytest.param(BOX, "auth.locked_out", id="error without a form"),
    pytest.param(form(RECOVERY), "auth.locked_out", id="Protect blocks the address"),
    pytest.param(RECOVERY + BOX, "auth.locked_out", id="Protect blocks with a box"),
    pytest.param(form(SUM), "block.captcha", id="sum inside the form"),
    pytest.param(form(BOX, SUM), "block.captcha", id="sum beside a refusal"),
    pytest.param(form(BOX, CAPTCHA), "block.captcha", id="captcha without shake"),
    pytest.param(form(BOX, SHAKE, CAPTCHA, user=USER), "block.captcha", id="captcha unsolved"),
    pytest.param(form(TURNSTILE), "block.captcha", id="captcha without error"),
    pytest.param(SECOND_STEP, "auth.second_factor", id="Two-Factor"),
    pytest.param(
        form(BOX, '<input name="wfls-token" />'), "auth.second_factor", id="Wordfence code"
    ),
    pytest.param(
        form("<input name='llar_mfa_code' />"), "auth.second_factor", id="code by a limiter"
    ),
    pytest.param(
        form(BOX, body_class="login jetpack-sso wp-core-ui"),
        "auth.sso_only",
        id="single sign-on only",
    ),
    pytest.param(
        form(BOX, SHAKE, SIGN_ON, user=USER), "auth.bad_credentials", id="single sign-on offered"
    ),
    pytest.param(form(), "auth.session", id="form without error"),
    pytest.param("", "auth.session", id="empty page"),
    pytest.param("<html>Coming soon</html>", "auth.session", id="parking page"),
]


@pytest.mark.parametrize(("body", "kind"), FAILURES)
def test_a_page_without_cookie_is_told_apart(body: str, kind: str) -> None:
    error = classify_login(page(body), USER)
    assert error is not None
    assert error.kind == kind


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(
            page(form(), cookies=[ALIVE, ALIVE_BELOW, TAKEN_BACK, TAKEN_BACK]),
            "auth.session",
            id="reauth",
        ),
        pytest.param(
            page(form(BOX), cookies=[ALIVE, TAKEN_BACK_BY_OLD_PHP]),
            "auth.locked_out",
            id="taken back by old PHP",
        ),
        pytest.param(
            redirect("/wp-admin/", cookies=[ALIVE, TAKEN_BACK_BY_AGE]),
            "auth.session",
            id="taken back by age",
        ),
        pytest.param(
            redirect("/wp-admin/", cookies=[ALIVE, TAKEN_BACK_BY_DATE]),
            "auth.session",
            id="taken back by date",
        ),
        pytest.param(
            page(SECOND_STEP, cookies=[ALIVE, TAKEN_BACK]),
            "auth.second_factor",
            id="second factor takes the cookie back",
        ),
        pytest.param(
            redirect(
                "/wp-admin/",
                cookies=["wordpress_logged_in=x", "xwordpress_logged_in_0=y", "; ;", ""],
            ),
            "auth.session",
            id="other cookies",
        ),
    ],
)
def test_a_cookie_taken_back_is_no_session(answer: Reply, kind: str) -> None:
    error = classify_login(answer, USER)
    assert error is not None
    assert error.kind == kind


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        pytest.param("https://wordpress.com/wp-login.php?x=1", "auth.sso_only", id="handed"),
        pytest.param("https://harbour.example:8443/", "auth.sso_only", id="another port"),
        pytest.param(LEAKED, "auth.leaked_password", id="leaked password"),
        pytest.param("/404", "site.login_hidden", id="hidden login"),
        pytest.param("/wp-login.php?reauth=1", "auth.session", id="back to the form"),
        pytest.param("javascript:alert(1)", "auth.session", id="no address"),
        pytest.param("http://[::1", "auth.session", id="broken address"),
    ],
)
def test_a_redirect_without_cookie_is_no_success(target: str, kind: str) -> None:
    error = classify_login(redirect(target), USER)
    assert error is not None
    assert error.kind == kind


def test_a_login_moved_to_https_is_no_success() -> None:
    """WordPress redirects before it reads the form."""
    error = classify_login(redirect("https://harbour.example/wp-login.php", url=PLAIN_LOGIN), USER)
    assert error is not None
    assert error.kind == "auth.session"


CHALLENGE = "<script src='/cdn-cgi/challenge-platform/h/g/orchestrate/chl_page/v1?ray=8'></script>"
MAINTENANCE = "<title>Maintenance</title>"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(page("", 401, headers=[("WWW-Authenticate", "Basic")]), "block.waf", id="401"),
        pytest.param(page("<h1>Forbidden</h1>", 403), "site.login_hidden", id="403"),
        pytest.param(page("", 406), "block.waf", id="406"),
        pytest.param(
            page("blocked", 403, headers=[("X-JetpackWAF-Blocked", "403 - rule 7")]),
            "block.waf",
            id="Jetpack's firewall",
        ),
        pytest.param(page(SUM, 401), "block.captcha", id="sum instead of the form"),
        pytest.param(
            page("", 403, headers=[("cf-mitigated", "challenge")]), "block.captcha", id="cdn header"
        ),
        pytest.param(page(CHALLENGE, 403), "block.captcha", id="cdn page"),
        pytest.param(page(TURNSTILE, 403), "block.captcha", id="widget on a 403"),
        pytest.param(page("<h1>Not Found</h1>", 404), "site.login_hidden", id="hidden"),
        pytest.param(page("", 429), "throttle.limited", id="429"),
        pytest.param(
            page(MAINTENANCE, 503, headers=[("Retry-After", "600")]),
            "site.maintenance",
            id="maintenance",
        ),
        pytest.param(page("", 500, cookies=[ALIVE]), "site.server_error", id="fatal after login"),
        pytest.param(page("", 502), "site.server_error", id="502"),
    ],
)
def test_what_stands_in_front_is_recognised(answer: Reply, kind: str) -> None:
    error = classify_login(answer, USER)
    assert error is not None
    assert error.kind == kind


CDN = [("Server", "cloudflare"), ("CF-RAY", "8f00")]


@pytest.mark.parametrize(
    ("answer", "sure", "shared"),
    [
        pytest.param(
            page(form("<div id='login_error'>20 min</div>")), True, True, id="with a time"
        ),
        pytest.param(page(form(BOX)), False, True, id="any refusal"),
        pytest.param(page(form(RECOVERY)), True, True, id="Protect"),
        pytest.param(page(form(BOX), headers=CDN), False, False, id="behind a CDN"),
        pytest.param(page('<p class="wp-die-message">x</p>', 403), True, True, id="by status"),
    ],
)
def test_a_lockout_tells_whether_its_neighbours_are_meant(
    answer: Reply, *, sure: bool, shared: bool
) -> None:
    error = classify_login(answer, USER)
    assert isinstance(error, Lockout)
    assert (error.sure, error.shared) == (sure, shared)


def test_a_prefilled_name_is_compared_unescaped() -> None:
    error = classify_login(page(form(BOX, user="o&#039;hara &amp; co")), "o'hara & co")
    assert error is not None
    assert error.kind == "auth.bad_credentials"


def test_a_prefilled_name_that_cannot_be_unescaped_is_another_one() -> None:
    error = classify_login(page(form(BOX, user="&#" + "9" * 5000)), USER)
    assert error is not None
    assert error.kind == "auth.locked_out"


def test_a_page_is_searched_up_to_a_limit() -> None:
    error = classify_login(page(" " * 1_000_000 + form(BOX, SHAKE, user=USER)), USER)
    assert error is not None
    assert error.kind == "auth.session"


def test_what_the_page_says_is_kept_apart_from_our_words() -> None:
    error = classify_login(page(form(BOX, SHAKE, user=USER)), USER)
    assert error is not None
    assert "Nein." in error.said
    assert "Nein." not in error.message


def test_a_user_name_field_without_a_value_is_not_prefilled() -> None:
    bare = BOX + '<input id="user_login" type="text">'
    error = classify_login(page(bare), USER)
    assert error is not None
    assert error.kind == "auth.locked_out"


@pytest.mark.parametrize("unit", ["<input", "<input id='user_login' ", "name='llar_mfa", "<"])
def test_a_huge_hostile_page_is_read_in_one_pass(unit: str) -> None:
    error = classify_login(page(BOX + unit * (2_000_000 // len(unit))), USER)
    assert error is not None
    assert error.kind == "auth.locked_out"


@given(st.binary(max_size=300), st.sampled_from((200, 302, 401, 403, 404, 500)))
def test_no_page_without_a_cookie_is_ever_a_success(body: bytes, status: int) -> None:
    assert isinstance(classify_login(page(body.decode("latin-1"), status), USER), SiteError)


@given(st.lists(st.text(st.characters(max_codepoint=255)), max_size=4))
def test_strange_cookies_are_no_session(cookies: list[str]) -> None:
    assert not has_session_cookie(page(cookies=cookies))
