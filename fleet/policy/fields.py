"""Every plain value of a policy file: what it accepts, and the same for editors as JSON Schema.

As in the inventory, the two descriptions stand side by side so that they stay the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from fleet.errors import InputError
from fleet.inventory.fields import NAME_PATTERN, Field, check_name
from fleet.inventory.selector import Selector, parse_selector
from fleet.inventory.wording import described, guess
from fleet.policy.rollout import Share
from fleet.policy.rules import PLUGIN_PATTERN, SLUG_PATTERN, Level, Mode, Severity

__all__ = [
    "APPROVAL",
    "CONTAINS",
    "DEACTIVATIONS",
    "EXPIRES",
    "LEVEL",
    "LIMIT",
    "MODE",
    "NAME",
    "NOTE",
    "PATH",
    "PAUSE",
    "PLUGIN",
    "SELECT",
    "SEVERITY",
    "SITE",
    "SLUG",
    "STATUS",
    "STEP",
    "VERSION",
    "WITHIN",
    "parse_share",
]

MINUTE, DAY = 60, 86_400
LONGEST = 30 * DAY
MANY = 1_000_000
DURATION_PATTERN = r"[0-9]{1,8}(?:\.[0-9]{1,6})?(?:ms|s|m|h|d)"
SOME_TIME = r"(?=.*[1-9])" + DURATION_PATTERN
PERCENT_PATTERN = r"(?:100(?:\.0{1,4})?|[0-9]{1,2}(?:\.[0-9]{1,4})?)%"
SOME_PERCENT = r"(?=.*[1-9])" + PERCENT_PATTERN
VERSION_PATTERN = r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,5}(?:-[A-Za-z0-9.]{1,20})?"
SITE_PATTERN = r"[A-Za-z0-9._*?!\[\]-]{1,100}"
# Only what stands for itself in an address, and nothing that leads to another place.
PATH_PATTERN = r"/(?!/)(?!.*\.\.)[!$&'()*+,./0-9:;=?@A-Z_a-z~%-]{0,200}"
LINE_PATTERN = r"(?=.*\S)[^\x00-\x1f\x7f-\x9f]{1,200}"

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION = re.compile(r"([0-9.]+)(ms|s|m|h|d)")


def parse_share(text: object) -> Share:
    """Return the number of sites or the percentage given, such as ``3`` or ``"10%"``.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(text, int) and not isinstance(text, bool) and 0 <= text <= MANY:
        return Share(count=text)
    if isinstance(text, str) and re.fullmatch(PERCENT_PATTERN, text):
        return Share(percent=Decimal(text.removesuffix("%")))
    raise ValueError("expected a number of sites or a percentage, such as 3 or 10%")


def _step(value: object) -> Share:
    share = parse_share(value)
    if not share.count and not share.percent:
        raise ValueError("a wave has more than no sites: write a number from 1 on or a percentage")
    return share


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MANY:
        raise ValueError("expected a whole number from 0 on")
    return value


def _text(value: object) -> str:
    if isinstance(value, bool | int | float):
        raise ValueError(f"expected text, found {described(value)}: write it in quotes")
    if not isinstance(value, str):
        raise ValueError(f"expected text, found {described(value)}")
    return value


def _name(value: object) -> str:
    check_name(_text(value))
    return str(value)


def _line(value: object) -> str:
    text = _text(value)
    if not re.fullmatch(LINE_PATTERN, text) or not text.isprintable():
        raise ValueError(
            "expected a line of up to 200 characters, none of them a control character"
        )
    return text


def _select(value: object) -> tuple[str, Selector]:
    try:
        return _text(value), parse_selector(_text(value))
    except InputError as error:
        raise ValueError(error.message) from None


def _matching(pattern: str, wanted: str, description: str) -> Field:
    def parse(value: object) -> str:
        if not re.fullmatch(pattern, _text(value)):
            raise ValueError(f"expected {wanted}")
        return str(value)

    return Field(parse, _pattern(pattern, description))


def _word(words: Mapping[str, object], description: str) -> Field:
    def parse(value: object) -> object:
        if not isinstance(value, str) or value not in words:
            hint = guess(value, words) if isinstance(value, str) else ""
            raise ValueError(f"expected {', '.join(words)}{hint}")
        return words[value]

    return Field(parse, {"enum": list(words), "description": description})


