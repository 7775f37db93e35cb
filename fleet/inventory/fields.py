"""Every setting of an inventory: what it accepts, and the same for editors as JSON Schema.

A setting's two descriptions stand side by side here so that they stay the same; the schema of
the whole file is put together from them in `fleet.inventory.schema`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from yarl import URL

from fleet.errors import InputError, InputErrors
from fleet.inventory.address import URL_PATTERN, parse_address
from fleet.inventory.document import BROKEN, Broken, Node
from fleet.inventory.references import SecretRef
from fleet.inventory.sites import AuthMethod
from fleet.inventory.windows import (
    DAY_PATTERN,
    SPAN_PATTERN,
    ZONE_PATTERN,
    Span,
    parse_day,
    parse_span,
    parse_zone,
)
from fleet.inventory.wording import described

__all__ = [
    "DAY",
    "NAME_PATTERN",
    "REASON",
    "SECTIONS",
    "SITE_URL",
    "STATE",
    "SWITCH",
    "Field",
    "check_name",
    "display",
]

NAME_PATTERN = "[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
"""Pattern of a whole name of a site or group."""
DURATION_PATTERN = r"(?=.*[1-9])([0-9]{1,8}(\.[0-9]{1,6})?)(ms|s|m|h)"
USERNAME_PATTERN = r"[^\x00-\x20\x7f-\xa0:]([^\x00-\x1f\x7f-\xa0:]{0,98}[^\x00-\x20\x7f-\xa0:])?"
# Neither ":" nor "%", so that joined to the site's address it can never become another address.
LOGIN_PATH_PATTERN = r"(?!/)(?!.*\.\.)[!\"$&-9;-\[\]-~]{1,200}"
PIN_PATTERN = "sha256/[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="
PROXY_PATTERN = (
    r"http://(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]):(?P<port>[0-9]{1,5})"
)
LONGEST = 86_400
LONGEST_REASON = 200

_NAME = re.compile(NAME_PATTERN)
_DURATION = re.compile(DURATION_PATTERN)
_USERNAME = re.compile(USERNAME_PATTERN)
_LOGIN_PATH = re.compile(LOGIN_PATH_PATTERN)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Field:
    """One setting.

    Args:
        parse: Returns the value to use; raises ValueError with what to write instead, without
            repeating what was written, or InputError and InputErrors where it knows the place.
        schema: The same as JSON Schema.
    """

    parse: Callable[[object], object]
    schema: Mapping[str, object]


def check_name(text: str) -> None:
    """Raise ValueError where `text` cannot be the name of a site or group."""
    if not _NAME.fullmatch(text):
        raise ValueError(
            "a name has up to 100 letters, digits, '.', '_' and '-', and begins with a letter "
            "or digit"
        )


def display(value: object) -> str:
    """Return the value of a setting for people; secrets as their reference."""
    if isinstance(value, SecretRef):
        return value.text
    if value is None:
        return "(system)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:g}s" if isinstance(value, float) else str(value)


def _text(value: object) -> str:
    if isinstance(value, bool | int | float):
        raise ValueError(f"expected text, found {described(value)}: write it in quotes")
    if not isinstance(value, str):
        raise ValueError(f"expected text, found {described(value)}")
    if not value.strip():
        raise ValueError("expected text, found only an empty one")
    return value


def _url(value: object) -> URL:
    return parse_address(_text(value))


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, found {described(value)}")
    return value


def _choice(*words: str) -> Field:
    def parse(value: object) -> str:
        if value not in words:
            raise ValueError(f"expected {' or '.join(words)}")
        return str(value)

    return Field(parse, {"enum": list(words)})


def _duration(value: object) -> float:
    seconds = 0.0
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    elif isinstance(value, str) and (parts := _DURATION.fullmatch(value)):
        seconds = float(parts[1]) * _UNITS[parts[3]]
    else:
        raise ValueError("expected a length of time, such as 30s, 2m, 500ms or a number of seconds")
    if not 0 < seconds <= LONGEST:
        raise ValueError("a length of time is more than nothing and at most 24h")
    return seconds


def _username(value: object) -> str:
    text = _text(value)
    if not _USERNAME.fullmatch(text) or not text.isprintable():
        raise ValueError(
            "a user name has up to 100 characters, no ':' or control character, and no space at "
            "either end"
        )
    return text


def _login_path(value: object) -> str:
    text = _text(value)
    if not _LOGIN_PATH.fullmatch(text):
        raise ValueError(
            "expected a path below the site's address without a slash in front, such as "
            "wp-login.php or secret-door/"
        )
    return text


def _ca_file(value: object) -> Path:
    text = _text(value)
    if not text.isprintable():
        raise ValueError("the path has a control character in it")
    return Path(text)


def _pin(value: object) -> str:
    text = _text(value)
    if not re.fullmatch(PIN_PATTERN, text):
        raise ValueError(
            "expected sha256/ and the digest of the site's public key in base64, 44 characters"
        )
    return text


def _proxy(value: object) -> str:
    """Return the address of a proxy; a password in it would be shown wherever the address is."""
    text = _text(value)
    found = re.fullmatch(PROXY_PATTERN, text)
    if not found or not 1 <= int(found["port"]) <= 65535:
        raise ValueError(
            "expected a proxy as http://HOST:PORT, without user or password, as in "
            "http://proxy.example:3128"
        )
    return text


def _spans(value: object) -> tuple[Span, ...] | Broken:
    if not isinstance(value, tuple) or not value:
        raise ValueError("expected a list of days and times, such as ['Mon-Thu 07:00-16:00']")
    spans: list[Span] = []
    errors: list[InputError] = []
    nodes = [item for item in value if isinstance(item, Node) and item.value is not BROKEN]
    for item in nodes:
        try:
            spans.append(parse_span(item.value))
        except ValueError as error:
            errors.append(InputError(str(error), item.place))
    if errors:
        raise InputErrors(errors)
    return tuple(spans) if len(nodes) == len(value) else BROKEN


def _reason(value: object) -> str:
    text = _text(value)
    if not text.isprintable() or len(text) > LONGEST_REASON:
        raise ValueError("a reason has up to 200 characters and no control character")
    return text


def _pattern(pattern: str, description: str) -> Mapping[str, object]:
    return {"type": "string", "pattern": f"^{pattern}$", "description": description}


def _time(description: str) -> Field:
    schema = {
        "anyOf": [
            {"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST},
            {"type": "string", "pattern": f"^{DURATION_PATTERN}$"},
        ],
        "description": f"{description} 30s, 2m, 500ms, or a number of seconds.",
    }
    return Field(_duration, schema)


SITE_URL = Field(
    _url,
    {
        "type": "string",
        "pattern": URL_PATTERN,
        "description": "The site's address, as people type it.",
    },
)
STATE = _choice("active", "paused")
SWITCH = Field(_switch, {"type": "boolean"})
DAY = Field(parse_day, _pattern(DAY_PATTERN, "A day, such as 2027-01-31."))
REASON = Field(
    _reason, _pattern(r"(?=.*\S)[^\x00-\x1f\x7f-\x9f]{1,200}", "Why, in words for people.")
)

SECTIONS: Mapping[str, Mapping[str, Field]] = MappingProxyType(
    {
        "auth": {
            "method": _choice(*AuthMethod),
            "username": Field(_username, _pattern(USERNAME_PATTERN, "The account's login name.")),
            "password": Field(
                _text,
                _pattern(
                    r"(.*\S.*)",
                    "Where the password is: env:NAME, file:PATH, exec:COMMAND or "
                    "keyring:SERVICE/USERNAME.",
                ),
            ),
            "login_path": Field(
                _login_path,
                _pattern(LOGIN_PATH_PATTERN, "Path of a login form that has been moved."),
            ),
        },
        "http": {
            "timeout": _time("Longest time for one request:"),
            "deadline": _time("Longest time for one whole visit:"),
            "allow_plaintext": SWITCH,
            "ca_file": Field(
                _ca_file, _pattern(r"(.*\S.*)", "Certificate authorities to trust, as a PEM file.")
            ),
            "pin": Field(
                _pin, _pattern(PIN_PATTERN, "The one public key to trust, such as sha256/….")
            ),
            "proxy": Field(
                _proxy,
                _pattern(
                    PROXY_PATTERN.replace("?P<port>", ""),
                    "A proxy to go through, such as http://proxy.example:3128.",
                ),
            ),
        },
        "window": {
            "tz": Field(parse_zone, _pattern(ZONE_PATTERN, "Time zone, such as Europe/Vienna.")),
            "allow": Field(
                _spans,
                {
                    "type": "array",
                    "minItems": 1,
                    "items": {"type": "string", "pattern": f"^{SPAN_PATTERN}$"},
                    "description": "When changes may start, such as Mon-Thu 07:00-16:00.",
                },
            ),
        },
    }
)
"""The settings that stand below a key of their own, such as ``auth.username``."""
