"""JSON Schema of policy files, so that editors complete keys and mark mistakes.

Some rules are beyond a schema, such as those about two parts of a file that disagree. Those are
left to the loader, which has the last word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from fleet.inventory.fields import DAY, Field
from fleet.policy.fields import (
    APPROVAL,
    CONTAINS,
    DEACTIVATIONS,
    EXPIRES,
    LEVEL,
    LIMIT,
    MODE,
    NAME,
    NOTE,
    PATH,
    PAUSE,
    PLUGIN,
    SELECT,
    SEVERITY,
    SITE,
    SLUG,
    STATUS,
    STEP,
    VERSION,
    WITHIN,
)
from fleet.policy.fit import UNFIT
from fleet.policy.parts import KEY, NEEDED
from fleet.policy.policies import VERSIONED
from fleet.policy.rules import SLUG_PATTERN

__all__ = ["policy_schema"]

Schema = dict[str, object]
_GRADE: Mapping[str, Field] = {"mode": MODE, "severity": SEVERITY}
_NAME = r"(?! )[^\x00-\x1f\x7f-\x9f]{1,100}(?<! )"


def policy_schema() -> Schema:
    """Return the schema of one policy file, as JSON Schema 2020-12."""
    top: Schema = {
        "version": {"const": 1, "description": "Version of this format."},
        "policies": _list(_policy(), "What sites should be."),
        "exceptions": _list(_waiver(), "What need not be so yet."),
        "rollout": _rollout(),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Policy of fleet",
        **_mapping(top, ["version"]),
        "$defs": {"setting": _setting()},
    }


def _policy() -> Schema:
    plain = _fields({"name": NAME, "level": LEVEL, "select": SELECT, **_GRADE})
    modules = _list(_named(SLUG), "Slugs of modules.")
    required = _list(_named(PLUGIN, min=VERSION), "Plugins that have to be active.")
    forbidden = _list(_named(PLUGIN), "Plugins that may not be there.")
    version = _mapping(_fields({"min_version": VERSION, **_GRADE}), ["min_version"])
    return _mapping(
        {
            **plain,
            "modules": _mapping({"active": modules, "inactive": modules}),
            "options": _settings(_option_names(), "Module and option, such as carousel.x."),
            "settings": _settings(_setting_names(), "Settings by Jetpack's own key."),
            **{product: dict(version) for product in VERSIONED},
            "plugins": _mapping({"required": required, "forbidden": forbidden}),
        },
        ["name"],
    )


def _named(slug: Field, **more: Field) -> Schema:
    entries = _fields({"slug": slug, **more, **_GRADE})
    return {"anyOf": [dict(slug.schema), _mapping(entries, ["slug"])]}


def _settings(names: Schema, description: str) -> Schema:
    return {
        "type": "object",
        "propertyNames": names,
        "additionalProperties": {"$ref": "#/$defs/setting"},
        "description": description,
    }


def _setting_names() -> Schema:
    return {"pattern": f"^{_NAME}$", "not": {"enum": sorted(UNFIT)}}


def _option_names() -> Schema:
    unfit = "|".join(map(re.escape, sorted(UNFIT)))
    taken = "modules|settings|plugins|jetpack|wordpress|php"
    pattern = rf"^(?!(?:{taken})\.)(?![^.]*\.(?:{unfit})$){SLUG_PATTERN}\.{_NAME}$"
    return {"pattern": pattern}


def _setting() -> Schema:
    """Return the schema of a value, which may be any, or of the long form around one.

    A mapping is a long form where it has a key of one, and then may have no other.
    """
    grade = _fields(_GRADE)
    text = {"type": "string", "description": "A value as JSON, for what YAML cannot say."}
    forms = [
        _mapping({"value": {"description": "Any value."}, **grade}, ["value"]),
        _mapping({"json": text, **grade}, ["json"]),
        {
            "type": "object",
            "properties": {"value": False, "json": False},
            "anyOf": [
                {"maxProperties": 0},
                {"not": {"propertyNames": {"enum": sorted(_GRADE)}}},
            ],
        },
    ]
    others = {"type": ["null", "boolean", "number", "string", "array"]}
    return {"anyOf": [others, *forms]}


def _waiver() -> Schema:
    sites = {**_list(dict(SITE.schema), "Names and globs of sites."), "minItems": 1}
    plain = {"key": KEY, "until": DAY, "reason": NOTE, "owner": NOTE, "ticket": NOTE}
    return _mapping({"sites": sites, **_fields(plain)}, list(NEEDED))


def _rollout() -> Schema:
    budget = _fields({"max_failures": LIMIT, "max_unreachable": LIMIT})
    waves = {**_list(dict(STEP.schema), "How far each wave reaches."), "minItems": 1}
    chosen = {**SELECT.schema, "minLength": 1}
    canary = _mapping({"select": chosen, **_fields({"pause": PAUSE})}, ["select"])
    guard = _fields({"max_sites": LIMIT, "max_deactivations": DEACTIVATIONS})
    return _mapping(
        {
            "waves": waves,
            "canary": {**canary, "description": "Sites that go first."},
            **_fields({"pause": PAUSE, "expires": EXPIRES, "approval": APPROVAL}),
            **budget,
            "wave": {**_mapping(budget), "description": "The same limits for each wave."},
            "guard": {**_mapping(guard), "description": "What a plan may change without a word."},
            "checks": _list(_check(), "What is looked at after a change."),
        }
    )


def _check() -> Schema:
    status = dict(STATUS.schema)
    statuses = {"anyOf": [status, {"type": "array", "items": status, "minItems": 1}]}
    plain = _fields({"path": PATH, "contains": CONTAINS, "within": WITHIN})
    return {"anyOf": [dict(PATH.schema), _mapping({**plain, "status": statuses}, ["path"])]}


def _fields(fields: Mapping[str, Field]) -> Schema:
    return {key: dict(field.schema) for key, field in fields.items()}


def _list(items: Schema, description: str) -> Schema:
    return {"type": "array", "items": items, "description": description}


def _mapping(properties: Schema, required: Sequence[str] = ()) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "required": list(required),
    }
