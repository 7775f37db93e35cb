"""JSON Schema of ``fleet.yaml``, so that editors complete keys and mark mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fleet.front.watch.fields import ALERT, CHANNEL, KIND, SCHEDULE, TO, WORD
from fleet.inventory.fields import NAME_PATTERN, Field

__all__ = ["fleet_schema"]

Schema = dict[str, object]


def fleet_schema() -> Schema:
    """Return the schema of one file, as JSON Schema 2020-12; the loader has the last word."""
    paths: Schema = {"anyOf": [dict(WORD.schema), _list(WORD)]}
    parameters: Schema = {"type": "object", "description": "Parameters of the operation."}
    schedule = _mapping(
        {**_fields(SCHEDULE), "policy": paths, "inventory": paths, "parameters": parameters},
        ["name", "run", "cron"],
    )
    alert = _mapping(
        {**_fields(ALERT), "channels": _list(WORD), "kinds": _list(KIND), "schedules": _list(WORD)},
        ["name", "channels"],
    )
    channels: Schema = {
        "type": "object",
        "propertyNames": {"pattern": f"^{NAME_PATTERN}$"},
        "additionalProperties": _mapping({**_fields(CHANNEL), "to": _list(TO)}, ["type"]),
        "description": "Where alerts can go, by name.",
    }
    top: Schema = {
        "version": {"const": 1, "description": "Version of this format."},
        "inventory": paths,
        "schedules": {"type": "array", "items": schedule, "description": "Runs that come again."},
        "alerts": {"type": "array", "items": alert, "description": "Which alerts go where."},
        "channels": channels,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Schedules and alerts of fleet",
        **_mapping(top, ["version", "schedules"]),
    }


def _fields(fields: Mapping[str, Field]) -> Schema:
    return {key: dict(field.schema) for key, field in fields.items()}


def _list(field: Field) -> Schema:
    return {"type": "array", "items": dict(field.schema)}


def _mapping(properties: Schema, required: Sequence[str]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "required": list(required),
    }
