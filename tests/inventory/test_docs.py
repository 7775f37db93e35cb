from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from fleet.inventory.schema import inventory_schema

DOCS = Path(__file__).parents[2] / "docs" / "inventory.md"


def keys(schema: object) -> Iterator[str]:
    if isinstance(schema, Mapping):
        properties = schema.get("properties", {})
        yield from properties
        for value in (*properties.values(), *(v for k, v in schema.items() if k != "properties")):
            yield from keys(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from keys(value)


def test_every_key_of_the_schema_is_described() -> None:
    text = DOCS.read_text()
    found = set(keys(inventory_schema()))
    assert {"include", "on_error", "login_path", "reason"} <= found
    sections = {"auth", "http", "window"}
    missing = {key for key in found if f"`{key}`" not in text and f".{key}`" not in text}
    assert missing <= sections
