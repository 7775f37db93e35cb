"""JSON Schema of inventory files, so that editors complete keys and mark mistakes.

Some rules are beyond a schema: they need other files, the layers laid over one another, or
parsing. Those are left to the loader, which has the last word.
"""

from __future__ import annotations

from collections.abc import Mapping

from fleet.inventory.fields import (
    DAY,
    NAME_PATTERN,
    REASON,
    SECTIONS,
    SITE_URL,
    STATE,
    SWITCH,
    Field,
)
from fleet.inventory.includes import SOURCE_FIELDS
from fleet.inventory.labels import LABEL_KEY, LABEL_VALUE

__all__ = ["inventory_schema"]


def inventory_schema() -> dict[str, object]:
    """Return the schema of one inventory file, as JSON Schema 2020-12."""
    layer = _layer_properties()
    own = {
        "url": dict(SITE_URL.schema),
        "groups": {
            "type": "array",
            "items": {"type": "string"},
            "uniqueItems": True,
            "description": "Groups to take settings from; later ones win.",
        },
    }
    top = {
        "version": {"const": 1, "description": "Version of this format."},
        "allow_inline_secrets": {
            **SWITCH.schema,
            "description": "Whether passwords may stand in this file.",
        },
        "include": {
            "type": "array",
            "items": {"anyOf": [{"type": "string", "pattern": r"\S"}, _source()]},
            "description": "Other files, and commands and addresses that give sites.",
        },
        "defaults": {"$ref": "#/$defs/layer", "description": "For every site of this file."},
        "groups": _named({"$ref": "#/$defs/layer"}, "Settings that several sites share."),
        "sites": _named({"$ref": "#/$defs/site"}, "The sites by name."),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Inventory of fleet",
        **_mapping(top),
        "required": ["version"],
        "$defs": {
            "layer": _mapping(layer),
            "site": {
                "anyOf": [dict(SITE_URL.schema), {**_mapping(own | layer), "required": ["url"]}]
            },
        },
    }


def _source() -> dict[str, object]:
    """Return the schema of a source; which keys go together is left to the loader."""
    return {**_section(SOURCE_FIELDS), "required": ["source"]}


def _layer_properties() -> dict[str, object]:
    labels = {
        "type": "object",
        "propertyNames": {"pattern": f"^{LABEL_KEY}$"},
        "additionalProperties": {"type": "string", "pattern": f"^{LABEL_VALUE}$"},
        "description": "What selectors match.",
    }
    state = {**STATE.schema, "description": "Paused sites are skipped by every run."}
    freeze = {
        **_mapping({"from": dict(DAY.schema), "to": dict(DAY.schema), "reason": REASON.schema}),
        "required": ["from", "to"],
    }
    freezes = {
        "type": "array",
        "items": freeze,
        "description": "Days on which nothing is changed; those of all layers add up.",
    }
    sections = {name: _section(SECTIONS[name]) for name in SECTIONS}
    return {"labels": labels, **sections, "freeze": freezes, "state": state}


def _section(fields: Mapping[str, Field]) -> dict[str, object]:
    return _mapping({key: dict(field.schema) for key, field in fields.items()})


def _mapping(properties: Mapping[str, object]) -> dict[str, object]:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def _named(values: Mapping[str, object], description: str) -> dict[str, object]:
    return {
        "type": "object",
        "propertyNames": {"pattern": f"^{NAME_PATTERN}$"},
        "additionalProperties": dict(values),
        "description": description,
    }
