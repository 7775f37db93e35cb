"""Every plain value of ``fleet.yaml``: what it accepts, and the same for editors as JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from fleet.errors import InputError
from fleet.front.watch.cron import check_cron
from fleet.front.watch.nouns import AlertKind, ChannelType, Misfire
from fleet.inventory.fields import NAME_PATTERN, Field, check_name
from fleet.inventory.windows import ZONE_PATTERN, parse_zone
from fleet.inventory.wording import described, guess
from fleet.plugins import Group, Plugins
from fleet.policy.fields import SELECT, SEVERITY

__all__ = ["ALERT", "CHANNEL", "KIND", "SCHEDULE", "TO", "WORD"]

CRON_PATTERN = r"[0-9A-Za-z*,/-]+(?: +[0-9A-Za-z*,/-]+){4}"
REFERENCE_PATTERN = r"(?:env|file|exec|keyring):\S.*"
DURATION_PATTERN = r"[0-9]{1,8}(?:\.[0-9]{1,3})?(?:s|m|h|d)"
HOST_PATTERN = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
MAIL_PATTERN = (
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
)
LINE_PATTERN = r"(?=.*\S)[^\x00-\x1f\x7f-\x9f]{1,500}"
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_LONGEST = 90 * 86_400.0


def _pattern(pattern: str, description: str) -> Mapping[str, object]:
    return {"type": "string", "pattern": f"^{pattern}$", "description": description}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected text, found {described(value)}")
    return value


def _matching(pattern: str, wanted: str, description: str) -> Field:
    def parse(value: object) -> str:
        if not re.fullmatch(pattern, _text(value)):
            raise ValueError(f"expected {wanted}")
        return str(value)

    return Field(parse, _pattern(pattern, description))


def _enum(kind: type[StrEnum], description: str) -> Field:
    words = {str(member): member for member in kind}

    def parse(value: object) -> object:
        if not isinstance(value, str) or value not in words:
            hint = guess(value, words) if isinstance(value, str) else ""
            raise ValueError(f"expected {', '.join(words)}{hint}")
        return words[value]

    return Field(parse, {"enum": list(words), "description": description})


def _time(description: str) -> Field:
    def parse(value: object) -> float:
        if isinstance(value, str) and re.fullmatch(DURATION_PATTERN, value):
            seconds = float(value[:-1]) * _UNITS[value[-1]]
        elif isinstance(value, int | float) and not isinstance(value, bool):
            seconds = float(value)
        else:
            raise ValueError("expected a length of time, such as 90s, 5m, 2h or 1d")
        if not 0 <= seconds <= _LONGEST:
            raise ValueError("a length of time is at most 90d")
        return seconds

    schema = {
        "anyOf": [
            {"type": "number", "minimum": 0, "maximum": _LONGEST},
            {"type": "string", "pattern": f"^{DURATION_PATTERN}$"},
        ],
        "description": f"{description} 90s, 5m, 2h, 1d, or a number of seconds.",
    }
    return Field(parse, schema)


def _number(least: int, most: int, description: str) -> Field:
    def parse(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"expected a whole number from {least} to {most}")
        return value

    schema = {"type": "integer", "minimum": least, "maximum": most, "description": description}
    return Field(parse, schema)


def _name(value: object) -> str:
    check_name(_text(value))
    return str(value)


def _cron(value: object) -> str:
    try:
        check_cron(_text(value))
    except InputError as error:
        raise ValueError(error.message) from None
    return str(value)


def _secret(description: str) -> Field:
    wanted = "where it is, since it is secret: env:NAME, file:PATH, exec:COMMAND or keyring:X/Y"
    return _matching(REFERENCE_PATTERN, wanted, description)


def _notifier(value: object) -> str:
    known = Plugins().names(Group.NOTIFIERS)
    if value not in known:
        there = f": {', '.join(known)}" if known else ", and none is"
        raise ValueError(f"expected a notifier that is installed{there}")
    return str(value)


NAME = Field(_name, _pattern(NAME_PATTERN, "Its unique name."))
WORD = _matching(LINE_PATTERN, "a line of text", "A path or name.")
KIND = _enum(AlertKind, "What is told.")
TO = _matching(MAIL_PATTERN, "an e-mail address, such as ops@example.org", "An e-mail address.")

SCHEDULE: Mapping[str, Field] = {
    "name": NAME,
    "run": _matching(
        r"[a-z][a-z0-9.-]{0,99}", "audit, plan or an operation", "audit, plan or an operation."
    ),
    "cron": Field(_cron, _pattern(CRON_PATTERN, "Five fields as in a crontab, in quotes.")),
    "tz": Field(parse_zone, _pattern(ZONE_PATTERN, "Time zone of cron, such as Europe/Vienna.")),
    "select": SELECT,
    "jitter": _time("Spread of the start:"),
    "misfire": _enum(Misfire, "What becomes of a run whose time passed."),
    "grace": _time("How late a run may start, and how late it is not yet missed:"),
    "heartbeat": _secret("Where the address is that is told of each run that ended."),
    "concurrency": _number(1, 1000, "Sites worked on at the same time."),
}
"""The plain keys of a schedule."""

ALERT: Mapping[str, Field] = {
    "name": NAME,
    "select": SELECT,
    "severity": SEVERITY,
    "min_sites": _number(1, 1_000_000, "Sites that have to be concerned."),
    "after": _number(1, 100, "Runs in a row that have to see it."),
    "repeat": _time("When what is still so is told again, 0 for never:"),
}
"""The plain keys of a route of alerts."""

CHANNEL: Mapping[str, Field] = {
    "type": _enum(ChannelType, "How alerts travel."),
    "url": _secret("Where the address is."),
    "secret": _secret("Where the key is that webhooks are signed with."),
    "digest": _time("How long alerts are gathered into one message:"),
    "ca_file": _matching(LINE_PATTERN, "a path", "Certificate authorities to trust, as PEM."),
    "host": _matching(HOST_PATTERN, "the name of a mail server", "The mail server."),
    "port": _number(1, 65535, "Its port."),
    "security": _matching(
        "starttls|tls|none", "starttls, tls or none", "How it is encrypted; none on loopback only."
    ),
    "username": _matching(LINE_PATTERN, "a login name", "Login at the mail server."),
    "password": _secret("Where its password is."),
    "from": TO,
    "notifier": Field(_notifier, _pattern(NAME_PATTERN, "The plugin that takes the messages.")),
}
"""The plain keys of a channel."""