def _enum(kind: type[StrEnum], description: str) -> Field:
    return _word({str(member): member for member in kind}, description)


def _time(longest: int, description: str, *, nothing: bool) -> Field:
    bound = "minimum" if nothing else "exclusiveMinimum"
    pattern = DURATION_PATTERN if nothing else SOME_TIME

    def parse(value: object) -> float:
        seconds = _seconds(value, pattern)
        if seconds > longest or seconds < 0 or (not nothing and not seconds):
            span = f"{longest // DAY}d" if longest % DAY == 0 else f"{longest}s"
            least = "at least nothing" if nothing else "more than nothing"
            raise ValueError(f"this length of time has to be {least} and at most {span}")
        return seconds

    schema = {
        "anyOf": [
            {"type": "number", bound: 0, "maximum": longest},
            {"type": "string", "pattern": f"^{pattern}$"},
        ],
        "description": f"{description} 90s, 5m, 2h, 1d, or a number of seconds.",
    }
    return Field(parse, schema)


def _seconds(value: object, pattern: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and re.fullmatch(pattern, value):
        parts = _DURATION.fullmatch(value)
        return float(parts[1]) * _UNITS[parts[2]] if parts else 0.0
    raise ValueError("expected a length of time, such as 90s, 5m, 2h, 1d or a number of seconds")


def _status(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 100 <= value <= 599:
        raise ValueError("expected a status code, such as 200")
    return value


def _pattern(pattern: str, description: str) -> Mapping[str, object]:
    return {"type": "string", "pattern": f"^{pattern}$", "description": description}


def _share_schema(least: int, pattern: str, description: str) -> Mapping[str, object]:
    return {
        "anyOf": [
            {"type": "integer", "minimum": least, "maximum": MANY},
            {"type": "string", "pattern": f"^{pattern}$"},
        ],
        "description": description,
    }


NAME = Field(_name, _pattern(NAME_PATTERN, "Unique name of the policy."))
LEVEL = _word({str(level): level for level in Level}, "The higher level wins; base by default.")
MODE = _enum(Mode, "What follows from a difference; enforce by default.")
SEVERITY = _enum(Severity, "How bad a difference is; medium by default.")
SELECT = Field(_select, {"type": "string", "description": "Label selector; all sites without."})
SLUG = _matching(
    SLUG_PATTERN, "the slug of a module, such as protect or post-by-email", "Slug of a module."
)
PLUGIN = _matching(
    PLUGIN_PATTERN, "the name of a plugin's folder, such as akismet", "Name of a plugin's folder."
)
VERSION = _matching(VERSION_PATTERN, 'a version in quotes, such as "13.0"', "The lowest version.")
SITE = _matching(SITE_PATTERN, "the name of a site or a glob, such as shop-*", "A name or glob.")
NOTE = Field(_line, _pattern(LINE_PATTERN, "For people."))
STEP = Field(_step, _share_schema(1, SOME_PERCENT, "Up to which site a wave reaches: 1, 10%."))
LIMIT = Field(parse_share, _share_schema(0, PERCENT_PATTERN, "A number of sites or percentage."))
DEACTIVATIONS = Field(
    _count, {"type": "integer", "minimum": 0, "maximum": MANY, "description": "How many modules."}
)
PAUSE = _time(LONGEST, "How long to wait:", nothing=True)
EXPIRES = _time(LONGEST, "How long a plan may be applied:", nothing=False)
APPROVAL = _word(
    {"required": True, "none": False},
    "Whether a plan has to be approved before it is applied; none by default.",
)
WITHIN = _time(MINUTE, "How long the answer may take:", nothing=False)
PATH = _matching(
    PATH_PATTERN,
    "a path below the site's address with a slash in front, such as /checkout/",
    "Path below the site's address, such as /checkout/.",
)
STATUS = Field(_status, {"type": "integer", "minimum": 100, "maximum": 599})
CONTAINS = Field(_line, _pattern(LINE_PATTERN, "Text that has to be on the page."))
