"""What plugins leave in a login page, by which their pages are told apart in every language.

Field names, ids and addresses are part of a plugin's code and stay when its words are translated;
see wordpress-auth 1.8. A number with a unit of time is the one thing that is read from words, and
only to show it.
"""

from __future__ import annotations

import re

__all__ = [
    "CAPTCHA",
    "CODE_FIELD",
    "ERROR",
    "FORM",
    "LOGIN_BODY",
    "NEW_PASSWORD",
    "PASSWORD",
    "PROTECT_BLOCK",
    "PROTECT_MATH",
    "SECOND_STEP",
    "SIGN_ON",
    "SIGN_ON_ONLY",
    "STEP_ADDRESS",
    "waiting_time",
]

ERROR = re.compile(r"""id=["']login_error["']""")
FORM = re.compile(r"<form\b", re.I)
PASSWORD = re.compile(r"""\b(?:name=["']pwd["']|id=["']user_pass["'])""", re.I)
LOGIN_BODY = re.compile(r"""<body[^<>]{0,200}\bclass=["'][^"'<>]{0,400}\blogin\b""", re.I)

SECOND_STEP = re.compile(
    r"""\bname=["'](?:validate_2fa_form|wp-auth-nonce|wfls-token|llar_mfa\w{0,30}"""
    r"""|itsec_(?:interstitial|two_factor)\w{0,40}|mo2fa?_\w{1,60}|miniorange_\w{0,40}2\w{0,40}"""
    r"""|simba_tfa\w{0,30}|sig_response|rublon\w{0,40})["']|\bid=["']duo_iframe["']""",
    re.I,
)
"""Fields of a second step: Two-Factor and its kin, Wordfence, Limit Login Attempts Reloaded, Solid
Security, miniOrange, Simba, Duo, Rublon."""

CODE_FIELD = re.compile(
    r"""\b(?:autocomplete=["']one-time-code["']|name=["'](?:googleotp|authcode|two_factor_code"""
    r"""|login_otp|otp|otp_code|2fa_code|totp\w{0,20}|email_code|verification_code)["'])""",
    re.I,
)
"""Fields for a code; some plugins show one beside the password, for those who have a code."""

STEP_ADDRESS = re.compile(r"2fa|two.?factor|[_\-./=?&]mfa|[_\-./=?&]otp|interstitial", re.I)
CAPTCHA = re.compile(
    r"""g-recaptcha|h-captcha|cf-turnstile|frc-captcha|altcha-widget|jetpack_protect_num"""
    r"""|\bname=["'][^"'<>\s]{0,40}captcha[^"'<>\s]{0,40}["']""",
    re.I,
)
NEW_PASSWORD = re.compile(
    r"""admin-email-confirm-form|\bid=["'](?:resetpassform|lostpasswordform)["']"""
    r"""|\bname=["']pass1["']|\baction=password-detection\b""",
    re.I,
)
"""Pages of WordPress and Jetpack that want an address confirmed or the password changed."""

SIGN_ON_ONLY = re.compile(r"""<body[^<>]{0,200}\bclass=["'][^"'<>]{0,400}\bjetpack-sso\b""", re.I)
SIGN_ON = re.compile(
    r"""jetpack-sso|\b(?:mo_)?saml_(?:sso|user_login)\b|[?&]option=saml|openid-connect-login"""
    r"""|nextend-social-login|wp-saml-auth|\boauth2?[_-](?:login|authorize)\b""",
    re.I,
)
PROTECT_BLOCK = "jetpack-protect-recovery=true"
PROTECT_MATH = "jetpack_protect_process_math_form"

_WAIT = re.compile(
    r"(?<![\d.])(\d{1,4})\s{0,3}"
    r"(?:(sec|sek|seg|сек|秒|초)|(min|мин|хв|分|분|λεπτ|דק|dakika|phút)"
    r"|(hour|hora|heure|ora\b|ore\b|stund|uur|uren|godz|час|小时|小時|時間|시간|saat|timm|time[rn]?\b)"
    r"|(day|tag|jour|d[ií]a|giorn|dag|дн|день|天|日|일|gün))",
    re.I,
)
_UNITS = ((1, "second"), (60, "minute"), (3600, "hour"), (86400, "day"))


def waiting_time(words: str) -> tuple[float, str] | None:
    """Return how long a page says to wait, in seconds and for people; None where it says nothing.

    Args:
        words: The visible words of a refusal; hostile text.
    """
    found = _WAIT.search(words)
    if found is None:
        return None
    number = int(found.group(1))
    place = next(index for index in range(4) if found.group(index + 2) is not None)
    seconds, unit = _UNITS[place]
    return float(number * seconds), f"{number} {unit}{'' if number == 1 else 's'}"
